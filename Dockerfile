# syntax=docker/dockerfile:1
# Two images from one file: `server` asks (API, coordinator, watcher, migrations, Flower), `worker` does (tool calls).
# Neither holds a secret: everything secret comes from the environment when a container starts.

ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# The builder's pip fills the environment, so that no installer reaches an image.
RUN python -m venv --without-pip /venv
WORKDIR /src
COPY requirements/ requirements/

FROM build AS build-worker
RUN pip --python /venv install --require-hashes --no-deps -r requirements/worker.txt

FROM build AS build-server
RUN pip --python /venv install --require-hashes --no-deps -r requirements/server.txt
RUN pip install --require-hashes --no-deps -r requirements/build.txt
COPY pyproject.toml LICENSE ./
COPY migrations/ migrations/
COPY tasks/ tasks/
COPY orchestrator/ orchestrator/
# Tools are the workers' code alone.
RUN rm -r tasks/tools \
    && pip wheel --no-deps --no-build-isolation --no-index --wheel-dir dist . \
    && pip --python /venv install --no-deps --no-index dist/*.whl

FROM ${PYTHON_IMAGE} AS runtime
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
STOPSIGNAL SIGTERM
USER 10001:10001

FROM runtime AS worker
COPY --from=build-worker /venv /venv
COPY tasks/ tasks/
COPY workers/ workers/
CMD ["celery", "-A", "workers.app", "worker", "-Q", "io", "-P", "threads", "-c", "64", "-n", "io@%h"]

FROM runtime AS server
COPY --from=build-server /venv /venv
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "orchestrator.app:app", "--host", "0.0.0.0", "--port", "8000", "--timeout-graceful-shutdown", "10", "--no-server-header"]
