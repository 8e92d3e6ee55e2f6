# SPDX-License-Identifier: Apache-2.0
# The interface to building, testing and installing Vigil. `make help` lists it.

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
INSTALL ?= install
RELEASE = -c release --static-swift-stdlib
PROGRAMS = .build/release/vigil .build/release/vigil-supervisor

define FAULT_BUILD
$(SWIFT) build --product vigil
$(SWIFT) build --product vigil-supervisor
$(SWIFT) build --product fault-campaign
endef

.DEFAULT_GOAL := help
.PHONY: help build test test-agents test-api test-dashboard test-fault fault-long check sanitize coverage format bench bench-peers count install uninstall demo clean

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the release programs, with the Swift runtime linked in
	$(SWIFT) build $(RELEASE) --product vigil
	$(SWIFT) build $(RELEASE) --product vigil-supervisor

test: ## build everything and run all tests: unit, integration, end to end with the built programs
	$(SWIFT) test --disable-xctest

test-agents: ## run the real agent programs, from PyPI, against stand-ins of their services; skipped without them
	$(SWIFT) build --product vigil
	$(SWIFT) build --product vigil-supervisor
	scripts/test-agents

test-dashboard: ## run the dashboard in Chromium against a daemon; skipped without Chromium or PyPI
	$(SWIFT) build --product vigil
	$(SWIFT) build --product vigil-supervisor
	scripts/test-dashboard $(if $(SCREENSHOTS),--screenshots '$(SCREENSHOTS)')

test-api: ## have the HTTP API judged by validators from PyPI and Debian, and put load on it; skipped without them
	$(SWIFT) build --product vigil
	$(SWIFT) build --product vigil-supervisor
	$(SWIFT) build --product api-stand
	scripts/test-api

MINUTES ?= 15
test-fault: ## break the daemon in every place and at random times, and check what comes out; up to 20 minutes
	$(FAULT_BUILD)
	.build/debug/fault-campaign all --minutes $(MINUTES)

KILLS ?= 10000
fault-long: ## the same without leaving anything out, and with KILLS=10000 random kills
	$(FAULT_BUILD)
	.build/debug/fault-campaign all --long --kills $(KILLS)

check: ## check format, imports, forbidden calls, documentation, sizes, scripts, links, words, planted faults
	scripts/check
	scripts/plant-faults --dry-run

sanitize: ## run all tests under the thread and the address sanitizer
	scripts/sanitize

coverage: ## run all tests and print the coverage of each file
	scripts/coverage

format: ## rewrite the Swift source in the house format
	$(SWIFT) format format --in-place --parallel --recursive Sources Tests Package.swift

bench: build ## measure the programs beside a yardstick in C, and draw docs/performance.md; ten minutes
	Benchmarks/bench.py --json Benchmarks/results/bench.json
	Benchmarks/charts.py

bench-peers: build ## measure the task runners that are installed here, and Vigil as one more
	Benchmarks/peers/all.py
	Benchmarks/charts.py

count: build ## count what one task costs, and compare it with Benchmarks/task-costs.json
	scripts/count-instructions

install: $(PROGRAMS) ## install the built programs below PREFIX (/usr/local), under DESTDIR when it is set
	$(INSTALL) -d '$(DESTDIR)$(PREFIX)/bin'
	$(INSTALL) -m 0755 $(PROGRAMS) '$(DESTDIR)$(PREFIX)/bin'

# Only when they are not there: installing as root needs no toolchain.
$(PROGRAMS):
	@$(MAKE) --no-print-directory build

uninstall: ## remove what install has installed
	rm -f $(PROGRAMS:.build/release/%='$(DESTDIR)$(PREFIX)/bin/%')

demo: ## install what building needs, build, and run one task through the whole flow
	scripts/install-dependencies
	@$(MAKE) --no-print-directory build
	.build/release/vigil demo

clean: ## remove everything that was built
	rm -rf .build
