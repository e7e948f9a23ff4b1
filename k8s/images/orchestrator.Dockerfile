# Dagster's webserver, daemon, code location and runs, and the MLflow server: everything but the workers, without torch.
# Give a digest (python@sha256:…) to pin the base for good.
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE} AS requirements
WORKDIR /requirements
COPY pyproject.toml k8s/images/requirements.py ./
RUN python requirements.py ui media > orchestrator.txt

FROM ${BASE} AS source
COPY pyproject.toml README.md LICENSE /source/
COPY livecc_assets /source/livecc_assets
COPY jobs /source/jobs
COPY resources /source/resources
RUN pip wheel --no-cache-dir --disable-pip-version-check --no-deps --wheel-dir /wheels /source

FROM ${BASE}
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 livecc && useradd --uid 10001 --gid 10001 --home-dir /scratch --no-create-home livecc \
    && install -d -o 10001 -g 10001 /scratch /opt/dagster
# What follows the packages changes with every commit, the packages only with a pin.
COPY constraints.txt k8s/images/orchestrator.txt /opt/livecc/
COPY --from=requirements /requirements/orchestrator.txt /opt/livecc/extras.txt
RUN pip install -c /opt/livecc/constraints.txt -r /opt/livecc/extras.txt -r /opt/livecc/orchestrator.txt
COPY --from=source /wheels /opt/livecc/wheels
RUN pip install --no-deps /opt/livecc/wheels/*.whl
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
