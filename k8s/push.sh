#!/usr/bin/env bash
# Pushes the images that build.sh noted, and names them by digest in your own overlay: k8s/push.sh REGISTRY FOLDER
# FOLDER/images/kustomization.yaml is written anew; FOLDER/launcher.yaml gets the digests of the workers' images.
# A node then runs what was pushed here, whatever somebody tags later.
set -euo pipefail
(($# == 2)) || { echo "usage: k8s/push.sh REGISTRY FOLDER, for instance k8s/push.sh registry.example/team my-overlay" >&2; exit 2; }
registry=${1%/} folder=$(realpath "$2")
[[ -f $folder/launcher.yaml ]] || { echo "$folder has no launcher.yaml: copy that of an overlay there (k8s/README.md)" >&2; exit 2; }
cd "$(dirname "$0")/.."
client=${DOCKER:-docker}
tag=$(git describe --tags --always --dirty 2>/dev/null || echo dev)

mkdir -p "$folder/images"
component=$folder/images/kustomization.yaml
{
    echo "# Written by k8s/push.sh: what was pushed, by digest. Name this folder under \`components\` of your kustomization."
    echo "apiVersion: kustomize.config.k8s.io/v1alpha1"
    echo "kind: Component"
    echo "images:"
} >"$component.new"
edits=()
for name in orchestrator curation training; do
    [[ -f build/images/$name.id ]] || { echo "no image $name was built here: k8s/build.sh $name" >&2; exit 2; }
    "$client" tag "$(<"build/images/$name.id")" "$registry/$name:$tag"
    "$client" push "$registry/$name:$tag"
    digest=$("$client" image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$registry/$name:$tag" |
        sed -n "s|^$registry/$name@||p" | head -n 1)
    [[ $digest == sha256:* ]] || { echo "$registry/$name has no digest after its push: is $registry a registry?" >&2; exit 1; }
    if [[ $name == orchestrator ]]; then
        echo "  - {name: livecc/$name, newName: $registry/$name, digest: \"$digest\"}" >>"$component.new"
    else
        edits+=(-e "s#(image: *[\"']?)([^\"' ,}]*/)?$name(:[^\"' ,}]*|@sha256:[0-9a-f]+)#\1$registry/$name@$digest#")
    fi
done
sed -E -i "${edits[@]}" "$folder/launcher.yaml"
mv "$component.new" "$component"
echo "$folder names the images by digest; its kustomization.yaml needs the line \`components: [images]\`"
