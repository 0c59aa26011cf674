# Everything a contributor runs. PYTHON is any interpreter that has the project's dependencies.
PYTHON ?= python3
IMAGE ?= vonage-video-emulator
CONTAINER ?= docker
HTM = 3.1.1
VENDOR = emulator/dashboard/vendor

.PHONY: help install run test test-extended coverage coverage-core newest check bench image example vendor

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

install: ## install the project and everything its tests need
	$(PYTHON) -m pip install --editable '.[test]'

run: ## run the emulator; ARGS="--pace instant" for flags
	$(PYTHON) -m emulator serve $(ARGS)

test: ## run the tests
	$(PYTHON) -m pytest -m "not extended"

test-extended: ## run the tests, the slow ones included
	$(PYTHON) -m pytest

coverage: ## run the tests with branch coverage, that of the processes they start too; ARGS for paths
	$(PYTHON) -m coverage erase
	$(PYTHON) -m coverage run -m pytest $(ARGS)
	$(PYTHON) -m coverage combine --quiet
	$(PYTHON) -m coverage report --show-missing --skip-covered

coverage-core: ## every branch of state/ and scenarios/ is taken by their own tests
	PYTHON=$(PYTHON) .ci/coverage core

newest: ## run the SDK suites with the newest SDKs
	.ci/newest

check: ## lint and type-check
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	lint-imports
	$(PYTHON) -m mypy --package tests --package benchmarks

bench: ## measure against the budgets; ARGS for options
	$(PYTHON) -m benchmarks $(ARGS)

image: ## build the container image
	$(CONTAINER) build --tag $(IMAGE) .

example: ## run the SDK example of examples/compose in containers
	$(CONTAINER) compose run --build --rm example

vendor: ## fetch the one library of the page anew, with its licence; needs npm
	npm pack --silent htm@$(HTM)
	tar -xzOf htm-$(HTM).tgz package/preact/standalone.module.js > $(VENDOR)/preact.js
	tar -xzOf htm-$(HTM).tgz package/LICENSE > $(VENDOR)/LICENSE.htm
	rm htm-$(HTM).tgz
