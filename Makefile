# Everything runs in .venv, made on first use; PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
FUZZ := .fuzz/venv

.PHONY: lab test slow-test browser-test bench oracles fuzz demo clean

lab: $(STAMP)   ## open JupyterLab on the notebooks
	$(BIN)/midstream-lab lab

test: $(STAMP)  ## lint, types, tests, notebooks
	@$(BIN)/python tests/stages.py lint types tests notebooks

slow-test: $(STAMP)  ## tests of more than 15 s each: statistics over many runs, large streams, notebooks run again
	@$(BIN)/python tests/stages.py slow

browser-test: $(STAMP)  ## drive the notebooks in headless Chromium (Debian's package is installed if it can be)
	@$(BIN)/python tests/stages.py browser

bench: $(STAMP) ## measure against the peers and draw benches/TABLE.md
	@$(BIN)/python benches/report.py --run

# Scripts that ask peers, in environments of their own, what the tests compare with
ORACLES := benches/invariant_peers.py benches/embedding_peers.py benches/compare_peers.py

oracles: $(STAMP) ## ask the peers again and store their answers in tests/oracles
	@for script in $(ORACLES); do $(BIN)/python $$script || exit 1; done

fuzz:           ## a million inputs into every parser, guided by coverage (atheris, in an environment of its own)
	@test -x $(FUZZ)/bin/python || $(PYTHON) -m venv $(FUZZ)
	@$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check "atheris>=3.0" -e ".[stream]"
	@nice -n 10 $(FUZZ)/bin/python tests/fuzz/run.py

demo: $(STAMP)  ## serve, connect, embed and estimate on real data, without a browser
	$(BIN)/midstream-lab demo

clean:          ## remove the environment, caches and generated files
	rm -rf $(VENV) .fuzz .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks demo.png
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "midstream_lab needs Python 3.11 or newer; name one with: make PYTHON=python3.11 ...")'
	@echo "installing into $(VENV); the first time takes a few minutes"
	@start=$$(date +%s); $(PYTHON) -m venv $(VENV) \
	&& $(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[bench]" \
	&& echo "installed in $$(($$(date +%s) - start)) s"
	@touch $@
