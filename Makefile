# `make demo` and `make test` set themselves up: a virtual environment from the lock, on any machine with Python >= 3.11.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PYTHONDONTWRITEBYTECODE := 1
export LITELLM_LOCAL_MODEL_COST_MAP := True

.PHONY: demo test lint types contracts check fuzz slow clean lock tables

demo: $(STAMP)
	@$(BIN)/python -m bench demo

test: lint types contracts check

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

# The same examples in every run of one commit, so that a failure is the change's own; `make fuzz` draws new ones.
check: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadscope -m "not slow" --hypothesis-profile=ci

fuzz: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadscope -m "not slow" --hypothesis-profile=default

slow: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadscope -m slow

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("skvm needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	@echo "setting up $(VENV) from requirements.lock (about a minute, 650 MB)" >&2
	@begin=$$(date +%s); \
	$(PYTHON) -m venv $(VENV) && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . && \
	echo "set up in $$(( $$(date +%s) - begin )) s" >&2
	@touch $@

lock:
	uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --extra dev \
		--python-version 3.11 pyproject.toml -o requirements.lock

tables: $(STAMP)
	$(BIN)/python -m skvm.parse.tables

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
