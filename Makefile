# Every target builds the environment first: .venv (Python, Node.js, uv) and
# node_modules (the CDK CLI). Only Python and make have to be there.

PYTHON ?= python3
# End-to-end tests wait for the CDK CLI more than they compute.
WORKERS ?= 6
PYENV_ROOT ?= $(HOME)/.pyenv

BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# uv, which tests run too, trusts whom the machine trusts.
export UV_SYSTEM_CERTS ?= true
# Without bytecode every process compiles what it imports: a synth takes 2.4 s instead of 0.9.
unexport PYTHONDONTWRITEBYTECODE
# mkdocs-material announces another tool at each build.
export NO_MKDOCS_2_WARNING := 1

PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help environment demo recording test test-fast tools conformance coverage soak bench acceptance acceptance-sweep docs picture address dist provider-template test-matrix lint pyright format lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-26s%s\n", $$1, $$2 }'

environment: ## build .venv and node_modules, if their inputs changed
	@$(PYTHON) tools/environment.py

demo: environment ## deploy examples/quickstart to a local AWS, query its session, destroy it
	@$(BIN)/python -m demo

recording: environment ## record emr-session on a local AWS, into docs/command.svg
	PYTHONPATH=. $(BIN)/python tools/recording.py

test: environment ## run every test: unit, protocol, Spark, end to end, docs
	$(PYTEST)

test-fast: environment ## run the unit and protocol tests, without the slow ones
	$(PYTEST) -m "not slow" tests/unit tests/protocol

tools: environment ## install dbt and Airflow, and run their examples
	$(PYTEST) -m tools tests/spark/test_tools.py

conformance: environment ## run Spark's own Connect tests directly, through connect and through the proxy
	$(BIN)/python -m tests.spark.conformance

coverage: environment ## run all tests but the end-to-end ones, and show what they don't reach
	$(PYTEST) --cov --cov-report=term-missing tests/unit tests/protocol tests/spark

soak: environment ## run random schedules of operations and faults against the handler (SCHEDULES, SEED, LEVEL)
	PYTHONPATH=.:lambda:constructs_pkg $(BIN)/python -m tests.protocol.soak

bench: environment ## measure speed and size against the alternatives, into benchmarks/results
	$(BIN)/python -m benchmarks

acceptance: environment ## test the assumptions about AWS in a real account (PROFILE, REGION); costs money, and asks first
	@$(BIN)/python -m acceptance run --profile "$(PROFILE)" --region "$(REGION)"

acceptance-sweep: environment ## delete what interrupted acceptance runs have left (PROFILE, REGION)
	@$(BIN)/python -m acceptance sweep --profile "$(PROFILE)" --region "$(REGION)"

docs: environment ## build the guides and the API reference into site/
	$(BIN)/python -m mkdocs build --strict

picture: environment ## run a notebook on the local AWS, and take its screenshot for the documentation
	$(BIN)/python -m demo.notebook docs/guides/notebook.png

address: ## write the repository's public address into the metadata of the distributions (ADDRESS)
	@$(PYTHON) tools/address.py "$(ADDRESS)"

dist: environment ## build wheel and sdist of the three distributions into dist/, and check them
	rm -rf dist
	@for folder in . client_pkg local_pkg; do $(BIN)/uv build --quiet --out-dir dist $$folder || exit 1; done
	$(BIN)/twine check --strict dist/*

provider-template: environment ## write the provider as a CloudFormation template, with its code, into build/provider/
	$(BIN)/python -m cdk_emr_serverless_session.provider_template --out build/provider

test-matrix: environment ## test on the lowest and newest dependencies, on each Python and PySpark
	@# pyenv's own commands refuse to run versions that aren't switched on.
	PATH="$(CURDIR)/$(BIN):$(subst $(eval) ,:,$(wildcard $(PYENV_ROOT)/versions/3.*/bin)):$$PATH" $(BIN)/nox

lint: environment ## check format, style, imports and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	PYTHONPATH=.:lambda $(BIN)/lint-imports --no-logo
	$(BIN)/mypy --strict

pyright: environment ## check types a second time: minutes, because aws-cdk-lib is large
	node_modules/.bin/pyright --pythonpath $(BIN)/python

format: environment ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: environment ## resolve the development environment again
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --universal --python-version 3.11 --extra spark --extra notebook --extra sail --group dev pyproject.toml client_pkg/pyproject.toml local_pkg/pyproject.toml -o requirements-dev.txt

clean: ## remove the environment and everything that was built
	rm -rf .venv .nox node_modules dist build site cdk.out .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .conformance .conformance.lock
