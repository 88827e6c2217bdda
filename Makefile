# Each target is one line; `make help` lists them. The work is done in Scripts/.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build release demo test test-vm check bench bench-audit bench-images fuzz install clean

PREFIX ?= /usr/local
STATIC := -c release -Xswiftc -static-executable

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

build: ## debug build of the command and the tests
	swift build --build-tests

release: ## one static executable, .build/release/brig
	swift build $(STATIC) --product brig

demo: ## install what is missing, build, and run a small hostile program under Policies/strict.json
	Scripts/install-dependencies build && $(MAKE) --no-print-directory release && Scripts/demo

test: ## install what is missing and run every test
	Scripts/install-dependencies build test && Scripts/run-tests

test-vm: ## run the launching and attacking tests on Debian's 6.1 and 6.12 kernels, in emulated machines
	Tests/VM/run

check: ## formats, floors, the child's symbols, no Foundation on the launch path, scripts, documents
	Scripts/install-dependencies build && Scripts/check-format && Scripts/check-floors && Scripts/check-scripts && Scripts/check-child-symbols && Scripts/check-no-foundation && Scripts/check-documents && Scripts/check-attacks

bench: ## compare a launch with the field's tools
	Scripts/install-dependencies build bench && $(MAKE) --no-print-directory release && Scripts/bench

bench-audit: ## what an audit costs: plain, by each engine, and under strace
	Scripts/install-dependencies build test && $(MAKE) --no-print-directory release && Scripts/bench-audit

bench-images: ## compare imports and starts of images: make bench-images ARCHIVE=root.tar, as mmdebstrap makes it
	Scripts/install-dependencies build bench && $(MAKE) --no-print-directory release && Scripts/bench-images "$(ARCHIVE)"

fuzz: ## read random archives and manifests for a minute
	Scripts/install-dependencies build && Scripts/fuzz-images

install: release ## install the command, policies and profiles below PREFIX (/usr/local), under DESTDIR
	Scripts/install "$(DESTDIR)" "$(PREFIX)"

clean: ## remove everything that was built
	rm -rf .build
