# `make book` and `make test` set up everything they need; a second run takes up where the first left off.
# PYTHON=/path/to/python picks an interpreter, PROFILE=smoke|demo|study|paper how much the book computes, CHAPTER=name one chapter.

PYTHON ?=
PROFILE ?= demo
CHAPTER ?=

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Threads that wait without burning the core that another process needs.
export OMP_WAIT_POLICY := PASSIVE
export GOMP_SPINCOUNT := 0
# Keep the memory of large tensors instead of handing it back after each: a third less time on a CPU.
export MALLOC_MMAP_THRESHOLD_ := 2000000000
export MALLOC_TRIM_THRESHOLD_ := 4000000000
export MALLOC_TOP_PAD_ := 200000000

.PHONY: help env assets book test serve lock clean

help:
	@echo "make book    build the book into build/site (PROFILE=$(PROFILE))"
	@echo "make serve   show the built book on localhost"
	@echo "make test    lint, types, tests, notebooks, pages"
	@echo "make assets  fetch the networks and faces that the book needs"
	@echo "make env     the virtual environment $(VENV) with the pinned packages"
	@echo "make lock    renew requirements.lock from requirements.in"
	@echo "make clean   remove what was generated (not $(VENV), not the cache)"

env: $(READY)

$(READY): requirements.lock requirements.bootstrap.lock pyproject.toml
	@PYTHON="$(PYTHON)" ./setup-env $(VENV)
	@touch $@

assets: env
	@$(BIN)/lrfr assets --fetch

book: env assets
	$(BIN)/lrfr book --profile $(PROFILE) $(if $(CHAPTER),--chapter $(CHAPTER))

test: env assets
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest

serve: env
	$(BIN)/lrfr serve

# The pinned versions in requirements.in decide; uv adds what they need, with a hash for every file and no address.
lock: env
	$(BIN)/uv pip compile requirements.in --output-file requirements.lock --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --quiet
	awk '/^[^ ]/ {take = /^uv==/} take' requirements.lock > requirements.bootstrap.lock

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache
	find lrfr tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
