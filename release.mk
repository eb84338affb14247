# What a release consists of. Included by the Makefile; `make release` puts all of it into target/dist, without the
# network once the tools are there, and the same bytes for the same commit.
#
# What a platform has of its own (`make release-platform`) is built on each of them; what is for all of them
# (`make release-common`) is made of what lies in target/dist then. publish.mk does the rest.

DIST := target/dist
VERSION = $(shell sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml)
REPOSITORY = $(shell sed -n '/^repository = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml)
RELEASE_TARGET = $(shell rustc -vV | sed -n 's/^host: //p')
RELEASE_NAME = kelos-metadata-$(VERSION)-$(RELEASE_TARGET)
# The CPU, as images name it.
RELEASE_ARCH = $(patsubst aarch64-%,arm64,$(patsubst x86_64-%,amd64,$(RELEASE_TARGET)))

# The program, and what writes its manual pages. Who has built them says where they are; otherwise they are built.
RELEASE_BINARY = target/release/kelos-metadata
RELEASE_MAN = $(CARGO) run --quiet $(PROFILE) --locked --package kelos-metadata-examples --bin man --

# The helm that packs the chart: that of the tests, built from source, so that it packs the same on every machine.
HELM_HERE := target/controlplane/helm
HELM ?= $(HELM_HERE)

# renovate: datasource=crate depName=cargo-cyclonedx
CYCLONEDX_VERSION := 0.5.9
CYCLONEDX_HERE := .tools/cargo-cyclonedx-$(CYCLONEDX_VERSION)/bin/cargo-cyclonedx
CYCLONEDX := $(or $(shell command -v cargo-cyclonedx 2>/dev/null),$(CYCLONEDX_HERE))

# The Dockerfile has the version, too.
# renovate: datasource=crate depName=cargo-auditable
AUDITABLE_VERSION := 0.7.7
AUDITABLE_HERE := .tools/cargo-auditable-$(AUDITABLE_VERSION)/bin/cargo-auditable
AUDITABLE := $(or $(shell command -v cargo-auditable 2>/dev/null),$(AUDITABLE_HERE))

# renovate: datasource=pypi depName=cargo-zigbuild
ZIGBUILD_VERSION := 0.24.0
ZIGBUILD_HERE := .tools/cargo-zigbuild-$(ZIGBUILD_VERSION)

# What the program of a release says of itself. Other builds do not know: they would begin anew with each commit.
RELEASE_COMMIT ?= $(shell git describe --always --dirty --abbrev=40 --exclude '*')

# Where cargo keeps the crates: panics name their files, and whoever built the program is nobody's business.
CRATES = $${CARGO_HOME:-$$HOME/.cargo}

# Where the archives are found, and the image that the chart and install.yaml start: REPOSITORY[:TAG][@sha256:…].
# A fork that publishes changes `repository` in Cargo.toml, and both follow.
RELEASE_URL ?= $(REPOSITORY)/releases/download/v$(VERSION)
RELEASE_IMAGE ?= $(REGISTRY):$(VERSION)
REGISTRY = $(shell echo $(patsubst https://github.com/%,ghcr.io/%,$(REPOSITORY)) | tr A-Z a-z)

# Archives are the same for the same commit: no names, no times of this machine.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)
ARCHIVE = tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@$(SOURCE_DATE_EPOCH) \
	--mode=u=rwX,go=rX --use-compress-program='gzip --no-name --best' --create

.PHONY: release
release: release-tools ## build a release for this platform into target/dist: program, plugin, image context, SBOM; chart, install.yaml, krew manifest, checksums
	rm -rf $(DIST)
	$(MAKE) --no-print-directory release-platform
	$(HADOLINT) $(DIST)/image/Dockerfile
	$(MAKE) --no-print-directory release-common
	cat $(DIST)/SHA256SUMS

.PHONY: release-platform
release-platform: release-program release-plugin release-image release-sbom ## the part of a release that each platform has of its own

.PHONY: release-common
release-common: release-krew release-chart release-install release-checksums ## the part for all platforms, made of what is in target/dist

# As it is published: in the image that the Dockerfile begins with, whose C library is older than that of most machines.
RELEASE_BUILDER = $(shell sed -n '/^FROM rust:/{s/^FROM \([^ ]*\).*/\1/p;q}' Dockerfile)
.PHONY: release-in-container
release-in-container: ## make release-platform as it is published, in the image that the Dockerfile begins with; takes Docker
	docker run --rm --volume '$(CURDIR):/src' --workdir /src $(RELEASE_BUILDER) sh -ec ' \
		apt-get update --quiet=2; apt-get install --quiet=2 --yes --no-install-recommends git make; \
		git config --global --add safe.directory /src; \
		make release-platform'

# First what can be missing, then what takes minutes.
.PHONY: release-tools
release-tools: toolchain $(CYCLONEDX) $(AUDITABLE) $(HADOLINT) release-helm

.PHONY: release-helm
release-helm: $(filter $(HELM_HERE),$(HELM))
	@$(HELM) version --short >/dev/null || { echo 'HELM=$(HELM) does not run, which packs the chart: without HELM, `make release` builds it' >&2; exit 1; }

.PHONY: $(HELM_HERE)
$(HELM_HERE):
	mkdir -p $(@D)
	cd tests/go/helm && go build -p 2 -trimpath -buildvcs=false -o ../../../$(@D)/ helm.sh/helm/v3/cmd/helm

# cargo-auditable writes the list of its crates into the program, where scanners read it.
.PHONY: target/release/kelos-metadata
target/release/kelos-metadata: toolchain $(AUDITABLE)
	RUSTFLAGS="--remap-path-prefix=$(CRATES)=/cargo $$RUSTFLAGS" KELOS_METADATA_COMMIT=$(RELEASE_COMMIT) \
		$(AUDITABLE) auditable build --release --locked --bin kelos-metadata
	@! grep -qF "$(CRATES)" $@ || { echo "the program names $(CRATES), a place on this machine" >&2; exit 1; }
	@grep -qF .dep-v0 $@ || { echo 'the program has no list of its crates: see cargo-auditable' >&2; exit 1; }

# The program with its completions and manual pages, and the names by which kubectl finds it, as people install it.
.PHONY: release-program
release-program: $(RELEASE_BINARY)
	rm -rf $(DIST)/$(RELEASE_NAME)
	mkdir -p $(DIST)/$(RELEASE_NAME)/completions
	install -m 0755 $(RELEASE_BINARY) $(DIST)/$(RELEASE_NAME)/kelos-metadata
	install -m 0644 README.md CHANGELOG.md LICENSE $(DIST)/$(RELEASE_NAME)/
	for shell in bash elvish fish powershell zsh; do \
		$(RELEASE_BINARY) completion $$shell > $(DIST)/$(RELEASE_NAME)/completions/kelos-metadata.$$shell || exit 1; \
	done
	for name in kubectl-kelos_metadata kubectl_complete-kelos_metadata; do \
		ln -s kelos-metadata $(DIST)/$(RELEASE_NAME)/$$name || exit 1; \
	done
	$(RELEASE_MAN) $(DIST)/$(RELEASE_NAME)/man
	$(ARCHIVE) --file $(DIST)/$(RELEASE_NAME).tar.gz --directory $(DIST) $(RELEASE_NAME)
	rm -r $(DIST)/$(RELEASE_NAME)

# krew takes no symlinks out of an archive, so its own has the program alone; it makes the name of the plugin itself.
.PHONY: release-plugin
release-plugin: $(RELEASE_BINARY)
	rm -rf $(DIST)/krew
	mkdir -p $(DIST)/krew
	install -m 0755 $(RELEASE_BINARY) $(DIST)/krew/kelos-metadata
	install -m 0644 LICENSE $(DIST)/krew/
	$(ARCHIVE) --file $(DIST)/$(RELEASE_NAME)-krew.tar.gz --directory $(DIST)/krew kelos-metadata LICENSE
	rm -r $(DIST)/krew

.PHONY: release-krew
release-krew:
	packaging/krew.sh $(VERSION) $(REPOSITORY) $(RELEASE_URL) $(DIST)/kelos-metadata-$(VERSION)-*-krew.tar.gz > $(DIST)/kelos-metadata.yaml

# The last stage of the Dockerfile, with the root file system beside it instead of in the stage before: in a folder of
# its CPU's name, so that the contexts of two platforms, one unpacked over the other, are one for both.
.PHONY: release-image
release-image: $(RELEASE_BINARY)
	rm -rf $(DIST)/image
	mkdir -p $(DIST)/image
	image/rootfs.sh $(RELEASE_BINARY) $(DIST)/image/$(RELEASE_ARCH)
	sed -n '/^FROM scratch/,$$p' Dockerfile | \
		sed 's|^COPY --from=build /rootfs/ /$$|ARG TARGETARCH\nCOPY $$TARGETARCH/ /|' > $(DIST)/image/Dockerfile
	grep -q '^COPY $$TARGETARCH/ /$$' $(DIST)/image/Dockerfile
	$(ARCHIVE) --file $(DIST)/$(RELEASE_NAME)-image.tar.gz --directory $(DIST)/image .

# Every crate that is in the program. Its own place on this machine is nobody's business. Those of the other crates of
# the workspace are made, too, and not wanted.
.PHONY: release-sbom
release-sbom: toolchain $(CYCLONEDX)
	mkdir -p $(DIST)
	$(CYCLONEDX) cyclonedx --quiet --format json --spec-version 1.5 --target $(RELEASE_TARGET) --no-build-deps \
		--override-filename $(RELEASE_NAME).cdx
	sed 's|path+file://$(CURDIR)#||g' $(RELEASE_NAME).cdx.json > $(DIST)/$(RELEASE_NAME).cdx.json
	rm $(RELEASE_NAME).cdx.json
	rm examples/$(RELEASE_NAME).cdx.json tests/support/$(RELEASE_NAME).cdx.json

# The chart with the image that was released. Helm packs what belongs into a chart, with the time of now: so it is
# packed again.
.PHONY: release-chart
release-chart: release-helm
	rm -rf $(DIST)/chart
	mkdir -p $(DIST)/chart/source
	cp -r charts/kelos-metadata LICENSE $(DIST)/chart/source/
	mv $(DIST)/chart/source/LICENSE $(DIST)/chart/source/kelos-metadata/
	packaging/chart-image.sh $(DIST)/chart/source/kelos-metadata $(RELEASE_IMAGE)
	$(HELM) package $(DIST)/chart/source/kelos-metadata --destination $(DIST)/chart
	tar -xzf $(DIST)/chart/kelos-metadata-$(VERSION).tgz -C $(DIST)/chart
	$(ARCHIVE) --file $(DIST)/kelos-metadata-$(VERSION).tgz --directory $(DIST)/chart kelos-metadata
	$(HELM) show chart $(DIST)/kelos-metadata-$(VERSION).tgz
	rm -r $(DIST)/chart

# The chart for who has no Helm. What Helm would have to say of itself is left out, and the Namespace, too: Kelos may
# live in it, and would be deleted with this file.
.PHONY: release-install
release-install: release-chart
	{ sed 's/VERSION/$(VERSION)/g' packaging/install-header.yaml; \
		$(HELM) template kelos-metadata $(DIST)/kelos-metadata-$(VERSION).tgz --namespace kelos-system --skip-tests \
		--kube-version 1.30.0; } > $(DIST)/install.yaml.new
	sed -e '/^ *helm.sh\/chart: /d' -e '/^ *app.kubernetes.io\/managed-by: Helm$$/d' $(DIST)/install.yaml.new > $(DIST)/install.yaml
	rm $(DIST)/install.yaml.new

# The last: of all that is there.
.PHONY: release-checksums
release-checksums: release-krew release-install
	cd $(DIST) && find . -maxdepth 1 -type f ! -name 'SHA256SUMS*' -printf '%P\n' | LC_ALL=C sort | \
		xargs sha256sum > SHA256SUMS

.PHONY: release-notes
release-notes: ## print what CHANGELOG.md says of this version, as the page of the release has it
	@packaging/notes.sh $(VERSION) $(REPOSITORY)

# Out of the environment, where nothing in a name is run.
export TAG ?= v$(VERSION)
export FROM ?= $(REPOSITORY)
.PHONY: release-check
release-check: ## check that TAG, Cargo.toml, the chart and CHANGELOG.md are about one version, and FROM is its repository
	packaging/check.sh "$$TAG" "$$FROM"

# Releases are built on a machine of their own CPU. This shows on any other that the program compiles and links; zig
# brings linker, compiler and C library for it.
.PHONY: arm64
arm64: toolchain $(ZIGBUILD_HERE) ## compile and link the program for Linux on arm64, on any machine
	rustup target add aarch64-unknown-linux-gnu
	PYTHONPATH=$(CURDIR)/$(ZIGBUILD_HERE) $(ZIGBUILD_HERE)/bin/cargo-zigbuild zigbuild $(PROFILE) --locked \
		--target aarch64-unknown-linux-gnu --bin kelos-metadata

$(CYCLONEDX_HERE):
	$(CARGO) install --locked --root .tools/cargo-cyclonedx-$(CYCLONEDX_VERSION) cargo-cyclonedx@$(CYCLONEDX_VERSION)

$(AUDITABLE_HERE):
	$(CARGO) install --locked --root .tools/cargo-auditable-$(AUDITABLE_VERSION) cargo-auditable@$(AUDITABLE_VERSION)

$(ZIGBUILD_HERE):
	PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check \
		--target $@.new cargo-zigbuild==$(ZIGBUILD_VERSION) && mv $@.new $@
