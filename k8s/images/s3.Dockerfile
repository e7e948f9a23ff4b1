# SeaweedFS as a single S3 server, for compose.yaml: signatures, multipart uploads and conditional puts.
# base.txt names BASE, by digest; build.sh passes it on.
ARG BASE
FROM ${BASE}
COPY requirements.lock /opt/livecc/
COPY scripts/locked.py /opt/livecc/scripts/
RUN python /opt/livecc/scripts/locked.py s3 --no-cache-dir --root-user-action=ignore \
    && groupadd --gid 10001 livecc && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home livecc \
    && install -d -o 10001 -g 10001 /data
COPY k8s/images/s3.sh /usr/local/bin/
USER 10001:10001
ENTRYPOINT ["sh", "/usr/local/bin/s3.sh"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="livecc-assets S3 server" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
