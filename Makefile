# Two commands need nothing beforehand: `make demo` and `make test`. Each builds .venv when it is missing.

PYTHON ?= python3
BASELINE ?= full_page_pretrained
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: help install demo test test-slow test-accelerator check lint format bench memory results weights-tiny clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | awk -F'|' '{printf "  make %-18s %s\n", $$1, $$2}'

install: $(STAMP)  ## build .venv with the tested versions

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade -c constraints.txt pip setuptools
	$(RUN) -m pip install --quiet -c constraints.txt --editable ".[dev]"
	touch $@

demo: $(STAMP)  ## generate pages, train a small model on them, read a page it never saw
	$(RUN) data_prep.py --generate 1600 --val 16 --output_name demo --config config/pages/demo.gin
	$(RUN) train_full_page.py --config config/demo.gin
	$(RUN) -m jazzmus.show --checkpoint weights/demo/best.ckpt --data data/demo --split val --output weights/demo/page.png

test: $(STAMP)  ## run the tests
	$(RUN) -m pytest -q

test-slow: $(STAMP)  ## run the tests that train for many minutes
	$(RUN) -m pytest -q -m slow --timeout 7200

test-accelerator: $(STAMP)  ## run the tests that need a CUDA device
	$(RUN) -m pytest -q -m accelerator

check: lint  ## lint, format check and types
	$(VENV)/bin/mypy

lint: $(STAMP)  ## ruff
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

format: $(STAMP)  ## let ruff rewrite the files
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(STAMP)  ## remake docs/benchmarks.md: a page read our way and the published one, tokens, batches, beams, training
	$(RUN) -m jazzmus.bench --output docs/benchmarks.md

memory: $(STAMP)  ## remake docs/memory.md: the memory each shipped config needs at its batch size
	$(RUN) -m jazzmus.training.memory --output docs/memory.md

results: $(STAMP)  ## remake docs/results.md from the records in docs/runs, tested against BASELINE
	$(RUN) -m jazzmus.compare --results docs/results.md --baseline $(BASELINE)

weights-tiny: $(STAMP)  ## train the tiny weights on prepared data; MINUTES=M stops after them, and the same command goes on
	$(RUN) -m jazzmus.recipe config/recipe/tiny/1_systems.gin config/recipe/tiny/2_pages.gin $(if $(MINUTES),--minutes $(MINUTES))
	$(RUN) -m jazzmus.evaluate --checkpoint weights/tiny_pages/best.ckpt --data data/handwritten --output weights/tiny_pages/read.jsonl
	$(RUN) -m jazzmus.publish --run weights/tiny_pages --output weights/tiny --force --results weights/tiny_pages/read.jsonl

clean:  ## remove the environment and caches, never data or weights
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
