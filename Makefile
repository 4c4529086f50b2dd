# Two commands are enough: `make up` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# An index of PyTorch's CPU builds, where pip's own would bring gigabytes of CUDA.
TORCH_INDEX ?=
PIP    := $(BIN)/python -m pip install --quiet -c constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help up down status test scenario test-slow bench bento clean

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(STAMP)  ## Install, then start everything and print the addresses
	@$(BIN)/animevec up

down: $(STAMP)  ## Stop everything that `make up` started
	@$(BIN)/animevec down

status: $(STAMP)  ## Show what is running
	@$(BIN)/animevec status

test: $(STAMP)  ## Everything CI runs: lint, types, architecture, tests, the learning loop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile
	@$(MAKE) --no-print-directory scenario

scenario: $(STAMP)  ## The learning loop under load, end to end, alone
	$(BIN)/python -m pytest tests/flows/test_scenario.py

test-slow: $(STAMP)  ## The tests that take minutes as well
	$(BIN)/python -m pytest

bench: $(STAMP)  ## Load on the service, which must be down: it starts one of its own
	$(BIN)/python benchmarks/serve.py

bento: $(STAMP)  ## Build a Bento that carries the champion
	$(BIN)/animevec release export champion release.zip
	$(BIN)/python -m bentoml build

clean:  ## Stop everything; remove the environment and caches, keep the data in var/
	@if [ -x $(BIN)/animevec ]; then $(BIN)/animevec down; fi
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "animevec needs Python 3.11 or newer; this is $$($(PYTHON) --version)."; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Installing into $(VENV) (once; a few minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "The environment could not be made. On Debian or Ubuntu: apt install python3-venv"; \
	  rm -rf $(VENV); exit 1; }
	@{ $(PIP) --retries 1 --no-deps $(TORCH_INDEX:%=--extra-index-url %) torch && \
	   $(PIP) -e ".[test]"; } > $(VENV)/install.log 2>&1 || { \
	  tail -20 $(VENV)/install.log; \
	  echo "Installing failed; the whole log is $(VENV)/install.log. Check the network and try again."; \
	  exit 1; }
	@touch $@
