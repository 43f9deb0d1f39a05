# Every target prepares what it needs: .venv is made on first use and renewed when a lock file changes.

PYTHON ?= python3
UPGRADE ?=
SUBJECT ?=

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(UPGRADE)

SUBJECTS := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard tests/*/test_*.py)))))
ifneq ($(filter $(SUBJECT),$(SUBJECTS)),$(SUBJECT))
$(error No subject '$(SUBJECT)'. There are: $(SUBJECTS))
endif

.DEFAULT_GOAL := help
.PHONY: help install demo test check bench soak format lock clean
.DELETE_ON_ERROR:

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(VENV)/.runtime ## set up what running the bot needs, and nothing more

demo: $(VENV)/.runtime ## start the bot with demo data and print the address of its three phones
	$(BIN)/cunbao demo

test: $(VENV)/.dev ## run the test suite; with SUBJECT=quiz, the tests of that subject alone
	$(BIN)/python -m pytest -q -n 3 --dist worksteal tests/$(SUBJECT)

check: $(VENV)/.dev ## check format, style, types, import rules and documentation
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy bot handlers storage tests
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/python -m pytest -q $(wildcard tests/project/test_project.py tests/project/test_docs.py)

bench: $(VENV)/.dev ## measure speed and growth; writes build/bench.json
	$(BIN)/python -m tests.bench

soak: $(VENV)/.dev ## kill the bot again and again and count what is lost; writes build/soak.json
	$(BIN)/python -m tests.soak

format: $(VENV)/.dev ## put the code into its one format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# The build backend is locked too, so that installing the project itself needs no unlocked download.
lock: $(VENV)/.dev ## renew the lock files after a change of pyproject.toml (UPGRADE=--upgrade for newer releases)
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		> $(VENV)/build.in
	$(COMPILE) pyproject.toml $(VENV)/build.in --output-file requirements.lock
	$(COMPILE) pyproject.toml $(VENV)/build.in --extra postgres --extra dev --constraints requirements.lock \
		--output-file requirements-dev.lock

clean: ## remove everything that was made, except the data of a bot that ran here
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find bot handlers storage tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "cunbao needs Python 3.11 or newer, and '$(PYTHON)' is not: name one, as in 'make demo PYTHON=python3.12'." >&2; \
		exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.made requirements.lock pyproject.toml
	@echo "Setting up $(VENV): about a minute, only the first time and when requirements.lock has changed ..."
	$(PIP_INSTALL) --require-hashes -r requirements.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "Adding the tools of development: about a minute, only the first time and when requirements-dev.lock has changed ..."
	$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
