# The image of web, worker and beat: one build, three commands (docker-compose.yml).

FROM node:24-bookworm-slim AS assets
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY portal/assets portal/assets
RUN npm run build

FROM python:3.11-slim-bookworm AS packages
COPY requirements-production.txt .
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements-production.txt

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DEPLOYMENT=production \
    PORTAL_VAR=/var/portal
RUN useradd --system --uid 10001 --no-create-home portal \
    && install --directory --owner portal /var/portal/files /var/portal/run /var/portal/static
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
COPY --from=assets /app/portal/static/build portal/static/build
# The values of the example give the settings their form; nothing of them stays in the image.
RUN python -m compileall -q certificates education institutions portal \
    && env $(grep -v '^#' docs/deploy/portal.env | xargs) python manage.py collectstatic --no-input
USER portal
EXPOSE 8000
CMD ["python", "-m", "portal.runtime", "web", "--host", "0.0.0.0"]
