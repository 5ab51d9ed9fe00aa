# The few gates of the project; people and .ci/run call the same ones.
SOURCES := Sources Tests Package.swift
# Tests run in release, where the C kernels are optimised, and share the build of the program itself.
# An import that Package.swift does not declare is an error.
BUILD_OPTIONS := -c release --explicit-target-dependency-import-check error
TEST_OPTIONS := $(BUILD_OPTIONS) --disable-testable-imports

.PHONY: setup build test test-slow test-slurm test-image lint format docs picture bench bench-import bench-spo bench-si bench-idgen accuracy reconstruction groups effect coverage instruments reproduce spo spo-figures idgen fuzz check install install-files uninstall dist demo clean stress

setup: ## install missing packages and make .venv
	@launch/setup.sh

build: setup ## release build
	swift build $(BUILD_OPTIONS)

test: build ## all tests, in release
	swift test $(TEST_OPTIONS)

test-slow: build ## what takes minutes: twenty kills at random moments, a million samples of graphs, images, failing hosts (as root)
	GIV_SLOW_TESTS=1 swift test $(TEST_OPTIONS) --filter 'CheckpointKillTests|InterventionalSamplingTests.NetworkTests|IdgenModelCommandTests'
	launch/test-relaunch.sh

test-slurm: build ## trainings stopped by their time, lost nodes and killed ranks under a real Slurm (as root): ten minutes
	launch/test-slurm.sh

test-image: build ## the images of launch/Containerfile and launch/giv-dist.def, made and run (as root): a quarter of an hour
	launch/test-image.sh

lint: ## style
	swift format lint --strict --recursive $(SOURCES)

format: ## rewrite in style
	swift format --in-place --recursive $(SOURCES)

docs: ## reference pages in .build/documentation
	@launch/setup.sh --program
	launch/docs.sh

picture: ## the README's picture of a report, anew
	launch/picture.sh

bench: build ## speed beside scikit-learn and numpy, as ratios
	@launch/setup.sh --bench
	.venv/bin/python bench/compare.py

bench-import: build ## speed of reading a table of a million rows beside pandas.read_csv
	@launch/setup.sh --bench
	.venv/bin/python bench/import.py $$(swift build -c release --show-bin-path)/giv-dist

accuracy: build ## labels beside the Bayes rule on nine scenarios: some minutes
	.venv/bin/python bench/accuracy.py $$(swift build -c release --show-bin-path)/giv-dist

reconstruction: build ## learned representations beside the Bayes rule and the paper: some minutes
	.venv/bin/python bench/reconstruction.py $$(swift build -c release --show-bin-path)/giv-dist

groups: build ## number of groups that each criterion finds on 30 draws: some minutes
	.venv/bin/python bench/groups.py $$(swift build -c release --show-bin-path)/giv-dist

effect: build ## the joint model's effect on simulated draws, and when it must warn: an hour
	.venv/bin/python bench/effect.py $$(swift build -c release --show-bin-path)/giv-dist

coverage: build ## of its 95% interval, over 200 draws: half an hour
	.venv/bin/python bench/effect.py $$(swift build -c release --show-bin-path)/giv-dist --draws 200 --seed 1000 \
		--designs "confounding 0.5"

stress: build ## the joint model where its assumptions break, beside clean rows: an hour; goes on if stopped
	.venv/bin/python bench/stress.py $$(swift build -c release --show-bin-path)/giv-dist --jobs 2

instruments: build ## the effect by instrumental regression on simulated draws: some minutes
	.venv/bin/python bench/instruments.py $$(swift build -c release --show-bin-path)/giv-dist

reproduce: build ## the paper's tables and figures of simulated rows, ours beside the paper's: half an hour; goes on if stopped
	mpirun -n 2 $$(swift build -c release --show-bin-path)/giv-dist reproduce all --out .build/reproduce --resume

reproduce-%: build ## one of them, such as reproduce-table2
	mpirun -n 2 $$(swift build -c release --show-bin-path)/giv-dist reproduce $* --out .build/reproduce-$* --resume

spo: build ## synthetic potential outcomes on simulated draws, against its targets: an hour or two, goes on where it stopped
	.venv/bin/python bench/spo.py $$(swift build -c release --show-bin-path)/giv-dist --out runs/spo

spo-figures: build ## the two figures of the paper on synthetic potential outcomes, as tables: an hour, goes on where it stopped
	.venv/bin/python bench/spo.py $$(swift build -c release --show-bin-path)/giv-dist figures --out runs/spo

bench-spo: build ## speed of its moments beside numpy
	@launch/setup.sh --bench
	.venv/bin/python bench/compare_spo.py $$(swift build -c release --show-bin-path)/giv-dist

idgen: build ## answers from causal graphs on random models, against the truth: half an hour
	.venv/bin/python bench/idgen.py $$(swift build -c release --show-bin-path)/giv-dist --jobs 2

bench-idgen: build ## speed of draws from tables and of joint counts beside numpy
	@launch/setup.sh --bench
	.venv/bin/python bench/compare_idgen.py $$(swift build -c release --show-bin-path)/giv-dist

bench-si: build ## speed of synthetic interventions beside numpy, and beside one decomposition per cell
	@launch/setup.sh --bench
	.venv/bin/python bench/compare_si.py $$(swift build -c release --show-bin-path)/giv-dist

fuzz: build ## 2,000 damaged shards, HDF5 files and tables: some minutes
	.venv/bin/python bench/fuzz.py $$(swift build -c release --show-bin-path)/giv-dist

install: setup install-files ## program, manual and completions, below PREFIX (/usr/local)

# The Swift runtime goes inside, so that machines without Swift run it.
STATIC_OPTIONS := $(BUILD_OPTIONS) --static-swift-stdlib --scratch-path .build/static
install-files:
	swift build $(STATIC_OPTIONS) --product giv-dist
	swift build $(STATIC_OPTIONS) --product generate-manual
	rm -rf .build/static/manual && mkdir -p .build/static/manual
	.build/static/release/generate-manual .build/static/release/giv-dist --multi-page --output-directory .build/static/manual
	PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" launch/install.sh .build/static/release/giv-dist .build/static/manual

dist: setup ## a tarball that runs on a Debian 12 without Swift, in .build/dist
	launch/dist.sh

uninstall: ## take away what `make install` put below PREFIX
	@PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" launch/install.sh --remove

check: lint test ## what must pass before a commit

demo: ## simulate shards and train on eight ranks
	@launch/demo.sh

clean: ## remove what building and setting up made
	rm -rf .build .venv
