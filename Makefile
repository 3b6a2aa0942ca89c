# Every target does its own set-up: Python >= 3.11 and make are all that has to be there.
PY := .venv/bin/python
PYTEST_ARGS ?=

.PHONY: help setup demo test soak check bench lock

help:
	@echo "make demo    run examples/end_to_end_streaming.py, with real output files"
	@echo "make test    run all tests (PYTEST_ARGS=... is handed to pytest)"
	@echo "make soak    run the tests of real sizes: minutes, and gigabytes of pipes and disk"
	@echo "make check   ruff, mypy, import layers, budgets"
	@echo "make bench   measure beside hand-written Python, polars, DuckDB and bytewax"
	@echo "make lock    renew requirements.lock from pyproject.toml (needs uv)"

setup:
	@sh tools/set_up.sh

demo: setup
	@$(PY) examples/end_to_end_streaming.py

test: setup
	@$(PY) -m pytest $(PYTEST_ARGS)

soak: setup
	@$(PY) -m pytest -m soak -s $(PYTEST_ARGS)

check: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m mypy -p bench -p tools
	$(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	$(PY) tools/budgets.py

bench: setup
	@sh bench/set_up.sh
	@bench/.venv/bin/python -m bench $(BENCH_ARGS)

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv on PATH"; exit 1; }
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-header --no-emit-index-url --quiet -o requirements.lock
