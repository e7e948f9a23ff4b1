#!/bin/sh
# Starts PostgreSQL, after making its data folder and running /docker-entrypoint-initdb.d/*.sh when there is none yet.
set -eu
: "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD to the password of the superuser}"
: "${POSTGRES_USER:=postgres}"
export POSTGRES_USER

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # Made beside its place and moved there when complete: a container that is killed here starts from nothing again.
    new=$PGDATA.new
    rm -rf "$new"
    password=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" > "$password"
    initdb --pgdata="$new" --username="$POSTGRES_USER" --pwfile="$password" --auth-local=trust --auth-host=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 > /dev/null
    rm "$password"
    echo "host all all all scram-sha-256" >> "$new/pg_hba.conf"
    pg_ctl --pgdata="$new" --wait --silent --options="-c listen_addresses=''" start
    for script in /docker-entrypoint-initdb.d/*.sh; do
        [ ! -f "$script" ] || . "$script"
    done
    pg_ctl --pgdata="$new" --wait --silent --mode=fast stop
    mv "$new" "$PGDATA"
fi
exec postgres -c listen_addresses='*' "$@"
