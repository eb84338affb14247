# What publishes a release, with the network and the rights of .github/workflows/release.yaml, in this order:
# `publish-login`, `publish-image`, `release-common` with that image, `publish-chart`, `publish-signature`, `publish-notes`.
# Included by the Makefile. Each can be done again: the image has the same digest then.

# What is handed on from one to the next.
PUBLISH := target/publish

# docker, helm and cosign all read what docker is told.
.PHONY: publish-login
publish-login: ## log in to the registry with TOKEN
	@printf %s "$$TOKEN" | docker login $(firstword $(subst /, ,$(REGISTRY))) --username "$${GITHUB_ACTOR:-token}" --password-stdin

# One context for all platforms whose image contexts are in target/dist. Nothing runs in it, so no CPU has to be
# emulated. Digest and name are left in target/publish/image.
.PHONY: publish-image
publish-image: ## push the image for amd64 and arm64, and sign it
	rm -rf $(PUBLISH)
	mkdir -p $(PUBLISH)/context
	for context in $(DIST)/kelos-metadata-$(VERSION)-*-image.tar.gz; do tar -xzf $$context -C $(PUBLISH)/context || exit 1; done
	test -d $(PUBLISH)/context/amd64 && test -d $(PUBLISH)/context/arm64
	docker buildx inspect kelos-metadata >/dev/null 2>&1 || \
		docker buildx create --name kelos-metadata --driver docker-container
	docker buildx build --builder kelos-metadata --platform linux/amd64,linux/arm64 --provenance=false \
		--label org.opencontainers.image.version=$(VERSION) --label org.opencontainers.image.revision=$(RELEASE_COMMIT) \
		--output type=image,name=$(REGISTRY):$(VERSION),push=true,oci-mediatypes=true,rewrite-timestamp=true \
		--metadata-file $(PUBLISH)/metadata.json $(PUBLISH)/context
	sed -n 's/.*"containerimage.digest": *"\(sha256:[0-9a-f]*\)".*/digest=\1/p' $(PUBLISH)/metadata.json > $(PUBLISH)/digest
	grep -q '^digest=sha256:' $(PUBLISH)/digest
	. $(PUBLISH)/digest && cosign sign --yes --recursive $(REGISTRY)@$$digest
	. $(PUBLISH)/digest && \
		printf 'name=%s\ndigest=%s\nimage=%s\n' $(REGISTRY) $$digest $(REGISTRY):$(VERSION)@$$digest > $(PUBLISH)/image

# Helm names the digest when it has pushed.
CHARTS = $(dir $(REGISTRY))charts
.PHONY: publish-chart
publish-chart: release-helm ## push the chart as an OCI artifact, and sign it
	mkdir -p $(PUBLISH)
	$(HELM) push $(HELM_PUSH_FLAGS) $(DIST)/kelos-metadata-$(VERSION).tgz oci://$(CHARTS) > $(PUBLISH)/chart.log 2>&1 || \
		{ cat $(PUBLISH)/chart.log >&2; exit 1; }
	sed -n 's/^Digest: *\(sha256:[0-9a-f]*\)$$/digest=\1/p' $(PUBLISH)/chart.log > $(PUBLISH)/chart
	grep -q '^digest=sha256:' $(PUBLISH)/chart
	. $(PUBLISH)/chart && cosign sign --yes $(CHARTS)/kelos-metadata@$$digest

# Who trusts the checksums trusts all files.
.PHONY: publish-signature
publish-signature: ## sign the checksums of the release's files
	cd $(DIST) && sha256sum --check --quiet SHA256SUMS
	cosign sign-blob --yes --bundle $(DIST)/SHA256SUMS.sigstore.json $(DIST)/SHA256SUMS

# The last, for it can't be taken back: gh shows the page when all files are up.
.PHONY: publish-notes
publish-notes: ## make the page of the release, with its notes and files
	mkdir -p $(PUBLISH)
	packaging/notes.sh $(VERSION) $(REPOSITORY) > $(PUBLISH)/notes.md
	find $(DIST) -maxdepth 1 -type f -print0 | \
		xargs -0 gh release create v$(VERSION) $(if $(findstring -,$(VERSION)),--prerelease) --verify-tag --title 'kelos-metadata $(VERSION)' --notes-file $(PUBLISH)/notes.md
