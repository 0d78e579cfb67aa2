# make book · make chapter · make new · make serve · make test · make notebooks · make assignments · make grade · make bench · make gpu
SHELL := /bin/bash
VENV ?= .venv
PYTHON := $(VENV)/bin/python
PORT ?= 8000
READY := $(VENV)/.ready
LEAST := $(shell sed -n 's/^requires-python = ">=\(.*\)"/\1/p' pyproject.toml)
CHROMIUM := $(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name))))
# The library's own threads: two test workers share two cores.
export OMP_NUM_THREADS ?= 1

.PHONY: setup new book chapter serve notebooks assignments grade bench gpu test lint unit site-test chromium clean

setup: $(READY)

$(READY): requirements.txt pyproject.toml
	@python3 -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(LEAST)".split("."))))' || \
	  { echo "python3 is older than $(LEAST): install a newer Python, then run make again."; exit 1; }
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet uv
	$(PYTHON) -m uv pip install --quiet --compile-bytecode --python $(PYTHON) -r requirements.txt -e .
	touch $@

book: $(READY)
	$(PYTHON) -m book.pipeline

# make chapter NAME=segmentation/unet: execute this one if it has changed, and build its page.
chapter: $(READY)
	@test -n "$(NAME)" || { echo "Say which chapter: make chapter NAME=segmentation/unet"; exit 1; }
	$(PYTHON) -m book.pipeline --chapter "$(NAME)"

serve: book
	@echo "http://localhost:$(PORT)/ (Ctrl-C stops it)"
	$(PYTHON) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

# The site's build writes the notebooks for Colab too, from the same resolved pages.
notebooks: book assignments
	mkdir -p _build/notebooks/assignments
	cp _build/assignments/*/student/*.ipynb _build/notebooks/assignments
	@echo "The notebooks are in _build/notebooks."

assignments: $(READY)
	$(PYTHON) -m lookclosely assignments

grade: $(READY)
	@test -n "$(PART)" -a -n "$(SUBMISSIONS)" || \
	  { echo "Say what to grade and where it is: make grade PART=looking SUBMISSIONS=folder"; exit 1; }
	$(PYTHON) -m lookclosely grade "$(SUBMISSIONS)" $(if $(OUT),--out "$(OUT)") \
	  --autograder "_build/assignments/$(PART)/teacher/$(PART)-autograder.zip"

# make new chapter=detection/fpn, or model=, op=, experiment=
KINDS := chapter experiment model op
new: $(READY)
	@$(PYTHON) -m book.scaffold $(foreach kind,$(KINDS),$(if $($(kind)),$(kind)=$($(kind))))

# PEERS=1 adds other packages where they are installed; the numbers go to the page of timings.
# Where the book is built, the seconds of its pages come last.
bench: $(READY)
	$(PYTHON) tests/bench.py --all --keep book/timings.json $(if $(PEERS),--peers)
	@test ! -d _build/html || PYTHONPATH=tests $(PYTHON) tests/book/page_speed.py

# The tests and every experiment again, on this machine's GPU; after a failure, what is left.
gpu: $(READY)
	$(PYTHON) -m lookclosely experiments gpu

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright

chromium:
	@test -n "$(CHROMIUM)" || \
	  { echo "The site's tests need Chromium: apt-get install chromium (or install Google Chrome)."; exit 1; }

unit: $(READY) chromium
	$(PYTHON) -m pytest -q -n 2 --dist loadgroup -m "not book"

# What reads the built book: all tests of a page in one process, which visits it once. Those that
# compare times come last, one at a time.
site-test: $(READY) chromium
	$(PYTHON) -m pytest -q -n 2 --dist loadgroup -m "book and not alone"
	$(PYTHON) -m pytest -q -m "book and alone"

test: chromium lint book unit site-test

clean:
	rm -rf _build
