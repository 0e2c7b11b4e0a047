# SolidFade: `make demo` and `make test` do all the set-up they need.

# AVX2 where the processor has it; results are the same bits without it.
FLAGS := $(shell grep -qw avx2 /proc/cpuinfo 2>/dev/null && grep -qw fma /proc/cpuinfo && echo "-Xcc -march=x86-64-v3")
BUILD := swift build -c release $(FLAGS)
TOOL := .build/release/solidfade
OUT := out/demo

PEERS ?= Benchmarks/learner/.build/peers
PHYSICS_PEERS ?= Benchmarks/physics/.build/peers
FORECAST_PEERS ?= .build/forecast-peers

.PHONY: build library demo test lint format bench bench-learner bench-physics bench-forecast validation docs datasets skill models setup clean

setup:
	@bash scripts/setup.sh

build: setup
	$(BUILD) --product solidfade

# The shared library with the C interface of Sources/SolidFadeC/solidfade.h: .build/release/libSolidFadeC.so
library: setup
	$(BUILD) --product SolidFadeC

demo: build
	@bash scripts/demo.sh $(TOOL) $(OUT)

test: setup
	$(BUILD) --product solidfade
	swift test -c release $(FLAGS) -Xswiftc -enable-testing --scratch-path .build-tests

lint:
	swift format lint --strict --recursive Package.swift Sources Tests

format:
	swift format --in-place --recursive Package.swift Sources Tests

bench: build
	@bash Benchmarks/run.sh $(TOOL)

bench-learner: setup
	cd Benchmarks/learner && swift build -c release $(FLAGS)
	[ -d $(PEERS) ] || (python3 -m venv $(PEERS) && $(PEERS)/bin/pip install -q \
	  lightgbm xgboost scikit-learn catboost ngboost torch scipy numpy)
	$(abspath $(PEERS))/bin/python Benchmarks/learner/compare.py \
	  Benchmarks/learner/.build/release/LearnerBench ../shared/data
	bash Benchmarks/learner/network.sh $(abspath $(PEERS))/bin/python 3 5

# Time of training and forecasts on the measured datasets, beside pandas and scikit-learn.
bench-forecast: build
	[ -d $(FORECAST_PEERS) ] || (python3 -m venv $(FORECAST_PEERS) && $(FORECAST_PEERS)/bin/pip install -q pandas scikit-learn)
	@mkdir -p out
	$(FORECAST_PEERS)/bin/python Benchmarks/forecast.py $(TOOL) ../shared/data > out/forecast.md
	cp out/forecast.md Benchmarks/forecast.md

# Speed of the physics beside NumPy, Numba and PyBaMM.
bench-physics: build
	swift build -c release $(FLAGS) --package-path Benchmarks/physics
	[ -d $(PHYSICS_PEERS) ] || (python3 -m venv $(PHYSICS_PEERS) && $(PHYSICS_PEERS)/bin/pip install -q numpy numba pybamm)
	$(PHYSICS_PEERS)/bin/python Benchmarks/physics/run.py Benchmarks/physics/.build/release/PhysicsBenchmark $(TOOL)

docs: setup
	SOLIDFADE_DOCS=1 swift package --scratch-path .build-docs --allow-writing-to-directory out/docs \
	  generate-documentation --target LifetimeForecast --output-path out/docs

datasets: build
	@bash scripts/make-datasets.sh $(TOOL)

# Every benchmark that the data at hand allow, beside published numbers and baselines; about 18 minutes.
skill: build
	$(TOOL) skill ../shared/data --sulfide datasets/sulfide-literature -o out/skill --force
	cp out/skill/skill.md Benchmarks/skill.md

# The models that ship.
models: build
	@bash scripts/train-models.sh $(TOOL) ../shared/data

# Physics against every published checkpoint, in three populations.
validation: build
	$(TOOL) validate datasets/sulfide-literature --members 48 --seeds 3 -o out/validation --force
	cp out/validation/validation.md Benchmarks/validation.md

clean:
	rm -rf .build .build-tests out
