# make demo         a number and a picture, offline, in minutes
# make test         all tests
# make test-oldest  all tests on the oldest supported stack
# make lint         ruff
PYTHON ?= python3
BIN := .venv/bin
OLDEST := .venv-oldest/bin

.PHONY: demo test test-oldest lint clean

demo: .venv/ready
	$(BIN)/python tools/demo.py

test: .venv/ready
	$(BIN)/python -m pytest

test-oldest: .venv-oldest/ready
	$(OLDEST)/python -m pytest

lint: .venv/ready
	$(BIN)/python -m pip install --quiet "ruff>=0.6"
	$(BIN)/ruff check .

# The stamp is made anew when the requirements change.
.venv/ready: setup.py requirements/runtime.txt requirements/lite.txt \
		requirements/tests.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --editable ".[lite,tests]"
	touch $@

.venv-oldest/ready: setup.py requirements/oldest.txt
	$(PYTHON) -m venv .venv-oldest
	$(OLDEST)/python -m pip install --quiet --upgrade pip
	$(OLDEST)/python -m pip install --requirement requirements/oldest.txt
	$(OLDEST)/python -m pip install --editable ".[lite,tests]" \
		--constraint requirements/oldest.txt
	touch $@

clean:
	rm -rf .venv .venv-oldest build *.egg-info work_dirs/demo
