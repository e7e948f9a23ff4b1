# The commands of the project; `make help` lists them. Everything is installed into .venv, state goes to $LIVECC_HOME (./.livecc).

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Python 3.11, on which the pins were tested, or else 3.12; override with `make install PYTHON=/path/to/python`.
ifndef PYTHON
PYTHON := $(shell for name in python3.11 python3.12 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null && { command -v "$$name"; exit; }; done)
endif
# Passed on to the installer, for instance an index that holds PyTorch's CPU build.
PIP_ARGS ?=
PYTEST_ARGS ?=
# Processes that share the tests: `make test JOBS=0` runs them in one.
JOBS ?= logical --maxprocesses=4

.DEFAULT_GOAL := help
.PHONY: help install demo ui test test-live test-cluster lint format audit sbom clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

install: $(STAMP) ## install into .venv (a second call does nothing)

# DeepSpeed looks for ninja on PATH. Not exported to all of make: PYTHON must not be looked for inside .venv.
demo ui test test-live test-cluster lint format: export PATH := $(CURDIR)/$(BIN):$(PATH)

$(STAMP): export PIP_DISABLE_PIP_VERSION_CHECK := 1
$(STAMP): pyproject.toml requirements.lock
	@sh scripts/check_tools.sh '$(PYTHON)'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || '$(PYTHON)' -m venv --clear $(VENV)
	$(BIN)/python -m scripts.install_packages $(PIP_ARGS)
	@touch $@

demo: $(STAMP) ## the whole graph on a generated sample world, then the leaderboard
	@$(BIN)/livecc demo

ui: $(STAMP) ## Dagster on port 3000 and MLflow on port 5000
	@$(BIN)/livecc ui

test: $(STAMP) ## all tests, in under 10 minutes on two cores
	@$(BIN)/pytest -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

test-live: $(STAMP) ## slower tests that start servers and commands of the whole product
	@$(BIN)/pytest -n 2 --dist worksteal -m live $(PYTEST_ARGS)

# The folders are named, so that pytest reads at its start how their tests are shared between processes (tests/cluster/conftest.py).
test-cluster: $(STAMP) ## tests on the Docker, cluster and S3 that DOCKER_HOST, KUBECONFIG and AWS_ENDPOINT_URL name
	@$(BIN)/pytest -n 2 -m cluster tests/k8s tests/cluster $(PYTEST_ARGS)

lint: $(STAMP) ## ruff, import rules, and types for Python 3.11 and 3.12
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	@sh scripts/check_types.sh $(BIN)

format: $(STAMP) ## let ruff rewrite the files
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

audit: $(STAMP) ## known vulnerabilities of the packages in requirements.lock
	@$(BIN)/python -m scripts.audit

sbom: $(STAMP) ## list what is installed in build/sbom/development.cdx.json
	@$(BIN)/python -m scripts.sbom development

clean: ## remove the installation and caches, and keep the state in $LIVECC_HOME
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
