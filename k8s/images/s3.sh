#!/bin/sh
# One S3 server on port 8333, its data in /data. Each identity is named after the service that has its password, and may do in the
# bucket what that needs: `code` everything but making buckets, `worker` write artifacts, `pages` read what steps printed.
set -eu
: "${S3_BUCKET:?set S3_BUCKET}" "${S3_ADMIN_PASSWORD:?set S3_ADMIN_PASSWORD}" "${S3_CODE_PASSWORD:?set S3_CODE_PASSWORD}" \
    "${S3_WORKER_PASSWORD:?set S3_WORKER_PASSWORD}" "${S3_PAGES_PASSWORD:?set S3_PAGES_PASSWORD}"

identity() { # NAME PASSWORD ACTION...
    printf '{"name": "%s", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], "actions": [' "$1" "$1" "$2"
    shift 2
    separator=
    for action; do
        printf '%s"%s"' "$separator" "$action"
        separator=', '
    done
    printf ']}'
}

umask 077
{
    printf '{"identities": ['
    identity admin "$S3_ADMIN_PASSWORD" Admin
    printf ', '
    identity code "$S3_CODE_PASSWORD" "Read:$S3_BUCKET" "Write:$S3_BUCKET" "List:$S3_BUCKET" "Tagging:$S3_BUCKET"
    printf ', '
    identity worker "$S3_WORKER_PASSWORD" "Read:$S3_BUCKET" "List:$S3_BUCKET" "Write:$S3_BUCKET/artefacts/*"
    printf ', '
    identity pages "$S3_PAGES_PASSWORD" "Read:$S3_BUCKET/dagster-logs/*" "List:$S3_BUCKET/dagster-logs/*"
    printf ']}\n'
} >/tmp/s3.json
# The other parts of the server talk to each other inside the container only; S3 alone listens to all.
exec weed server -ip 127.0.0.1 -ip.bind 127.0.0.1 -dir /data -volume.max 100 -master.volumeSizeLimitMB 1024 \
    -s3 -s3.ip.bind 0.0.0.0 -s3.port 8333 -s3.config /tmp/s3.json -s3.port.iceberg 0 -s3.port.lance 0
