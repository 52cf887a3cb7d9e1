# Wand Orchestrator. On a machine with Python 3.11 and make, `make demo` and `make test` need nothing else.
PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: help setup demo demo-agents run test lint lint-web sync-client vendor format fuzz-entry fuzz-steer fuzz-expressions fuzz-documents fuzz-language bench bench-peers kills clicks page builtins clients mermaid screenshots histories lock clean

help:
	@echo "make setup   a .venv in this folder, from the lock file"
	@echo "make demo    the whole product on a real data set, in about 20 s"
	@echo "make demo-agents   a team of agents on scripted models, offline, in about 20 s"
	@echo "make run     wand dev: Temporal, its Web UI, a worker and the API"
	@echo "make test    lint, types and all tests"
	@echo "make kills   conversations with models, killed at many moments"
	@echo "make clicks  every path of clicks of docs/operate.md, in Chromium"
	@echo "make page    all tests of the page in Chromium"
	@echo "make builtins   docs/builtins.md, from the schemas of what Wand brings"
	@echo "make clients  clients in Python and TypeScript, made from the OpenAPI document"
	@echo "make bench   ratios between Wand and what one would use instead"
	@echo "make bench-peers   what else it can be measured against"

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

demo: setup
	$(BIN)/wand demo

demo-agents: setup
	$(BIN)/wand demo --agents examples/research.json

run: setup
	$(BIN)/wand dev

test: lint
	scripts/ensure-postgres >/dev/null
	scripts/ensure-mcp-servers >/dev/null
	scripts/ensure-chromium >/dev/null
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# Looks for values that a run would not survive, for half an hour; EXAMPLES of each kind.
EXAMPLES ?= 1000
fuzz-entry: setup
	WAND_FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -o faulthandler_timeout=0 tests/integration/test_entry_properties.py

lint: setup lint-web
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2
	$(BIN)/mypy tests

# The client without asyncio, from the one with it.
sync-client: setup
	$(BIN)/python -m scripts.sync_client

# The types of the page; those of the API are made from its OpenAPI document.
lint-web: setup
	scripts/ensure-web-tools >.venv/web-tools-path
	$(BIN)/python -m scripts.openapi > web/node_modules/.openapi.json
	PATH="$$(cat .venv/web-tools-path):$$PATH" web/node_modules/.bin/openapi-typescript web/node_modules/.openapi.json \
		--output web/server/api.d.ts >/dev/null 2>&1
	PATH="$$(cat .venv/web-tools-path):$$PATH" web/node_modules/.bin/tsc -p web

# The libraries of the page, out of the packages that web/package-lock.json names.
vendor: setup
	scripts/ensure-web-tools >/dev/null
	$(BIN)/python -m scripts.vendor

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Far more orders of steering, and moments of a stop, than `make test` tries.
fuzz-steer: setup
	WAND_FUZZ_EXAMPLES=1000 $(BIN)/python -m pytest -o faulthandler_timeout=0 tests/integration/test_steering_orders.py \
		tests/integration/test_api_races.py

# Far more random graphs, against a model of what they say, than `make test` tries.
fuzz-language: setup
	WAND_FUZZ_EXAMPLES=1000 $(BIN)/python -m pytest -o faulthandler_timeout=0 tests/integration/test_language_properties.py

# Far more expressions that multiply what they are given than `make test` tries.
fuzz-expressions: setup
	WAND_FUZZ_EXAMPLES=2000 $(BIN)/python -m pytest -o faulthandler_timeout=0 tests/unit/test_expression_bounds.py \
		tests/integration/test_heavy_expressions.py

# Hostile documents by the hundred, and hostile agents, beside a run that must go on.
fuzz-documents: setup
	WAND_FUZZ_EXAMPLES=240 WAND_FUZZ_HEALTH_SEC=0.5 $(BIN)/python -m pytest -o faulthandler_timeout=0 tests/integration/test_hostile_documents.py \
		tests/acceptance/test_hostile_agents.py

# BENCH: its options, such as `make bench BENCH="--only chain3"`.
bench: setup
	$(BIN)/python -m bench $(BENCH)

bench-peers:
	PYTHON=$(PYTHON) scripts/install-peers

builtins: $(STAMP)
	$(BIN)/python -m scripts.builtins

# Clients in Python and TypeScript, made from the OpenAPI document and compiled; needs npm.
CLIENTS := .venv/clients
clients: setup
	rm -rf $(CLIENTS) && mkdir -p $(CLIENTS)
	$(BIN)/python -m scripts.openapi > $(CLIENTS)/openapi.json
	$(PYTHON) -m venv $(CLIENTS)/tools
	$(CLIENTS)/tools/bin/pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1 mypy ruff
	PATH=$(CURDIR)/$(CLIENTS)/tools/bin:$$PATH openapi-python-client generate --fail-on-warning --path $(CLIENTS)/openapi.json \
		--output-path $(CLIENTS)/python
	cp scripts/clients/failures.py $(CLIENTS)/python/failures.py && cp scripts/clients/failures.ts $(CLIENTS)/failures.ts
	$(CLIENTS)/tools/bin/mypy $(CLIENTS)/python/wand_orchestrator_client
	cd $(CLIENTS)/python && ../tools/bin/mypy --strict failures.py
	cd $(CLIENTS) && npm install --silent --no-audit --no-fund openapi-typescript@7.13.0 typescript@5
	cd $(CLIENTS) && npx openapi-typescript openapi.json --output api.ts && npx tsc --noEmit --strict failures.ts

# Pictures as source of Mermaid, hostile texts among them, read by Mermaid's own parser; needs npm.
MERMAID := .venv/mermaid
mermaid: setup
	rm -rf $(MERMAID) && mkdir -p $(MERMAID)
	$(BIN)/python -m scripts.mermaid_sources $(MERMAID)/sources
	cd $(MERMAID) && npm install --silent --no-audit --no-fund mermaid@11.17.2 jsdom@29.1.1
	cd $(MERMAID) && node $(CURDIR)/scripts/mermaid_parse.mjs sources

# Conversations whose processes are killed KILLS times each; make test does it once.
KILLS ?= 12
kills: setup
	WAND_TEST_KILLS=$(KILLS) $(BIN)/python -m pytest -o faulthandler_timeout=0 tests/acceptance/test_llm_kill.py

# Every path of clicks in docs/operate.md, in Chromium.
clicks: setup
	scripts/ensure-chromium >/dev/null
	$(BIN)/python -m pytest -m "clicks or not clicks" tests/integration/test_docs_clicks.py

# All tests of the page in Chromium; `make test` leaves some out.
page: setup lint-web
	scripts/ensure-chromium >/dev/null
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "page or not page" tests/page

screenshots: setup
	$(BIN)/python -m scripts.screenshots
	$(BIN)/python -m scripts.page_screenshots

# What the replay tests replay; see CONTRIBUTING.md before running it.
histories: setup
	PYTHONPATH=tests/plugins $(BIN)/python -m tests.histories.record

lock:
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet uv
	.venv-lock/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --all-extras --group dev --upgrade pyproject.toml -o requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
