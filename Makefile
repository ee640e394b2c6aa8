# Every command of the project, the same on a laptop and in CI. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
BIN := .venv/bin
STAMP := .venv/.installed
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS)

.PHONY: help
help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: env
env: $(STAMP) ## Create .venv with everything that requirements/dev.txt locks.

# The environment is made anew when the lock changes, so that it holds what is locked and nothing else.
$(STAMP): requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer found: install it, or name it with PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: env ## Answer a question with three parallel tool calls; needs no key, no server.
	$(BIN)/toolchord demo

# Tests of faults run two files at a time: most of their time is waiting for what was killed.
.PHONY: test
test: env ## Run every test.
	$(BIN)/python -m pytest --ignore tests/faults
	$(BIN)/python -m pytest tests/faults --numprocesses 2 --dist loadfile

.PHONY: lint
lint: env ## Check style and format.
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: types
types: env ## Check types, strictly.
	$(BIN)/pyright

.PHONY: contracts
contracts: env ## Check who imports whom.
	$(BIN)/lint-imports --no-logo

.PHONY: check
check: lint types contracts ## Everything that needs no running process.

.PHONY: bench
bench: env ## Measure, and write the tables and charts.
	$(BIN)/python -m bench

.PHONY: bfcl
bfcl: env ## Run all parallel cases of the function-calling leaderboard.
	BFCL_RECORDS=all $(BIN)/python -m pytest tests/acceptance/test_bfcl.py -q -s

# SEED or SEEDS: numbers with commas between them; else five at random. KINDS: of faults; else all. ARGS: --without-callbacks.
.PHONY: faults
faults: env ## Kill, cut and confuse a Toolchord for MINUTES (20) and check what is left; SEEDS=1,2,3 again.
	$(BIN)/python -m tests.faults --minutes $(or $(MINUTES),20) $(if $(SEEDS)$(SEED),--seeds $(or $(SEEDS),$(SEED))) \
		$(if $(KINDS),--kinds $(KINDS)) $(if $(OUT),--out $(OUT)) $(if $(WITHOUT_CALLBACKS),--without-callbacks)

.PHONY: faults-short
faults-short: env ## The same for five minutes with fixed seeds, as in CI: a shared machine may be slow, and no more than that.
	$(BIN)/python -m tests.faults --minutes 5 --seeds 1,2 --slowness 3

.PHONY: docs
docs: env ## Write the generated reference pages.
	$(BIN)/python -m scripts.reference

.PHONY: lock
lock: env ## Write requirements/*.txt; ARGS=--upgrade takes newer versions.
	$(LOCK) --group build --output-file requirements/build.txt
	$(LOCK) pyproject.toml --extra worker --output-file requirements/worker.txt
	$(LOCK) pyproject.toml --extra worker --extra server --extra anthropic --extra google --extra flower --output-file requirements/server.txt
	$(LOCK) pyproject.toml --all-extras --group dev --output-file requirements/dev.txt

.PHONY: clean
clean: ## Remove what make and the tools wrote.
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist build
