# make demo   install into .venv and make the demo corpus
# make test   lint, types and tests
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
OUT    ?= runs/home

.PHONY: help demo test test-heavy bulk bench-grammar bench-scrub bench-lm bench-utility bench-filters bench-evaluate bench-bias bench-export bench-dialogue oracles pii-model clean install install-dev

help:
	@echo "make demo        install and generate the demo corpus into $(OUT)"
	@echo "make test        ruff, mypy and pytest"
	@echo "make test-heavy  the long forms of the tests"
	@echo "make bench-grammar DATA=DIR  the grammar beside its peers and its ceiling"
	@echo "make bench-scrub DATA=DIR  the scrub beside plain Presidio: found, kept, speed"
	@echo "make bench-lm SEEDS=FILE  the language model beside peft, generate and llama.cpp"
	@echo "make bench-utility DATA=DIR  what synthetic rows are worth to a classifier"
	@echo "make bench-filters DATA=DIR  filters and selection before fresh discriminators, and their speed"
	@echo "make bench-evaluate DATA=DIR  the metrics where the truth is known, and how long they take"
	@echo "make bench-bias DATA=DIR  swapped twins on Winogender and WinoBias"
	@echo "make bench-export  a million rows to Parquet, Rasa and JSON lines"
	@echo "make bench-dialogue DATA=DIR  dialogues beside real ones, and their speed"
	@echo "make oracles     the real readers of the export formats, into .oracles"
	@echo "make pii-model   train the small model of the scrub again (20 minutes)"
	@echo "make bulk        100,000 template rows into runs/bulk"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.models: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt torch -e ".[models,evaluate]"
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt torch -e ".[models,evaluate,dev]"
	@touch $@ $(VENV)/.models

install: $(VENV)/.models
install-dev: $(VENV)/.dev

demo: install
	$(BIN)/textsynth generate templates/home/recipe.yaml -o $(OUT)

test: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto

test-heavy: install-dev
	TEXTSYNTH_HEAVY=1 $(BIN)/pytest -m "heavy or not heavy"

bulk: install
	$(BIN)/python scripts/bulk.py templates/home/intents -n 100000 --workers 2 -o runs/bulk

# DATA: a folder with make_templates.py; PEERS: a virtual environment with chatette
bench-grammar: install-dev
	$(BIN)/python scripts/bench_grammar.py --data $(DATA) $(if $(PEERS),--peers $(PEERS))

# DATA: a folder with pii_dev and ner_wnut17 (scripts/bench_scrub.py says what they hold)
bench-scrub: install-dev
	$(BIN)/python scripts/bench_scrub.py --data $(DATA) --plain --rounds 3

# SEEDS: a file of scripts/fewshot.py; PEERS: a Python that has llama-cpp-python
bench-lm: install-dev
	$(BIN)/python scripts/bench_lm.py --seeds $(SEEDS) --slots $(if $(PEERS),--peers $(PEERS))

# DATA: a folder with clinc150 and snips (scripts/fewshot.py says what they hold)
bench-utility: install-dev
	$(BIN)/python scripts/bench_utility.py --data $(DATA) --set clinc150
	$(BIN)/python scripts/bench_utility.py --data $(DATA) --set snips

# DATA: as above; the peers semhash, datasketch and rensa are installed beside
bench-filters: install-dev
	$(BIN)/python scripts/bench_filters.py --data $(DATA) --set clinc150
	$(BIN)/python scripts/bench_filters.py --data $(DATA) --set snips --rows 150 --per-intent 600
	$(BIN)/python scripts/bench_dedup.py

# DATA: a folder with clinc150
bench-evaluate: install-dev
	$(BIN)/python scripts/bench_evaluate.py --data $(DATA) --mixing

# DATA: a folder with bias_winobias and bias_winogender
bench-bias: install-dev
	$(BIN)/python scripts/bench_bias.py --data $(DATA)

bench-export: install
	$(BIN)/python scripts/bench_export.py

# DATA: a folder with sgd and bank_fraud (scripts/bench_dialogue.py says what they hold)
bench-dialogue: install-dev
	$(BIN)/python scripts/bench_dialogue_speed.py
	$(BIN)/python scripts/bench_dialogue.py schema --data $(DATA)
	$(BIN)/python scripts/bench_dialogue.py fraud --data $(DATA)

oracles:
	scripts/make_oracles.sh

pii-model: install-dev
	$(BIN)/python scripts/train_pii_ner.py -o textsynth/scrub/ner

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
