# One image for web, worker and beat; docker-compose.yml says which it is.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 MALLOC_ARENA_MAX=2
WORKDIR /srv/pridedesk

# The service's account cannot write beside the packages, so every start would compile them again.
COPY requirements-production.lock ./
RUN pip install --quiet uv==0.13.9 \
    && uv pip install --quiet --system --no-cache --compile-bytecode --require-hashes -r requirements-production.lock

COPY . .
RUN useradd --system --no-create-home pridedesk
USER pridedesk

EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind=0.0.0.0:8000", "--workers=2", "--worker-class=server.gunicorn_worker.DeadlineWorker", "--threads=64", "--preload", "--no-control-socket", "--limit-request-line=8190", "--forwarded-allow-ips="]
