# One image for every role; docker-compose.yml says which container plays which.
# BASE may be replaced by the same tag with its digest, to build the same image again: see
# docs/operations.md, "Containers". With the registry's name, which podman wants.
ARG BASE=docker.io/library/python:3.11-slim-bookworm
FROM ${BASE}

# PIP_INDEX_URL and PIP_EXTRA_INDEX_URL let a site build from its own package index, or with the
# CPU build of torch, which is a tenth of the size.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    RAY_USAGE_STATS_ENABLED=0 \
    DENSEARCH_DATA_DIR=/data \
    DENSEARCH_LOG_JSON=1

# /data is made here that a named volume mounted on it belongs to the user as well. It is open to the
# group 0: a platform that runs images as any user (--user 12345:0) makes it a member of that.
RUN useradd --uid 10001 --gid 0 --no-create-home --home-dir /tmp densearch \
    && install --directory --owner=densearch --group=root --mode=0770 /data

# Pango and a font, for reports as PDF. Where no mirror of Debian is in reach an empty value leaves
# them out: a request for a PDF is then refused with the reason.
ARG SYSTEM_PACKAGES="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
# hadolint ignore=DL3008,SC2086
RUN if [ -n "${SYSTEM_PACKAGES}" ]; then \
    apt-get update && apt-get install --yes --no-install-recommends ${SYSTEM_PACKAGES} \
    && rm -rf /var/lib/apt/lists/*; fi

WORKDIR /app

# The packages first: this layer changes with the two files alone.
COPY pyproject.toml constraints.txt ./
RUN python -c "import pathlib, tomllib; project = tomllib.loads(pathlib.Path('pyproject.toml').read_text())['project']; print('\n'.join([*project['dependencies'], *project['optional-dependencies']['pdf']]))" > requirements.txt \
    && pip install --constraint constraints.txt --requirement requirements.txt

COPY LICENSE README.md ./
COPY service ./service
COPY workers ./workers
COPY api ./api
COPY migrations ./migrations
COPY library ./library
COPY examples ./examples
COPY docs ./docs
RUN pip install --no-deps --editable ./library --editable . \
    && python -m compileall -q api migrations service workers library

# By its number: an orchestrator that refuses root cannot look a name up.
USER 10001
# Ray keeps its token and its caches there. Any user may write it, with a read-only root, too.
ENV HOME=/tmp
EXPOSE 8080

# For the roles that answer HTTP; the others replace or disable it in docker-compose.yml. Past the
# proxies of the environment, which cannot reach the loopback of this container.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8080/healthz', timeout=4)"]

# A whole server in one container. It listens on every address of the container: publish the port
# to loopback (-p 127.0.0.1:8080:8080), or put something in front that asks who is there.
CMD ["densearch", "serve", "--host", "0.0.0.0", "--allow-remote"]
