# `make demo` and `make test` set up .venv by themselves; the second time that costs nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: help demo test test-web test-comfyui test-all check docs bench ablation faults mutants wheel format clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Fairy needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(VENV)/.ready-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[dev,docs,train,eval,ray,web,openvino]'
	@touch $(VENV)/.ready $@

demo: $(VENV)/.ready  ## edit the built-in clip with the embedded model; results in demo/
	$(BIN)/fairy demo -o demo --overwrite

test: $(VENV)/.ready-dev  ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

$(VENV)/.ready-browser: $(VENV)/.ready-dev
	$(PIP) -e '.[browser]'
	@touch $@

test-web: $(VENV)/.ready-browser  ## run the tests of the web pages in a real browser; chromium is installed if need be
	tests/browser/chromium.sh
	$(BIN)/python -m pytest tests/browser

test-comfyui: $(VENV)/.ready-dev  ## run the tests of the nodes in a real ComfyUI, which is downloaded into .comfyui/ if need be
	tests/comfyui/fetch.sh
	$(BIN)/python -m pytest tests/comfyui

test-all: test test-web test-comfyui  ## run all tests

check: $(VENV)/.ready-dev docs  ## lint, format, types, layers, the site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.ready-dev  ## build the site into site/; a dead link or a missing page fails
	NO_MKDOCS_2_WARNING=1 PYTHONPATH=src $(BIN)/mkdocs build --quiet

format: $(VENV)/.ready-dev  ## write the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.ready  ## measure speed and memory here; the dated result lands in benchmarks/
	$(BIN)/fairy lab bench -o benchmarks --overwrite

ablation: $(VENV)/.ready-dev  ## measure anchors, steps, noise and equivariance on synthetic clips; goes on where it stopped
	OMP_NUM_THREADS=1 $(BIN)/fairy lab truth -o benchmarks $(ABLATION)

faults: $(VENV)/.ready-dev  ## kill, damage and mutate, and count what comes of it; dated result in benchmarks/
	OMP_NUM_THREADS=1 $(BIN)/python tests/support/faults.py -o benchmarks

mutants: $(VENV)/.ready-dev  ## put small bugs into the code and count those that the tests notice; dated result in benchmarks/
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutants/run.py -o benchmarks

wheel: $(VENV)/.ready-dev  ## build the wheel, install it into a new environment and edit a clip there
	rm -rf dist build
	$(BIN)/python -m build --wheel --no-isolation
	rm -rf build/clean && $(PYTHON) -m venv build/clean
	build/clean/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt dist/*.whl
	cd build && clean/bin/fairy demo -o demo --overwrite

clean:  ## remove the environment and what the targets made
	rm -rf $(VENV) .comfyui demo build dist site
