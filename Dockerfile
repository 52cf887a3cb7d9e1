# syntax=docker/dockerfile:1

FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.lock ./
# Every file that the lock names, checked against its hash; what is installed below comes from these and no others.
RUN pip download --no-cache-dir --quiet --require-hashes --only-binary=:all: --dest /wheels -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY wand_orchestrator wand_orchestrator
COPY workflows workflows
COPY activities activities
COPY testing testing
COPY api api
COPY web web
COPY cli cli
# What is installed is this source; its dependencies come from the checked files alone.
# hadolint ignore=DL3013
RUN python -m venv --without-pip /opt/wand \
    && pip --python /opt/wand/bin/python install --no-cache-dir --quiet --no-index --find-links /wheels \
    ".[analyze,chart]"

FROM python:3.11-slim
RUN groupadd --system --gid 10001 wand \
    && useradd --system --uid 10001 --gid wand --home-dir /data --no-log-init wand \
    && install --directory --owner=wand --group=wand /data \
    && pip uninstall --yes --quiet --root-user-action=ignore setuptools wheel pip
COPY --from=build /opt/wand /opt/wand
COPY docker/health.py /opt/wand/health.py
ENV PATH=/opt/wand/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WAND_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "/opt/wand/health.py", "api"]
ENTRYPOINT ["wand"]
CMD ["api"]
