# Everything runs in ./.venv. The first target that needs it installs requirements.lock, which is enough to run the
# platform; the first that needs the tools adds what requirements-dev.lock has beyond it.
# Needed beforehand: make, and Python 3.11 or newer. `make` alone lists the targets.

PYTHON ?= python3
PORT ?= 3000
# Another folder for the book and its history; CREDIT_DATA_DIR says the same.
DATA ?= $(CREDIT_DATA_DIR)
# `make lock LOCK_FLAGS=--upgrade` moves every pin to its newest allowed version.
LOCK_FLAGS ?=
UV_VERSION := 0.13.8
# One more than cores: the campaigns wait for daemons and browsers half of their time.
SLOW_WORKERS = $(shell expr $$(getconf _NPROCESSORS_ONLN || echo 1) + 1)

BIN := .venv/bin
RUN := .venv/.stamp-run
DEV := .venv/.stamp
XGBOOST := .venv/.stamp-xgboost
SENTIMENT := .venv/.stamp-sentiment
SERVE := .venv/.stamp-serve
EXTRAS := $(XGBOOST) $(SENTIMENT) $(SERVE)
LOCK := $(BIN)/uv pip compile pyproject.toml --extra install --generate-hashes --no-emit-index-url --no-strip-extras \
	--universal --python-version 3.11
# Each kind of book has a folder of its own: make demo PORTFOLIO=home_credit makes one in data/home_credit.
PORTFOLIO ?= $(CREDIT_PORTFOLIO)
WITH_DATA = $(if $(strip $(PORTFOLIO)),CREDIT_PORTFOLIO="$(firstword $(PORTFOLIO))") $(if $(strip $(DATA)),CREDIT_DATA_DIR="$(strip $(DATA))")
# Several books in one UI: make ui PORTFOLIO="loans home_credit".
BOOKS = $(if $(word 2,$(PORTFOLIO)),$(foreach book,$(PORTFOLIO),--portfolio $(book)))

.DEFAULT_GOAL := help
.PHONY: help demo ui test test-slow lint bench bench-scale extra-xgboost extra-sentiment extra-serve clean clean-all lock
.DELETE_ON_ERROR:

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  DATA=folder keeps the book elsewhere, PORT=3001 moves the UI, PYTHON=python3.12 picks the interpreter."

demo: $(RUN) $(if $(filter churn,$(PORTFOLIO)),$(SENTIMENT)) ## Make a loan book and run its whole life: build, train, score, monitor, retrain
	$(WITH_DATA) $(BIN)/credit-platform demo

ui: $(RUN) ## Open the Dagster UI at http://127.0.0.1:3000
	$(WITH_DATA) $(BIN)/credit-platform ui --port $(PORT) $(BOOKS)

test: $(DEV) ## Run the tests; CREDIT_TEST_BOOK=folder adds those on a real book
	$(BIN)/pytest -n auto -m "not slow"

test-slow: $(DEV) ## Run the long campaigns: kills, browser, simulations
	$(BIN)/pytest -n $(SLOW_WORKERS) --dist loadfile --no-loadscope-reorder -m slow

lint: $(DEV) ## Check style, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyrefly check

bench: $(DEV) ## Measure the main paths
	$(BIN)/python -m credit_platform_tests.benchmark

bench-scale: $(DEV) ## Measure a build of 360,000 applications; APPLICATIONS=2563 a month is a tenth
	$(BIN)/python -m credit_platform_tests.benchmark.scale $(APPLICATIONS)

extra-xgboost: $(RUN) $(XGBOOST) ## Install XGBoost, which only the algorithm xgboost needs

extra-sentiment: $(RUN) $(SENTIMENT) ## Install what reads the comments of customers, for the churn book

extra-serve: $(RUN) $(SERVE) ## Install what serves scores over HTTP

clean: $(RUN) ## Remove what the platform has written; the raw files stay
	$(WITH_DATA) $(BIN)/credit-platform clean --yes

clean-all: ## Remove .venv and the caches of the tools
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis

lock: $(RUN) ## Pin the dependencies of pyproject.toml in the lock files
	$(LOCK) --extra dev $(LOCK_FLAGS) -o requirements-dev.lock
	$(LOCK) --constraint requirements-dev.lock -o requirements.lock
	$(LOCK) --extra xgboost --constraint requirements-dev.lock $(LOCK_FLAGS) -o requirements-xgboost.lock
	$(LOCK) --extra sentiment --constraint requirements-dev.lock $(LOCK_FLAGS) -o requirements-sentiment.lock
	$(LOCK) --extra serve --constraint requirements-dev.lock $(LOCK_FLAGS) -o requirements-serve.lock

# What to do with a lock: `sync` removes what it does not name, `install -r` leaves tools and extras where they are.
# uv and not pip installs the lock: the pip that comes with Python 3.11 refuses hashed locks with extras.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is not Python 3.11 or newer. Name one that is: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@echo "Installing $(2) into .venv"
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip $(1) $(2) -q --compile-bytecode --python $(BIN)/python
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@$(BIN)/python -c 'import lightgbm' || { \
		echo "LightGBM cannot start, as a rule because the OpenMP runtime is missing. Install it and run make again:" >&2; \
		echo "  Debian, Ubuntu: apt-get install libgomp1" >&2; \
		echo "  Fedora:         dnf install libgomp" >&2; \
		echo "  macOS:          brew install libomp" >&2; exit 1; }
endef

$(RUN): requirements.lock pyproject.toml
	$(call install,$(if $(wildcard $(DEV) $(EXTRAS)),install -r,sync),requirements.lock)
	@touch $@

# The tools come on top: with them, what is needed to run is there as well.
$(DEV): requirements-dev.lock pyproject.toml
	$(call install,$(if $(wildcard $(EXTRAS)),install -r,sync),requirements-dev.lock)
	@touch $(RUN) $@

# A package or two more than what is needed to run; the demo asks for none of them.
$(EXTRAS): .venv/.stamp-%: requirements-%.lock
	$(call install,install -r,requirements-$*.lock)
	@touch $@
