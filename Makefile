# The only entry points; CI uses the same ones. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.setup-stamp
OUT    ?= out
IMAGE  ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test check fix fuzz bench compare docs interop golden lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(STAMP) ## make .venv with the locked packages

$(STAMP): requirements/dev.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version)"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python lacks venv: apt-get install python3-venv"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: setup ## the main job on a real image: scan, attest, sign, attach, verify, verdict  (IMAGE=… for your own)
	@OUT="$(OUT)" IMAGE="$(IMAGE)" $(BIN)/python examples/run.py

test: setup ## unit, property, golden, hostile, conformance tests and the registry tier
	$(BIN)/python -m pytest -n auto --dist loadfile

check: setup ## lint, format, types, import contracts, unused dependencies
	$(BIN)/ruff check src tests bench examples fuzz
	$(BIN)/ruff format --check src tests bench examples fuzz
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry src

fix: setup ## let the tools mend what they can
	$(BIN)/ruff check --fix src tests bench examples fuzz
	$(BIN)/ruff format src tests bench examples fuzz

FUZZ_SECONDS ?= 300
FUZZER := .fuzz/packages/.stamp

$(FUZZER): requirements/fuzz.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --target .fuzz/packages --only-binary :all: --require-hashes -r requirements/fuzz.lock || { echo "no fuzzer here: atheris has wheels for Linux on x86-64, Python 3.11 to 3.14"; exit 2; }
	@touch $@

fuzz: setup $(FUZZER) ## every parser under the coverage-guided fuzzer  (FUZZ_SECONDS=… in all; HARNESS=… for some)
	nice $(BIN)/python fuzz/run.py --seconds $(FUZZ_SECONDS) $(HARNESS)

bench: setup ## speed and memory against the floor and the peers; writes bench/results.md
	$(BIN)/python bench/run.py

compare: setup ## what we and the peers name in the same images, with reasons; writes docs/explanation/comparison.md
	$(BIN)/python bench/compare.py
	$(BIN)/python bench/compare_findings.py

docs: setup ## write the generated pages of docs/reference
	$(BIN)/python docs/generate.py

interop: setup ## tests against real peers; each skips with a reason where its peer cannot be had
	$(BIN)/python -m pytest -m interop -rs

golden: setup ## write the golden files anew; review the difference as code
	PYTHONPATH=tests $(BIN)/python tests/golden/renew.py

lock: setup ## write requirements/*.lock anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements/core.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --group dev pyproject.toml -o requirements/dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --group fuzz -o requirements/fuzz.lock

clean: ## remove what the targets made
	rm -rf $(VENV) $(OUT) .fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
