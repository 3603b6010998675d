# `make help` lists the targets. Everything runs in .venv; `make -C FOLDER` works from anywhere.
SHELL := /bin/sh
READY := .venv/.ready
UI_PORT ?= 5000
SERVER_PORT ?= 5000
TRACKER ?= postgresql
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
export DVC_NO_ANALYTICS := true
export MLFLOW_DISABLE_TELEMETRY := true
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION := false

.PHONY: help repro quick test test-all test-fast soak bench ui server trials check judges crate prune restore lint lock setup clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

repro: $(READY)  ## run what is out of date: data, trainings, samples, figures, report
	@python -m pipeline repro

quick: $(READY)  ## every stage at tiny settings in .quick/, in about a minute: not a result
	@python -m pipeline quick

test: $(READY)  ## the tests, in ten minutes on two cores
	@python -m pytest --numprocesses 3 --maxschedchunk 1

test-all: $(READY)  ## those and the ones that need not run each time
	@python -m pytest --numprocesses 3 --maxschedchunk 1 -m "not soak"

test-fast: $(READY)  ## the tests that take under a minute together
	@python -m pytest -m "not slow and not full and not soak"

soak: $(READY)  ## the large numbers of kills and outages, which take hours
	@python -m pytest -m soak

bench: $(READY) .bench/venv/.ready  ## how fast, beside its peers: about an hour (PART=training: some minutes)
	@python -m benchmarks $(PART)

ui: $(READY)  ## MLflow's page with every run, on this machine alone (UI_PORT=5000)
	@python -m pipeline ui --port $(UI_PORT)

server: $(READY)  ## one MLflow for many writers, over PostgreSQL, on this machine (TRACKER=sqlite SERVER_PORT=5000)
	@python -m pipeline server --port $(SERVER_PORT) --tracker $(TRACKER)

# DVC has a column for every dependency, too: those are dropped here.
trials: $(READY)  ## the experiments of `dvc exp run` beside each other: what was changed, and which numbers moved
	@dvc exp show --only-changed --drop 'Created|.*/|(data|figures|judge|logs|metrics|models|samples|snapshots)$$'

check: $(READY)  ## check params.yaml
	@python -m pipeline check

judges: $(READY)  ## one file of judges and reference, judges.zip: whoever has it can score images without a run
	@python -m pipeline judges

crate: $(READY)  ## describe the results as they are, with hashes, as an RO-Crate: ro-crate-metadata.json
	@python -m pipeline crate

prune: $(READY)  ## remove the outputs of models and seeds that params.yaml no longer names
	@python -m pipeline prune

restore: $(READY)  ## bring the committed results back: dvc.lock, metrics, figures, report
	@git checkout HEAD -- dvc.lock built-on.yaml controls figures metrics report
	@echo "restored: the committed results; what git does not keep comes with \`make repro\` or \`dvc pull\`"

lint: $(READY)  ## format, lint, type-check, and hold imports to their layers
	@ruff format . && ruff check . && mypy && lint-imports

lock: $(READY)  ## resolve requirements.lock anew from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --group dev --group build --universal --fork-strategy fewest --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet --output-file requirements.lock
	@python -m pipeline versions

setup: $(READY)  ## make .venv and install what requirements.lock names

clean:  ## remove .venv and the scratch copy; never a result
	rm -rf .venv .quick .bench

# PyTorch's processor-only build is not on PyPI: where pip does not find it, PIP_EXTRA_INDEX_URL has to name its index.
.bench/venv/.ready: benchmarks/peers/requirements.lock | $(READY)
	@echo "setting up .bench/venv with the peers: a few minutes, once"
	@.venv/bin/python -m venv --clear .bench/venv
	@.bench/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

# The build tools come first, from the same lock, since a few packages are built here and nothing may be fetched for
# that unlocked. The .pth makes `mlflow` and `dvc` typed by hand send no telemetry either, and run for a user without a name.
$(READY): requirements.lock
	@for python in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	  if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then break; fi; python=; \
	done; \
	if [ -z "$$python" ]; then echo "error: Python 3.11 is needed (3.12 and 3.13 may do); install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; fi; \
	echo "setting up .venv with $$("$$python" --version): a few minutes, once"; \
	"$$python" -m venv --clear .venv
	@awk '/^[a-z]/ {keep = /^(packaging|setuptools|wheel)==/} keep' requirements.lock > .venv/build.lock
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --require-hashes -r .venv/build.lock
	@.venv/bin/python -m pip install --progress-bar=off --quiet --disable-pip-version-check --no-build-isolation --require-hashes -r requirements.lock
	@printf '%s\n' 'import os; os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true"); os.environ.setdefault("DVC_NO_ANALYTICS", "true")' \
	  'import os; exec("try:\n import getpass; getpass.getuser()\nexcept (KeyError, OSError):\n os.environ[\"LOGNAME\"] = \"user-%d\" % os.getuid()")' \
	  > "$$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/no_telemetry.pth"
	@touch $@
