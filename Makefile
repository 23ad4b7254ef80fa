# One word for each thing one does here; `make` lists them.
# Only Python 3.11 and make are needed: .venv is made when it is missing or out of date.

PYTHON ?= python3
CONFIG ?= arch_config.yaml
BIN := .venv/bin
# So that `archgw`, `envoy` and `python` are those of .venv, in what these start, too.
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"
# Two at once: half of the time of many tests is waiting.
SIDE_BY_SIDE := --numprocesses 2 --dist loadgroup

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

.venv/installed: pyproject.toml install.py
	@$(PYTHON) install.py
	@touch $@

.venv/checks: .venv/installed
	@$(PYTHON) install.py check
	@touch $@

.PHONY: install
install: .venv/installed ## make .venv with everything the gateway and its tests need

.PHONY: clients
clients: install ## fill .clients with the clients of other makers that the tests try
	@$(RUN) python -m tests.clients.install

.venv/browser: .venv/installed
	@$(PYTHON) install.py browser
	@touch $@

.PHONY: browser
browser: .venv/browser ## install what drives Debian's Chromium in the tests of the console

.PHONY: helm
helm: install ## fill .chart with helm, kubectl and what checks the chart
	@$(RUN) python -W ignore::RuntimeWarning -m tests.chart.install

.PHONY: chart
chart: helm ## render the chart and deploy/k8s anew; fails when that changes a committed file
	@$(RUN) python -m tests.chart
	@git diff --exit-code --stat -- deploy/k8s tests/chart/golden

.PHONY: up
up: install ## start a gateway: make up CONFIG=path/to/arch_config.yaml
	@$(RUN) archgw up $(CONFIG)

.PHONY: demo
demo: install ## start the weather agent behind a gateway and chat with it
	@$(RUN) python -m demos.run weather_agent

.PHONY: test
test: clients helm browser ## run every test, on a real Envoy; name the slowest twenty
	@$(RUN) python -m pytest $(SIDE_BY_SIDE) -m 'not alone and not images and not long' --durations=20
	@$(RUN) python -m pytest -m 'alone and not images and not long' --durations=20

.PHONY: test-fast
test-fast: install ## run the unit tests and golden files alone
	@$(RUN) python -m pytest $(SIDE_BY_SIDE) -m 'not slow and not alone' tests/unit tests/test_golden.py tests/test_docs.py tests/test_map.py

.PHONY: e2e
e2e: clients browser ## run the tests on a real Envoy alone
	@$(RUN) python -m pytest $(SIDE_BY_SIDE) -m 'not alone' tests/e2e
	@$(RUN) python -m pytest -m alone tests/e2e

.venv/images: .venv/installed
	@$(PYTHON) install.py images
	@touch $@

.PHONY: images
images: .venv/images ## build the wheel and both images without Docker, and test them
	@$(RUN) python -m pytest -m images --durations=20 tests/images

.PHONY: faults
faults: clients helm .venv/images ## make faults happen, row by row; write reports/faults.md
	@$(RUN) python -m tests.faults --write

.PHONY: check
check: install lint types golden docs chart test images ## all that must hold before a commit

.PHONY: format
format: .venv/checks ## format the code
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix --quiet . || true

.PHONY: lint
lint: .venv/checks ## format check, ruff, import contracts; licences and start-up hooks of what is installed
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) lint-imports --no-cache
	@$(RUN) python -m deploy.licences
	@$(RUN) python -m deploy.start_hooks

.PHONY: types
types: .venv/checks ## mypy, strict
	@$(RUN) mypy

.PHONY: golden
golden: install ## rewrite the golden files; fails when that changes a committed one
	@$(RUN) python -m deploy.grafana.write
	@$(RUN) python -m deploy.man.write
	@$(RUN) python -m deploy.scaling.write
	@$(RUN) python -m tests.golden
	@$(RUN) python -m tests.imports
	@git diff --exit-code --stat -- tests/golden tests/imports deploy/grafana deploy/helm deploy/man docs

.venv/docs: .venv/installed
	@$(PYTHON) install.py docs
	@touch $@

.PHONY: docs
docs: .venv/docs ## build the pages of docs/ into build/docs, with search; broken links fail
	@$(RUN) mkdocs build --strict

.PHONY: protos
protos: install ## generate the Python code of protos/, and the types of envoy-data-plane
	@$(PYTHON) install.py protos
	@$(RUN) python -m grpc_tools.protoc --proto_path=protos --python_out=extproc/wire --pyi_out=extproc/wire $$(cd protos && echo *.proto)
	@rm -f controlplane/emit/proto/*.binpb
	@$(RUN) python -m controlplane.emit.proto.read_types

.PHONY: bench
bench: install ## measure the gateway against plain Envoy in the same run; beside a commit: make bench BASE=commit
	@$(RUN) python -m tests.bench --keep $(if $(BASE),--compare $(BASE))

# RATE=20 asks less of a slow machine; WRITE=1 keeps what was measured in reports/soak.md.
SECONDS ?= 600
RATE ?= 50

.PHONY: soak
soak: install ## load a gateway for ten minutes: make soak [SECONDS=600] [RATE=50] [WRITE=1]
	@$(RUN) python -m tests.soak --seconds $(SECONDS) --rate $(RATE) $(if $(WRITE),--write)

.venv/fuzz: .venv/installed
	@$(PYTHON) install.py fuzz
	@touch $@

.PHONY: fuzz
fuzz: .venv/fuzz ## look for input that breaks something: make fuzz [EACH=60] [TARGETS="body yaml"]
	@$(RUN) python -m tests.fuzz --seconds $(or $(EACH),60) $(TARGETS)

.PHONY: race
race: install ## race against LiteLLM's and Portkey's gateways, which go into .race; reports/race.md
	@$(RUN) python -m tests.race.install
	@$(RUN) python -m tests.race --write

.PHONY: chaos
chaos: install ## kill, stop, reload, overrun a gateway under load: make chaos [RATE=50] [WRITE=1]
	@$(RUN) python -m tests.soak.chaos --rate $(RATE) $(if $(WRITE),--write)

.PHONY: train
train: ## train the models: make train DATA=folder
	@test -n "$(DATA)" || { echo "say where the training data is: make train DATA=folder"; exit 2; }
	@test -d .venv || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train]'
	@$(RUN) python -m modelserver.training base --data "$(DATA)" --out build/e5
	@$(RUN) python -m modelserver.training guard --data "$(DATA)" --out build/training \
		--base build/e5 --layers 6 --frozen 2
	@$(RUN) python -m modelserver.training targets --data "$(DATA)" --out build/training
