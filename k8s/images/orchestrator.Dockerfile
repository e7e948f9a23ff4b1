# Dagster's webserver, daemon, code location and runs, and the MLflow server: everything but the workers, without torch.
# base.txt names BASE, by digest; build.sh passes it on.
ARG BASE
FROM ${BASE} AS source
COPY requirements.lock /opt/livecc/
COPY scripts/locked.py /opt/livecc/scripts/
RUN python /opt/livecc/scripts/locked.py build
COPY pyproject.toml README.md LICENSE /source/
COPY livecc_assets /source/livecc_assets
COPY jobs /source/jobs
COPY resources /source/resources
RUN pip wheel --no-cache-dir --disable-pip-version-check --no-index --no-deps --no-build-isolation --wheel-dir /wheels /source

FROM ${BASE}
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 livecc && useradd --uid 10001 --gid 10001 --home-dir /scratch --no-create-home livecc \
    && install -d -o 10001 -g 10001 /scratch /opt/dagster
# What follows the packages changes with every commit, the packages only with a pin.
COPY requirements.lock /opt/livecc/
COPY scripts/locked.py /opt/livecc/scripts/
RUN python /opt/livecc/scripts/locked.py orchestrator
COPY --from=source /wheels /opt/livecc/wheels
RUN pip install --no-index --no-deps /opt/livecc/wheels/*.whl
ENV HOME=/scratch LIVECC_HOME=/scratch DAGSTER_HOME=/opt/dagster MPLCONFIGDIR=/tmp/matplotlib \
    GIT_PYTHON_REFRESH=quiet MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true
USER 10001:10001
WORKDIR /scratch
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="livecc-assets orchestrator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
