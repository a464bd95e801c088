# A thin front for CMake: every target can be typed by hand, see CMakePresets.json.

BUILD   := build
PREFIX  ?= /usr/local
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)
SECONDS ?= 60
T       ?=
# What is known to work there; see docs/memory-truth.md.
AARCH64_TESTS := probe.counts|probe.kill|probe.host|probe.enable|probe.mapped
TOOLS   := thag-analyze thag-cc thag-instrument thag-remove thag-run

.DEFAULT_GOAL := build
.PHONY: musl aarch64 other amalgamate build demo test check bench exports asan tsan fuzz install install-tools clean help deps-test

## build: compile library, tools and examples to build/release
build:
	@scripts/install-deps build
	@cmake --preset release --log-level=WARNING
	@cmake --build --preset release -j $(JOBS)

## demo: profile a document pipeline, and Lua from Debian's sources; print tables, draw flamegraphs
demo: build
	@scripts/demo $(BUILD)/release $(BUILD)/demo

deps-test:
	@scripts/install-deps build test
	@scripts/install-deps browser || echo "make: no browser; its tests will be skipped"

## test: compile to build/dev and run every test (T=regex: only those)
test: deps-test
	@cmake --preset dev --log-level=WARNING
	@cmake --build --preset dev -j $(JOBS)
	@ctest --preset dev $(if $(T),-R '$(T)')

## check: format, layers, exports, lengths, documents; then the tests
check: deps-test
	@scripts/install-deps check
	@cmake --preset dev --log-level=WARNING
	@cmake --build --preset dev -j $(JOBS)
	@scripts/check-format
	@scripts/check-layers
	@scripts/check-length
	@scripts/check-docs
	@scripts/check-exports $(BUILD)/dev
	@ctest --preset dev

## asan: the tests under AddressSanitizer and UndefinedBehaviorSanitizer
asan: deps-test
	@cmake --preset asan --log-level=WARNING
	@cmake --build --preset asan -j $(JOBS)
	@ctest --preset asan $(if $(T),-R '$(T)')

## tsan: the tests under ThreadSanitizer
tsan: deps-test
	@cmake --preset tsan --log-level=WARNING
	@cmake --build --preset tsan -j $(JOBS)
	@ctest --preset tsan $(if $(T),-R '$(T)')

## musl: the probes with musl libc
musl:
	@scripts/install-deps build test musl
	@$(MAKE) --no-print-directory other ON=musl

## aarch64: the probes that work there on 64-bit ARM, under emulation
aarch64:
	@scripts/install-deps build test aarch64
	@$(MAKE) --no-print-directory other ON=aarch64 T='$(or $(T),$(AARCH64_TESTS))'

other:
	@cmake --preset dev --log-level=WARNING
	@cmake --build --preset dev -j $(JOBS) --target thag-analyze trace_check kill_driver
	@cmake --preset $(ON) --log-level=WARNING
	@cmake --build --preset $(ON) -j $(JOBS)
	@ctest --preset $(ON) $(if $(T),-R '$(T)')

## fuzz: run the fuzzers (T=name: one of them; SECONDS=60: each)
fuzz:
	@scripts/install-deps build test fuzz
	@cmake --preset fuzz --log-level=WARNING
	@cmake --build --preset fuzz --target fuzzers -j $(JOBS)
	@scripts/fuzz $(BUILD)/fuzz $(SECONDS) $(T)

## exports: every export read by the tools that it is made for (installs those)
exports: deps-test
	@cmake --preset dev --log-level=WARNING
	@cmake --build --preset dev -j $(JOBS)
	@scripts/check-exports-with-others $(BUILD)/dev

## bench: measure, and print the table beside its targets
bench:
	@scripts/install-deps build bench
	@cmake --preset release --log-level=WARNING
	@cmake --build --preset release -j $(JOBS)
	@bench/run $(BUILD)/release

## install: install to PREFIX (/usr/local); DESTDIR is respected
install: build
	@cmake --install $(BUILD)/release --prefix $(PREFIX)

## install-tools: install the tools without the library (T=thag-analyze: one of them)
install-tools: build
	@for tool in $(or $(T),$(TOOLS)); do \
	    case " $(TOOLS) " in *" $$tool "*) ;; *) echo "make: no tool $$tool, only $(TOOLS)"; exit 2 ;; esac; \
	    cmake --install $(BUILD)/release --prefix $(PREFIX) --component $$tool || exit; done

## amalgamate: the runtime as one header and one C file, in build/amalgamation
amalgamate:
	@scripts/amalgamate $(BUILD)/amalgamation
	@echo "$(BUILD)/amalgamation/thag_profiler.h, thag_profiler.c: cc -DTHAG_TIME_PROFILING your.c thag_profiler.c -lpthread"

## clean: remove build/
clean:
	@cmake -E rm -rf $(BUILD)

## help: this list
help:
	@awk '/^## / { i = index($$0, ": "); printf "  make %-14s %s\n", substr($$0, 4, i - 4), substr($$0, i + 2) }' $(MAKEFILE_LIST)
