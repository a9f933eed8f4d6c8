# Every target builds the environment first: .venv (Python, Node, uv) and
# node_modules (the CDK CLI). Nothing but Python and make has to be there.

PYTHON ?= python3
WORKERS ?= 2

BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# uv, which tests run too, trusts whom the machine trusts.
export UV_SYSTEM_CERTS ?= true

.DEFAULT_GOAL := help
.PHONY: help environment demo test soak bench docs dist test-matrix lint format lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-20s%s\n", $$1, $$2 }'

environment: ## build .venv and node_modules, if their inputs changed
	@$(PYTHON) tools/environment.py

demo: environment ## deploy examples/quickstart to a local AWS, query its session, destroy it again
	@$(BIN)/python -m demo

test: environment ## run every test: unit, protocol, Spark, end to end
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

soak: environment ## run random schedules of operations and faults against the handler (SCHEDULES, SEED, LEVEL)
	PYTHONPATH=.:lambda:constructs_pkg $(BIN)/python -m tests.protocol.soak

bench: environment ## measure speed and size beside the alternatives, into benchmarks/results
	$(BIN)/python -m benchmarks

docs: environment ## build the guides and the API reference into site/
	$(BIN)/python tools/documentation.py

dist: environment ## build wheel and sdist into dist/, and check them
	rm -rf dist
	$(BIN)/uv build --quiet
	$(BIN)/twine check --strict dist/*

test-matrix: environment ## run tests on the lowest and newest dependencies and Pythons, the client's on each PySpark
	$(BIN)/python tools/matrix.py
	$(BIN)/python tools/client_matrix.py

lint: environment ## check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict
	$(BIN)/mypy --strict tools
	@# Each example alone: all have an app.py.
	@for example in examples/*/; do echo "mypy --strict $$example"; $(BIN)/mypy --strict "$$example" || exit 1; done

format: environment ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: environment ## resolve the development environment anew
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --universal --python-version 3.11 --all-extras --group dev pyproject.toml -o requirements-dev.txt

clean: ## remove the environment and everything that was built
	rm -rf .venv node_modules dist build site cdk.out .pytest_cache .mypy_cache .ruff_cache .hypothesis
