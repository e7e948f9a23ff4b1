#!/bin/sh
# One S3 server on port 8333 with one identity, its data in /data.
set -eu
: "${AWS_ACCESS_KEY_ID:?set AWS_ACCESS_KEY_ID}" "${AWS_SECRET_ACCESS_KEY:?set AWS_SECRET_ACCESS_KEY}"
umask 077
printf '{"identities": [{"name": "livecc", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], "actions": ["Admin"]}]}\n' \
    "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" > /tmp/s3.json
# The other parts of the server talk to each other inside the container only; S3 alone listens to all.
exec weed server -ip 127.0.0.1 -ip.bind 127.0.0.1 -dir /data -volume.max 100 -master.volumeSizeLimitMB 1024 \
    -s3 -s3.ip.bind 0.0.0.0 -s3.port 8333 -s3.config /tmp/s3.json -s3.port.iceberg 0 -s3.port.lance 0
