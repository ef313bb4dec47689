# Everything a contributor, the checks or a first visitor runs. Each target makes what it needs in .venv:
# with uv where that is installed, else with venv and pip. Needs GNU make and Python 3.11 or newer (or uv).
# Choose another Python with `make clean test PYTHON=python3.13`.

ifeq ($(OS),Windows_NT)
  SHELL := bash
  BIN := .venv/Scripts
else
  BIN := .venv/bin
endif

# The first Python that is new enough; where there is none, uv fetches one.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c "$(NEW_ENOUGH)" >/dev/null 2>&1 && echo "$$python" && exit; \
	done; echo uv run --no-project --python 3.13 python)

# How many processes run the tests, and what else pytest is told: make test PYTEST="tests/normalize -x"
WORKERS ?= 2
PYTEST ?=
# How many rows the benchmarks use, and what else they are told: make bench ROWS=10000
ROWS ?= 1000000
BENCH ?=

CHECKED := src tests benchmarks tools

.PHONY: help demo test check format docs golden bench clean

help:
	@echo "make demo    imports the sample leads, scores them and shows what comes out"
	@echo "make test    runs the tests"
	@echo "make check   style, types, layers, and whether the generated documents are up to date"
	@echo "make format  puts the code into the project's style"
	@echo "make docs    writes the generated documents anew"
	@echo "make golden  writes the expected outputs of the tests anew: look at what changed"
	@echo "make bench   measures speed and memory against the bars of docs/performance.md"
	@echo "make clean   removes .venv and all caches"

# What a target needs is installed anew only when the lists of it change.
.venv/.made-%: pyproject.toml uv.lock tools/make_environment.py
	@$(PYTHON) tools/make_environment.py $*
	@touch $@

demo: .venv/.made-run
	@$(BIN)/leadtriage demo

test: .venv/.made-dev
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST)

check: .venv/.made-dev
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/generate_docs.py --check

format: .venv/.made-dev
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

docs: .venv/.made-dev
	$(BIN)/python tools/generate_docs.py

golden: .venv/.made-dev
	REGENERATE=1 $(BIN)/python -m pytest tests/rendering

bench: .venv/.made-bench
	$(BIN)/python benchmarks/bench.py --rows $(ROWS) $(BENCH)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
