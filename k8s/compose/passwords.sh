#!/bin/sh
# Writes a password for each service of compose.yaml into .env, and leaves alone those that stand there.
set -eu
cd "$(dirname "$0")/../.."
umask 077
touch .env
for name in S3_ADMIN S3_CODE S3_WORKER S3_PAGES PG_ADMIN PG_DAGSTER PG_MLFLOW; do
    grep -q "^${name}_PASSWORD=" .env || echo "${name}_PASSWORD=$(openssl rand -hex 24)" >>.env
done
