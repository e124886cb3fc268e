# Needs Debian 12 or newer (or Arch), Python 3.11 or newer, and root for everything that starts containers.
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
BLACKSTART := $(BIN)/blackstart
# A cold run builds the bundle (about 25 minutes) before it tests; after this long something hangs.
TEST_LIMIT ?= 70m

.DEFAULT_GOAL := help
.PHONY: help demo test test-all unit lint molecule molecule-clean bench wheel lab-down clean

help: ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.venv/.installed: pyproject.toml .config/venv.sh
	.config/venv.sh
	@touch $@

.venv/.complete: pyproject.toml .config/venv.sh .config/test-packages.sh
	.config/venv.sh lint test
	.config/test-packages.sh
	@touch .venv/.installed $@

demo: .venv/.installed ## From nothing to a healthy three-node cluster on this machine
	$(BLACKSTART) lab build
	$(BLACKSTART) lab up
	$(BLACKSTART) up --inventory "$$($(BLACKSTART) lab inventory)"

test: .venv/.complete ## All tests but the long ones: the emulated machine and Ceph beside the rest
	timeout --foreground --signal=INT --kill-after=60 $(TEST_LIMIT) $(BIN)/python tests/run.py -m "not long"

test-all: .venv/.complete ## As test, and the long ones: interrupted in each phase, every node rebuilt, power cuts
	$(BIN)/python tests/run.py -m "lab or not lab"

unit: .venv/.complete ## What needs neither root nor containers, in less than a minute
	$(PYTEST) -m "not lab and not slow"

lint: .venv/.complete ## Contracts and linters
	$(PYTEST) tests/contracts tests/linters

molecule: .venv/.complete ## Roles on one node, which is kept for the next time: make molecule ROLE=containerd
	$(PYTEST) -m lab tests/molecule -k "$(ROLE)" --keep-node

molecule-clean: .venv/.complete ## Remove the node that make molecule kept
	$(BIN)/python -m tests.support.molecule.runner

bench: .venv/.complete ## Measure against the same steps by hand and print the table
	$(BIN)/python -m tests.bench

wheel: .venv/.complete ## Build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

lab-down: .venv/.installed ## Remove the practice cluster
	$(BLACKSTART) lab down

clean: lab-down molecule-clean ## Remove the practice cluster and what was made in this folder; the cache of built parts stays
	rm -rf .venv .ansible .mypy_cache .pytest_cache .ruff_cache dist
