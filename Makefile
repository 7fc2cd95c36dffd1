# Two commands for a newcomer: `make run` and `make test`. `make help` lists the others.
MAKEFLAGS += --no-print-directory
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
IN := .venv/bin

.PHONY: help setup run test check smoke faults bench lock messages clean

help:
	@echo 'make run       set up, then the whole product with its demo (Ctrl-C stops it)'
	@echo 'make test      set up, then every check and every test'
	@echo 'make check     format, lint, imports, types, templates, migrations'
	@echo 'make smoke     start the product as a user would and prove it through its doors'
	@echo 'make faults    break it at random under load and compare (MINUTES=10, SEED=1)'
	@echo 'make bench     measure, side by side, into var/bench.json'
	@echo 'make lock      compile requirements/*.in (UPGRADE=1 takes newer versions)'
	@echo 'make messages  gather the texts to translate'
	@echo 'make clean     remove what set-up and tests made; var/ with the data stays'

setup:
	@test -n '$(PYTHON)' || { echo 'set-up: needs Python 3.11 or newer (python3)'; exit 1; }
	@$(PYTHON) tools/setup.py

run: setup
	@$(IN)/noroshi up --demo $(UP)

test: setup
	@$(IN)/python tools/test.py

check: setup
	@$(IN)/python tools/check.py

smoke: setup
	@$(IN)/noroshi smoke

faults: setup
	@$(IN)/noroshi faults $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

bench: setup
	@$(IN)/python bench/run.py

lock: setup
	@$(IN)/python tools/lock.py $(if $(UPGRADE),--upgrade)

messages: setup
	@$(IN)/python tools/messages.py

clean:
	rm -rf .venv build node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} +
