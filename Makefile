# The two commands: `make guide` and `make test`. Both set up all they need; a second call does only what is left to do.
PYTHON ?= python3
VENV := .venv
# The theme's notice about its successor is not about this guide.
export NO_MKDOCS_2_WARNING := 1
# Hundreds of processes are started: none should compile again what another has compiled.
unexport PYTHONDONTWRITEBYTECODE
BIN := $(VENV)/bin
# Of the tests, which wait more than they compute: more than a small machine has cores.
WORKERS ?= 5
NODE := tests/clients/node_modules
SOURCES := $(shell find scripts runbooks -type f -not -path '*/__pycache__/*')
TESTS := $(shell find tests -name '*.py' -not -path '*/node_modules/*')
GUIDE := $(shell find docs -type f) mkdocs.yml

# What stops the set-up is one sentence, before anything is installed.
SHORT := $(shell { $(PYTHON) -c 'import sys; sys.version_info < (3, 11) and print("%d.%d" % sys.version_info[:2])' || echo no answer; } 2>/dev/null)
ifneq ($(SHORT),)
$(error deploybook needs Python 3.11 or newer, and $(PYTHON) gives: $(SHORT). Name another one: make PYTHON=python3.12)
endif
# The object server and sqld come as wheels, for these alone.
OTHER := $(strip $(shell $(PYTHON) -c 'import platform as p; s, m, (libc, version) = p.system(), p.machine(), p.libc_ver(); \
  new = libc == "glibc" and tuple(map(int, version.split("."))) >= (2, 28); \
  ok = (s, m) == ("Darwin", "arm64") or (s == "Linux" and m in ("x86_64", "aarch64") and new); \
  ok or print(s, m, libc or "no glibc" if s == "Linux" else "", version)' 2>/dev/null))
ifneq ($(OTHER),)
$(error deploybook runs on Linux (x86-64 and arm64, glibc 2.28 or newer) and on macOS (Apple silicon), and this is: $(OTHER). Run it in a container: docker run --rm -it -v "$(CURDIR)":/guide -w /guide python:3.12 make guide)
endif
# The programs in a virtual environment begin with the path of the folder that it was made in; a link leads to one that was not moved.
ifneq ($(shell { [ ! -L $(VENV) ] && cat $(VENV)/.place 2>/dev/null; } || echo "$(CURDIR)"),$(CURDIR))
$(info this checkout was moved: $(VENV) is made anew)
$(shell rm -rf $(VENV))
endif

.PHONY: answers guide test code tests install check lock clean

guide: build/site/index.html ## every runbook in a dry run, and the guide built from them
	@echo "the guide: build/site/index.html"

# Side by side: the checks of the code while what the tests need is still being fetched, and beside the tests' own waits.
test: ## all checks and tests
	@$(MAKE) --no-print-directory --jobs 4 --output-sync=line code tests

code: install
	$(BIN)/ruff check scripts tests
	$(BIN)/ruff format --check scripts tests
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

tests: install $(NODE)/.installed browser $(VENV)/.compiled
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder --durations 15

answers: install ## random answers of the providers, as many as DEPLOYBOOK_ANSWERS says, by the descriptions in DEPLOYBOOK_SPECS
	$(BIN)/pytest -q tests/answers --ignore tests/answers/test_generator.py

check: install ## the statements of the guide that are not true, without running anything
	$(BIN)/deploybook check

install: $(VENV)/.installed

# uv first, by its hashes in the lock, then all else by uv: ten times quicker than pip. Compiled once here: the processes of the
# tests would each compile it, at the same time.
$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@echo "$(CURDIR)" > $(VENV)/.place
	awk '/^[^ #]/ {on = /^uv==/} on' requirements.lock > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --require-hashes --requirement $(VENV)/uv.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# One process compiles what is tested, and rewrites the tests' assertions, while other tools check the code: each worker would do it.
$(VENV)/.compiled: $(VENV)/.installed $(SOURCES) $(TESTS)
	@$(BIN)/pytest --collect-only -qq >/dev/null 2>&1 || true
	@touch $@

# Not `npm ci`: it refuses a lock without the optional binaries of other platforms. The locked versions and hashes count here too.
$(NODE)/.installed: tests/clients/package-lock.json
	cd tests/clients && npm install --no-save --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# The browser tests say that they skip where there is no Chromium; as root on Debian (as in CI) its headless shell is installed.
.PHONY: browser
browser:
	@command -v chromium-headless-shell >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium-headless-shell >/dev/null; } || \
	  command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  echo "no Chromium here: the browser tests will be skipped"

build/.dry-run: $(VENV)/.installed $(SOURCES)
	$(BIN)/deploybook run --mode dry-run
	$(BIN)/papermill --engine deploybook --log-level ERROR --no-progress-bar runbooks/doctor.ipynb build/doctor.ipynb
	$(BIN)/papermill --engine deploybook --log-level ERROR --no-progress-bar runbooks/application.ipynb build/application.ipynb
	@touch $@

build/site/index.html: build/.dry-run $(GUIDE)
	$(BIN)/mkdocs build --quiet --strict --site-dir build/site

lock: ## make the lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --python-version 3.11 --custom-compile-command "make lock" --quiet --output-file requirements.lock

clean: ## remove what was built; the vault in .deploybook stays
	rm -rf build .cache $(VENV) $(NODE) .mypy_cache .ruff_cache .pytest_cache
