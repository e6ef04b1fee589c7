# `make run` is all it takes; `make help` lists the rest. Everything lives in .venv/ and .agentpay/.
PYTHON ?= python3
ARGS ?=

BIN := .venv/bin
INSTALLED := .venv/installed
INSTALLED_DEV := .venv/installed-dev
EVALUATED := .agentpay/evaluated

.DEFAULT_GOAL := help
.PHONY: help install dev run test eval baseline test-slow lint format studio bench clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile

$(INSTALLED): pyproject.toml requirements.lock
	@scripts/install "$(PYTHON)"
	@touch $@

$(INSTALLED_DEV): pyproject.toml requirements.lock
	@scripts/install "$(PYTHON)" dev
	@touch $(INSTALLED) $@

install: $(INSTALLED) ## Make .venv/ (PYTHON=python3.12 chooses another Python)

dev: $(INSTALLED_DEV) ## The same with what tests and linters need

run: $(INSTALLED) ## Open the demo shop (ARGS="--store shop.yaml --port 8080")
	@exec $(BIN)/agentpay demo $(ARGS)

test: $(INSTALLED_DEV) ## The fast tests (ARGS="tests/test_cli.py -x")
	@$(BIN)/python -m pytest $(ARGS)

eval: $(INSTALLED_DEV) ## The fast evaluations, held to tests/evals/baseline.json (make baseline renews it)
	@failed=0; $(BIN)/agentpay eval all --fast --out $(EVALUATED) $(ARGS) || failed=1; \
	$(BIN)/agentpay eval compare tests/evals/baseline.json $(EVALUATED) || failed=1; exit $$failed

baseline: ## What make eval found last is what later runs are held to
	@$(BIN)/agentpay eval baseline $(EVALUATED) tests/evals/baseline.json

test-slow: $(INSTALLED_DEV) ## The long ones
	@$(BIN)/python -m pytest -m slow --timeout 1800 $(ARGS)

lint: $(INSTALLED_DEV) ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict agentpay
	$(BIN)/lint-imports

format: $(INSTALLED_DEV) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

studio: $(INSTALLED_DEV) ## LangGraph Studio's server over the embedded Postgres, offline
	@LANGGRAPH_CLI_NO_ANALYTICS=1 LANGSMITH_TRACING=false $(BIN)/langgraph dev --no-browser $(ARGS)

bench: $(INSTALLED_DEV) ## Measure it (ARGS="turns --help")
	@$(BIN)/agentpay bench $(ARGS)

clean: ## Remove .venv/ and caches; .agentpay/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
