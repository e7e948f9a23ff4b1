#!/usr/bin/env bash
# Builds images with the Docker engine of DOCKER_HOST: k8s/build.sh [orchestrator|curation|training|asr|postgres|s3]...
# Without a name: those that a cluster runs. Each is tagged livecc/NAME:dev and, from a clean checkout, livecc/NAME:COMMIT.
# DOCKER names another docker client; PIP_ARGS goes to the pip that installs torch, for instance the page of its CPU builds.
# What each image holds is listed in build/sbom/NAME.cdx.json (SBOM=no: not). BASE names another base image than images/base.txt does. The ID of each image is noted in build/images and, for compose.yaml, in .env.
set -euo pipefail
cd "$(dirname "$0")/.."

client=${DOCKER:-docker}
command -v "$client" >/dev/null || { echo "no docker client: install docker, or name one in DOCKER" >&2; exit 1; }
"$client" version >/dev/null 2>&1 || { echo "no Docker engine answers at ${DOCKER_HOST:-its default socket}: start it or set DOCKER_HOST" >&2; exit 1; }

# BuildKit where the client can use it: built in before version 23, the buildx plugin since. Else the older builder.
if [[ -z ${DOCKER_BUILDKIT:-} ]]; then
    major=$("$client" version --format '{{.Client.Version}}' | cut -d. -f1)
    if ((major < 23)) || "$client" buildx version >/dev/null 2>&1; then DOCKER_BUILDKIT=1; else DOCKER_BUILDKIT=0; fi
fi
export DOCKER_BUILDKIT

base=${BASE:-$(tail -n 1 k8s/images/base.txt)}
[[ $base == *@sha256:* ]] || echo "the base $base is named by its tag alone: whoever can move the tag decides what is in it" >&2

revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
version=$(git describe --tags --always --dirty 2>/dev/null || echo dev)
commit=
[[ $version == *-dirty || $revision == unknown ]] || commit=${revision:0:12}

build() { # NAME DOCKERFILE [TARGET]
    local tags=(--tag "livecc/$1:dev") target=()
    [[ -z $commit ]] || tags+=(--tag "livecc/$1:$commit")
    [[ -z ${3:-} ]] || target=(--target "$3")
    echo "building livecc/$1:dev${commit:+ and livecc/$1:$commit}"
    "$client" build "${tags[@]}" "${target[@]}" --file "k8s/images/$2.Dockerfile" \
        --build-arg VERSION="$version" --build-arg REVISION="$revision" \
        --build-arg BASE="$base" ${PIP_ARGS:+--build-arg PIP_ARGS="$PIP_ARGS"} .
    "$client" image inspect --format '{{.Id}}' "livecc/$1:dev" >"build/images/$1.id"
    [[ ${SBOM:-yes} == no ]] || sbom "$1" "$(<"build/images/$1.id")"
}

sbom() { # NAME ID: build/sbom/NAME.cdx.json
    if [[ -x .venv/bin/pip-audit ]]; then
        .venv/bin/python -m scripts.sbom "$1" "$2"
    else
        echo "no list of what $1 holds: make install, then k8s/build.sh $1 again, or SBOM=no" >&2
    fi
}

mkdir -p build/images

(($#)) || set -- orchestrator curation training postgres
for name; do
    case $name in
        orchestrator | postgres | s3) build "$name" "$name" ;;
        curation | asr | training) build "$name" worker "$name" ;;
        *) echo "$name: no such image; the images are orchestrator, curation, training, asr, postgres, s3" >&2; exit 2 ;;
    esac
done

# compose.yaml runs these very images, whatever is tagged later; it reads .env.
umask 077
{
    [[ ! -f .env ]] || grep -v '^LIVECC_IMAGE_' .env || true
    for file in build/images/*.id; do
        name=$(basename "$file" .id)
        echo "LIVECC_IMAGE_${name^^}=$(<"$file")"
    done
} >.env.new
mv .env.new .env
