# What a release consists of. Included by the Makefile; `make release` puts all of it into target/dist.

DIST := target/dist
RELEASE_BINARY := target/release/kelos-metadata
VERSION = $(shell sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml)
RELEASE_TARGET = $(shell rustc -vV | sed -n 's/^host: //p')
RELEASE_NAME = kelos-metadata-$(VERSION)-$(RELEASE_TARGET)

# The helm that packs the chart: that of the PATH, or the one that `make controlplane` builds for the tests.
HELM ?= $(or $(shell command -v helm 2>/dev/null),target/controlplane/helm)

CYCLONEDX_VERSION := 0.5.9
CYCLONEDX_HERE := .tools/cargo-cyclonedx-$(CYCLONEDX_VERSION)/bin/cargo-cyclonedx
CYCLONEDX := $(or $(shell command -v cargo-cyclonedx 2>/dev/null),$(CYCLONEDX_HERE))

# What the program of a release says of itself. Other builds do not know: they would begin anew with each commit.
RELEASE_COMMIT ?= $(shell git describe --always --dirty --abbrev=40 --exclude '*')

# Where cargo keeps the crates: panics name their files, and whoever built the program is nobody's business.
CRATES = $${CARGO_HOME:-$$HOME/.cargo}

# Where the archives will be found, for the manifest for krew. Nobody but who publishes them knows; a name in .invalid
# leads nowhere, so that the manifest then installs with the archive at hand only, and does not pretend otherwise.
RELEASE_URL ?= $(UNPUBLISHED)
UNPUBLISHED := https://not-published.invalid

# Archives are the same for the same commit: no names, no times of this machine.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)
ARCHIVE = tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@$(SOURCE_DATE_EPOCH) \
	--mode=u=rwX,go=rX --use-compress-program='gzip --no-name --best' --create

.PHONY: release
release: release-tools release-program release-krew release-image release-sbom release-chart ## build a release into target/dist: program, plugin with its manifest for krew, image context, SBOM, chart, checksums
	cd $(DIST) && sha256sum *.tar.gz *.tgz *.cdx.json *.yaml > SHA256SUMS && cat SHA256SUMS

# First what can be missing, then what takes minutes.
.PHONY: release-tools
release-tools: toolchain $(CYCLONEDX) $(HADOLINT)
	@$(HELM) version --short >/dev/null 2>&1 || { echo 'helm is missing, which packs the chart: install Helm 3, or `make release HELM=/path/to/helm`' >&2; exit 1; }
	rm -rf $(DIST)
	mkdir -p $(DIST)

# The program with its completions and manual pages, and the names by which kubectl finds it, as people install it.
.PHONY: release-program
release-program: release-tools
	RUSTFLAGS="--remap-path-prefix=$(CRATES)=/cargo $$RUSTFLAGS" KELOS_METADATA_COMMIT=$(RELEASE_COMMIT) \
		$(CARGO) build --release --locked --bin kelos-metadata
	@! grep -qF "$(CRATES)" $(RELEASE_BINARY) || { echo "the program names $(CRATES), a place on this machine" >&2; exit 1; }
	mkdir -p $(DIST)/$(RELEASE_NAME)/completions
	install -m 0755 $(RELEASE_BINARY) $(DIST)/$(RELEASE_NAME)/
	install -m 0644 README.md CHANGELOG.md LICENSE $(DIST)/$(RELEASE_NAME)/
	for shell in bash elvish fish powershell zsh; do \
		$(RELEASE_BINARY) completion $$shell > $(DIST)/$(RELEASE_NAME)/completions/kelos-metadata.$$shell || exit 1; \
	done
	for name in kubectl-kelos_metadata kubectl_complete-kelos_metadata; do \
		ln -s kelos-metadata $(DIST)/$(RELEASE_NAME)/$$name || exit 1; \
	done
	$(CARGO) run --quiet $(PROFILE) --locked --package kelos-metadata-examples --bin man -- $(DIST)/$(RELEASE_NAME)/man
	$(ARCHIVE) --file $(DIST)/$(RELEASE_NAME).tar.gz --directory $(DIST) $(RELEASE_NAME)
	rm -r $(DIST)/$(RELEASE_NAME)

# krew takes no symlinks out of an archive, so its own has the program alone; it makes the name of the plugin itself.
.PHONY: release-krew
release-krew: release-program
	mkdir -p $(DIST)/krew
	install -m 0755 $(RELEASE_BINARY) $(DIST)/krew/
	install -m 0644 LICENSE $(DIST)/krew/
	$(ARCHIVE) --file $(DIST)/$(RELEASE_NAME)-krew.tar.gz --directory $(DIST)/krew kelos-metadata LICENSE
	rm -r $(DIST)/krew
	packaging/krew.sh $(VERSION) $(RELEASE_URL) $(DIST)/$(RELEASE_NAME)-krew.tar.gz > $(DIST)/kelos-metadata.yaml
	@test '$(RELEASE_URL)' != '$(UNPUBLISHED)' || echo 'RELEASE_URL is not set: krew takes the manifest only with --archive. Who publishes it says where: make release RELEASE_URL=https://…' >&2

# The last stage of the Dockerfile, with the root file system beside it instead of in the stage before.
.PHONY: release-image
release-image: release-program
	mkdir -p $(DIST)/image
	image/rootfs.sh $(RELEASE_BINARY) $(DIST)/image/rootfs
	sed -n '/^FROM scratch/,$$p' Dockerfile | sed 's|^COPY --from=build /rootfs/ |COPY rootfs/ |' > $(DIST)/image/Dockerfile
	grep -q '^COPY rootfs/ /$$' $(DIST)/image/Dockerfile
	$(HADOLINT) $(DIST)/image/Dockerfile
	$(ARCHIVE) --file $(DIST)/$(RELEASE_NAME)-image.tar.gz --directory $(DIST)/image .

# Every crate that is in the program. Its own place on this machine is nobody's business. Those of the other crates of
# the workspace are made, too, and not wanted.
.PHONY: release-sbom
release-sbom: release-tools
	$(CYCLONEDX) cyclonedx --quiet --format json --spec-version 1.5 --target $(RELEASE_TARGET) --no-build-deps \
		--override-filename $(RELEASE_NAME).cdx
	sed 's|path+file://$(CURDIR)#||g' $(RELEASE_NAME).cdx.json > $(DIST)/$(RELEASE_NAME).cdx.json
	rm $(RELEASE_NAME).cdx.json
	rm examples/$(RELEASE_NAME).cdx.json tests/support/$(RELEASE_NAME).cdx.json

# Helm packs what belongs into a chart, with the time of now: so it is packed again.
.PHONY: release-chart
release-chart: release-tools
	mkdir -p $(DIST)/chart
	$(HELM) package charts/kelos-metadata --destination $(DIST)/chart
	tar -xzf $(DIST)/chart/kelos-metadata-$(VERSION).tgz -C $(DIST)/chart
	$(ARCHIVE) --file $(DIST)/kelos-metadata-$(VERSION).tgz --directory $(DIST)/chart kelos-metadata
	$(HELM) show chart $(DIST)/kelos-metadata-$(VERSION).tgz
	rm -r $(DIST)/chart

$(CYCLONEDX_HERE):
	$(CARGO) install --locked --root .tools/cargo-cyclonedx-$(CYCLONEDX_VERSION) cargo-cyclonedx@$(CYCLONEDX_VERSION)
