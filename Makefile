# make demo         evaluate four methods on the toy scenes and draw a sheet;
#                   works offline and takes a few minutes
# make web          a page to try words on photos, with the toy model; works
#                   offline
# make leaderboard  evaluate all training-free methods on the toy scenes with
#                   three toy CLIPs; first trains two of them, half an hour
#                   each on two cores
# make test         run all tests
# make test-oldest  run all tests with the oldest supported dependencies
# make campaign     run the bad inputs, property tests and kills, and print
#                   their counts; docs/reliability.md explains them
# make docs         write the documentation's site to site/index.html
# make figures      measure the toy figures of the docs again, with the toy CLIP
#                   and GroupViT that come along, and say what has changed and
#                   what was not measured
# make pictures     draw the pictures of the methods' pages; first trains a
#                   student, a quarter of an hour
# make lint         run ruff
# make dist         build dist/*.tar.gz and, from it, dist/*.whl
PYTHON ?= python3
BIN := .venv/bin
OLDEST := .venv-oldest/bin
# Tests run in a process per core, at most four: each takes up to 3 GB.
PARALLEL := --numprocesses auto --maxprocesses 4
# Of the campaign's examples and kills.
SEED ?= $(shell date +%s)

TOY_CLIPS := $(foreach seed,1 2,work_dirs/toy-vit-p8-seed$(seed).safetensors)
METHODS := clip_b maskclip_b sclip clearclip naclip naclip_pamr gem cliptrase \
	scclip resclip resclip_sclip resclip_clearclip sfp proxyclip lposs \
	naclip_regions corrclip clip maskclip maskclip_ks_pd groupvit

.PHONY: demo web leaderboard test test-oldest campaign docs figures \
	pictures lint dist clean

demo: .venv/ready
	$(BIN)/python tools/demo.py

web: .venv/ready
	$(BIN)/python -m pip install --quiet --requirement requirements/web.txt
	$(BIN)/python tools/web.py --config maskclip_toy

leaderboard: .venv/ready $(TOY_CLIPS)
	$(BIN)/python tools/make_toy_scenes.py
	$(BIN)/python tools/leaderboard.py --methods $(METHODS) --datasets toy \
		--clip $(addprefix toy-vit-p8:,toy $(TOY_CLIPS))

# Has the suffix .part until it is complete; resumes after an interruption.
work_dirs/toy-vit-p8-seed%.safetensors: | .venv/ready
	$(BIN)/python tools/train_toy_clip.py --seed $* --resume --out $@.part
	mv $@.part $@
	rm $@.part.checkpoint

test: .venv/ready
	$(BIN)/python -m pytest $(PARALLEL)

test-oldest: .venv-oldest/ready
	$(OLDEST)/python -m pytest $(PARALLEL)

campaign: .venv/ready
	$(BIN)/python -m pytest $(PARALLEL) tests/campaign --campaign \
		--hypothesis-seed $(SEED)

docs: .venv/ready
	$(BIN)/python -m pip install --quiet --requirement requirements/docs.txt
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

figures: .venv/ready
	$(BIN)/python tools/make_toy_scenes.py
	$(BIN)/python tools/leaderboard.py --methods $(METHODS) kmeans \
		mean_shift spectral --datasets toy --work-dir work_dirs/figures
	$(BIN)/python tools/compare_figures.py work_dirs/figures/leaderboard.json

pictures: .venv/ready
	$(BIN)/python tools/train.py maskclip_plus_toy
	$(BIN)/python tools/make_method_pictures.py \
		--student work_dirs/maskclip_plus_toy/iter_1200.pth

lint: .venv/ready
	$(BIN)/python -m pip install --quiet "ruff>=0.6"
	$(BIN)/ruff check .

dist: .venv/ready
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build

# Installed again when the requirements change.
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
	rm -rf .venv .venv-oldest build dist site *.egg-info work_dirs/demo
