# The image of kelos-metadata: the program, the C library that it is linked with, and no shell.
# tests/it/image.rs puts the same root file system together, and runs the program in it.
#
# The first stage compiles. The second one is all that is shipped; `make release` makes a build context of it with
# the program inside, for who has no time to compile.
FROM rust:1.95.0-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082 AS build
WORKDIR /src
# It writes the list of its crates into the program, where scanners read it. release.mk has the version, too.
# renovate: datasource=crate depName=cargo-auditable
ARG CARGO_AUDITABLE_VERSION=0.7.7
RUN cargo install --locked cargo-auditable@$CARGO_AUDITABLE_VERSION
COPY . .
# What `kelos-metadata version` says: a checkout's git is not copied. `--build-arg KELOS_METADATA_COMMIT=$(git rev-parse HEAD)`
ARG KELOS_METADATA_COMMIT=
RUN cargo auditable build --release --locked --bin kelos-metadata \
 && image/rootfs.sh target/release/kelos-metadata /rootfs

FROM scratch
LABEL org.opencontainers.image.title="kelos-metadata" \
      org.opencontainers.image.description="Labels and annotations for Kelos Tasks, from templates on their TaskSpawners" \
      org.opencontainers.image.source="https://github.com/kelos-dev/kelos-metadata" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /rootfs/ /
# A number: only then can a kubelet see that it is not root.
USER 65532:65532
EXPOSE 9443 8080 8081
ENTRYPOINT ["/usr/bin/kelos-metadata"]
