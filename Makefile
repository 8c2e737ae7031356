# Everything is built inside .venv; nothing outside this folder is written, ~/.azure included.
#
#   make demo PYTHON=python3.12               another interpreter for a new .venv
#   make demo ENGINE=slurm                    on the Slurm cluster that is there, or as root on one that it starts
#   make test PYTEST_ARGS='-k stream -x'      options for pytest
#   make test FRAMEWORKS=no                   without PyTorch, TensorFlow and the MPIs of PyPI (2.7 GB)
#   make slurm SLURM=/tmp/other               a Slurm in another folder
#   make bench BENCH_ARGS='--only job-start'  options for benchmarks/run.py; --with-ray installs Ray, too
#   make bench PEERS=no                       only us

PYTHON ?= python3
PYTEST_ARGS ?=
# What runs the jobs of the demo: process or slurm.
ENGINE ?= process
# no: leave out PyTorch, TensorFlow and other MPIs than the machine's; the tests that need them skip.
FRAMEWORKS ?= yes
# Where `make slurm` keeps its Slurm: not below this folder, which may be closed to the users whose jobs it runs.
SLURM ?= /tmp/batchai-slurm
BENCH_ARGS ?=
# no: install and measure nobody else.
PEERS ?= yes

VENV := .venv
PY := $(VENV)/bin/python
AZ := $(VENV)/bin/az
EXTENSIONS := $(VENV)/cliextensions
RAY := $(if $(findstring --with-ray,$(BENCH_ARGS)),ray,no)
VERSION := $(shell sed -n "s/^__version__ = '\(.*\)'$$/\1/p" azext_batchai/version.py)
WHEEL := dist/batchai-$(VERSION)-py3-none-any.whl
# Folders are listed too: a deleted file changes only the time of its folder.
SOURCES := $(shell find azext_batchai -name __pycache__ -prune -o -name '*.pyc' -prune -o -print)

export AZURE_CONFIG_DIR = $(CURDIR)/$(VENV)/azure-config
export AZURE_EXTENSION_DIR = $(CURDIR)/$(EXTENSIONS)
export AZURE_CORE_COLLECT_TELEMETRY = no
export AZURE_CORE_SURVEY_MESSAGE = no
export AZURE_EXTENSION_USE_DYNAMIC_INSTALL = no
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_PROGRESS_BAR = off

ifneq ($(words $(CURDIR)),1)
$(error The path of this folder has a space in it, with which the az script does not start: $(CURDIR))
endif

.PHONY: help demo test bench lint wheel install dev frameworks slurm slurm-stop clean
.DELETE_ON_ERROR:
.NOTPARALLEL:

help:
	@echo 'make demo     install, then train on a cluster of one node and watch it, and run a gang on two'
	@echo 'make test     install, then run the tests'
	@echo 'make bench    install, then measure us beside Slurm, HyperQueue and others: a quarter of an hour'
	@echo 'make lint     flake8, mypy, and pip-audit of what the extension installs'
	@echo 'make install  .venv with azure-cli and this extension'
	@echo 'make wheel    the package that "az extension add --source" takes, in dist/'
	@echo 'make slurm    a Slurm of four nodes on this machine, to try things on; as root. make slurm-stop ends it'
	@echo 'make clean    remove everything that the targets above made'

demo: install
	sh examples/demo.sh $(ENGINE)

test: install dev frameworks
	$(PY) -m pytest $(PYTEST_ARGS)

bench: install dev $(if $(filter no,$(PEERS)),,$(VENV)/.peers-installed-$(RAY))
	$(PY) benchmarks/run.py $(if $(filter no,$(PEERS)),--no-peers) $(BENCH_ARGS)

lint: dev install
	@set -x; status=0; $(PY) -m flake8 || status=1; $(PY) -m mypy || status=1; \
	    $(PY) tests/reliability/audit_dependencies.py $(EXTENSIONS)/batchai || status=1; exit $$status

wheel: $(WHEEL)

install: $(VENV)/.extension-installed

dev: $(VENV)/.dev-installed

frameworks: $(if $(filter no,$(FRAMEWORKS)),,$(VENV)/.frameworks-installed)

slurm:
	@conf=$$($(PYTHON) tests/slurm/cluster.py start $(SLURM) --tuned) && \
	    echo "export SLURM_CONF=$$conf    # sinfo, sbatch and the others then use it"

slurm-stop:
	@$(PYTHON) tests/slurm/cluster.py stop $(SLURM)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .hypothesis benchmarks/results
	find azext_batchai benchmarks tests examples -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is the last thing a recipe writes, so what was interrupted is done again.

$(VENV)/.python-ready:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	    { echo 'batchai needs Python 3.10 or newer: make PYTHON=/path/to/python3'; exit 1; } >&2
	$(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --upgrade pip 'setuptools>=77' wheel
	touch $@

$(VENV)/.cli-installed: $(VENV)/.python-ready
	@echo 'Installing azure-cli: a minute or more, once.'
	$(PY) -m pip install --quiet 'azure-cli>=2.75'
	touch $@

$(VENV)/.dev-installed: requirements-dev.txt $(VENV)/.cli-installed
	$(PY) -m pip install --quiet -r requirements-dev.txt
	touch $@

$(VENV)/.frameworks-installed: tests/install_frameworks.sh | $(VENV)/.python-ready
	@echo 'Installing PyTorch, TensorFlow and MPI for the tests: about two minutes, once.'
	sh tests/install_frameworks.sh $(PY) $(VENV)/frameworks && touch $@

$(VENV)/.peers-installed-%: benchmarks/install_peers.sh | $(VENV)/.python-ready
	@echo 'Installing what we are measured beside, in $(VENV)/peers: a minute, once.'
	sh benchmarks/install_peers.sh $(CURDIR)/$(VENV)/peers $(PY) $*
	@ls $(VENV)/peers/*.left-out > /dev/null 2>&1 || touch $@

$(WHEEL): $(SOURCES) setup.py README.md HISTORY.rst LICENSE | $(VENV)/.python-ready
	rm -rf build dist *.egg-info
	$(PY) -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	rm -rf build *.egg-info

# With the dependencies in setup.py unchanged only the package itself is replaced, which takes a second or two.
# The CLI's indexes of commands and help are dropped with it: they may name what is no longer there.
$(VENV)/.extension-installed: $(WHEEL) $(VENV)/.cli-installed
	@rm -f $@
	@if cmp -s setup.py $(VENV)/.setup.py && [ -d $(EXTENSIONS)/batchai ]; then \
	    set -ex; \
	    rm -rf $(EXTENSIONS)/batchai/batchai-*.dist-info $(EXTENSIONS)/batchai/azext_batchai; \
	    $(PY) -m pip install --quiet --no-deps --upgrade --force-reinstall \
	        --target $(EXTENSIONS)/batchai $(WHEEL); \
	    rm -f $(VENV)/azure-config/*Index.json; \
	else \
	    set -ex; \
	    rm -rf $(VENV)/.setup.py $(EXTENSIONS)/batchai; \
	    $(AZ) extension add --source $(WHEEL) -y --only-show-errors; \
	    cp setup.py $(VENV)/.setup.py; \
	fi
	@touch $@
