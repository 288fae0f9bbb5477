# Every target builds the virtual environment it needs; `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Any Python from 3.11 on; `make PYTHON=/path/to/python run` names one.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
BIN := .venv/bin
QUIET := --quiet --disable-pip-version-check
SCHEDULE ?= schedules/prod.toml
MINUTES ?= 60
WHAT ?= fuzz
DRIVER ?= redis
RATE_worker = 50
RATE ?= $(or $(RATE_$(WHAT)),1000)
FAULTS ?= processes
SOAK_fuzz = tests.schedules.fuzzing.fuzz $(MINUTES)
SOAK_nemesis = tests.faults.soak $(DRIVER) $(MINUTES) --rate $(RATE) --faults $(FAULTS) $(if $(SEED),--seed $(SEED))
SOAK_worker = tests.faults.worker.soak $(DRIVER) $(MINUTES) --rate $(RATE) --faults $(FAULTS) $(if $(SEED),--seed $(SEED))
SOAK_rows = tests.faults.rows.soak $(DRIVER) $(MINUTES) --rate $(RATE) --faults $(FAULTS) $(if $(SEED),--seed $(SEED))
PYTEST := $(BIN)/python -m pytest

.PHONY: help run test test-slow test-long test-all soak check bench dist clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: .venv/.run ## fire schedules/prod.toml and run its tasks; Ctrl-C drains
	@exec $(BIN)/beatd run --schedule $(SCHEDULE)

test: .venv/.dev ## the quick tests
	@$(PYTEST) -m "not slow" -n 2

test-slow: .venv/.dev ## the slow tests alone
	@$(PYTEST) -m "slow and not long" -n 5 --dist loadfile --no-loadscope-reorder --timeout 900 || { code=$$?; [ $$code = 5 ] && echo "no test is marked slow" || exit $$code; }

test-long: .venv/.dev ## those that take minutes of both CPUs each
	@$(PYTEST) -m long -n 0 --timeout 900

test-all: test test-slow ## the quick tests, then the slow ones

soak: .venv/.dev ## MINUTES=60 of WHAT=fuzz, or of WHAT=nemesis, rows or worker DRIVER=redis RATE=1000 FAULTS=processes
	@$(BIN)/python -m $(or $(SOAK_$(WHAT)),$(error WHAT=$(WHAT) is neither fuzz nor nemesis nor rows nor worker))

check: .venv/.dev ## lint, formatting, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv-bench/.bench ## measure beside Celery, Dramatiq, Huey, croniter, cronsim and APScheduler
	@.venv-bench/bin/python -m benchmarks

dist: .venv/.dev ## wheel and source archive, in dist/
	@rm -rf dist
	@$(BIN)/python -m build --outdir dist . > build.log 2>&1 || { cat build.log; exit 1; }
	@rm -f build.log; ls -l dist

clean: ## remove what make made; data (beatd.db, var/) stay
	rm -rf .venv .venv-bench dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- environments -------------------------------------------------------------------------------------------------

define need_python
@test -n "$(PYTHON)" || { echo "beatd needs Python 3.11 or newer; none found (make PYTHON=/path/to/python ...)" >&2; exit 1; }
endef

.venv/.run: pyproject.toml
	$(need_python)
	@echo "building .venv with $(PYTHON), once" >&2
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	@$(BIN)/python -m pip install $(QUIET) --editable .
	@touch $@

.venv/.dev: .venv/.run
	@echo "adding the tools for development to .venv, once" >&2
	@$(BIN)/python -m pip install $(QUIET) --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install $(QUIET) --group dev
	@touch $@

.venv-bench/.bench: pyproject.toml
	$(need_python)
	@echo "building .venv-bench with $(PYTHON), once" >&2
	@test -x .venv-bench/bin/python || "$(PYTHON)" -m venv .venv-bench
	@.venv-bench/bin/python -m pip install $(QUIET) --upgrade "pip>=25.1"
	@.venv-bench/bin/python -m pip install $(QUIET) --editable . --group bench
	@touch $@
