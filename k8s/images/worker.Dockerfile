# The workers' images, one target each:
#   curation   text losses, faces, speech recognition; no compiler
#   asr        that, and whisperx
#   training   curation, and DeepSpeed with the compiler it needs; training, commentary and evaluation
# Which torch comes depends on pip's sources: with its usual index the CUDA build; PIP_ARGS can name PyTorch's page of CPU builds.
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

FROM ${BASE} AS curation-packages
ARG PIP_ARGS=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 livecc && useradd --uid 10001 --gid 10001 --home-dir /scratch --no-create-home livecc \
    && install -d -o 10001 -g 10001 /scratch
COPY requirements.lock /opt/livecc/
COPY scripts/locked.py /opt/livecc/scripts/
RUN python /opt/livecc/scripts/locked.py curation ${PIP_ARGS}
ENV HOME=/scratch LIVECC_HOME=/scratch TORCH_EXTENSIONS_DIR=/scratch/torch_extensions MPLCONFIGDIR=/tmp/matplotlib TQDM_DISABLE=1

FROM curation-packages AS curation
COPY --from=source /wheels /opt/livecc/wheels
RUN pip install --no-index --no-deps /opt/livecc/wheels/*.whl
USER 10001:10001
WORKDIR /scratch
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="livecc-assets curation worker" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM curation-packages AS training-packages
ARG PIP_ARGS=
# Headers: the official image has its own. Where Python is Debian's, they come from Debian, with a mark that keeps pip out.
ENV PIP_BREAK_SYSTEM_PACKAGES=1
RUN headers=$(python -c 'import sysconfig; print(sysconfig.get_path("include"))') \
    && apt-get update -qq \
    && apt-get install -qq -y --no-install-recommends g++ libc6-dev $([ -f "$headers/Python.h" ] || echo python3-dev) >/dev/null \
    && rm -rf /var/lib/apt/lists/*
# DeepSpeed has no wheel.
RUN python /opt/livecc/scripts/locked.py build && python /opt/livecc/scripts/locked.py training ${PIP_ARGS}

FROM training-packages AS training
COPY --from=source /wheels /opt/livecc/wheels
RUN pip install --no-index --no-deps /opt/livecc/wheels/*.whl
USER 10001:10001
WORKDIR /scratch
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="livecc-assets training and inference worker" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM curation-packages AS asr
ARG PIP_ARGS=
RUN apt-get update -qq \
    && apt-get install -qq -y --no-install-recommends ffmpeg >/dev/null \
    && rm -rf /var/lib/apt/lists/*
RUN python /opt/livecc/scripts/locked.py asr ${PIP_ARGS}
# torchaudio's compiled part wants the CUDA build of torch. Without one the rest of it works when that part is away, and
# whisperx uses nothing else. The four files are a Punkt model without learned abbreviations: whisperx' alignment splits
# sentences with it, and would download one otherwise.
RUN python -c "import torchaudio" 2>/dev/null || rm -f "$(python -c 'import importlib.util as u; print(u.find_spec("torchaudio").submodule_search_locations[0])')"/lib/*.so
RUN punkt=/usr/local/share/nltk_data/tokenizers/punkt_tab/english && mkdir -p "$punkt" \
    && touch "$punkt/abbrev_types.txt" "$punkt/collocations.tab" "$punkt/sent_starters.txt" "$punkt/ortho_context.tab"
ENV NLTK_DATA=/usr/local/share/nltk_data PYANNOTE_METRICS_ENABLED=0
COPY --from=source /wheels /opt/livecc/wheels
RUN pip install --no-index --no-deps /opt/livecc/wheels/*.whl
USER 10001:10001
WORKDIR /scratch
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="livecc-assets speech recognition with whisperx" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
