# PostgreSQL from Debian's packages, for clusters and machines that reach no registry. It keeps to what the manifests use of
# the official image: POSTGRES_USER, POSTGRES_PASSWORD, PGDATA, /docker-entrypoint-initdb.d and the uid 999.
# base.txt names BASE, by digest; build.sh passes it on.
ARG BASE
FROM ${BASE}
RUN groupadd --gid 999 postgres && useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql postgres \
    && apt-get update -qq \
    && apt-get install -qq -y --no-install-recommends postgresql-15 >/dev/null \
    && rm -rf /var/lib/apt/lists/* /var/lib/postgresql/15 /etc/postgresql/15 \
    && install -d -o 999 -g 999 -m 0700 /var/lib/postgresql/data \
    && install -d -o 999 -g 999 /var/run/postgresql
COPY k8s/images/postgres.sh /usr/local/bin/
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data/pgdata
USER 999:999
# Fast shutdown; the default SIGTERM waits for every client to leave.
STOPSIGNAL SIGINT
ENTRYPOINT ["sh", "/usr/local/bin/postgres.sh"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="livecc-assets PostgreSQL" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
