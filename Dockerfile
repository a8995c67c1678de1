# The image of bss-sim: one static binary and nothing else.
#
#   docker build -t bss-sim .
#   docker run --rm -p 8080:8080 bss-sim
#   docker run --rm -p 8080:8080 -v ./fixtures:/fixtures:ro bss-sim --fixtures /fixtures --scenario NAME
#
# It writes no file but that of `--state`, and needs no privilege, so `--read-only --cap-drop ALL` is fine.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build

# The final image has no C library, so the binary brings its own. A named target, even if it is the builder's own,
# keeps these flags from build scripts and procedural macros, which have to be linked dynamically; `host-tuple` makes
# the same file build on amd64 and on arm64. A static binary cannot look up the C library's getrandom and would read
# /dev/urandom instead; the last flag has it ask the kernel, so that it needs no file at all.
ENV CARGO_BUILD_TARGET=host-tuple \
    CARGO_TARGET_DIR=/build/target \
    RUSTFLAGS='-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"'

# The dependencies are a layer of their own, built with an empty crate: a change of the source does not rebuild them.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src && touch src/lib.rs && echo 'fn main() {}' > src/main.rs && cargo build --release --locked --features s3

# The copied files can be older than the empty crate's build, and Cargo goes by their times.
COPY src src
COPY fixtures fixtures
RUN touch src/lib.rs src/main.rs && cargo build --release --locked --features s3 && cp target/*/release/bss-sim /bss-sim


FROM scratch

ARG VERSION=dev
LABEL org.opencontainers.image.title="bss-sim" \
      org.opencontainers.image.description="A simulator of Huawei Cloud BSS individual real-name authentication, for the people who write and test partner clients." \
      org.opencontainers.image.licenses="Apache-2.0 OR MIT" \
      org.opencontainers.image.version="$VERSION"

COPY --from=build /bss-sim /bss-sim

# The CAs that are trusted for buckets with an https address.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt

# A number, because there is no /etc/passwd, and because Kubernetes can tell only of a number that it is not root.
USER 65534:65534

# All addresses, because a published port does not arrive at the container's loopback. The health check reads this
# variable too, and those for HTTPS: to listen elsewhere or otherwise, set them instead of giving flags.
ENV BSS_SIM_LISTEN=0.0.0.0:8080
EXPOSE 8080

# The first check comes after one interval, and jobs wait for a healthy container, so the interval is short. A start period
# would not shorten it, and not every builder knows --start-interval.
HEALTHCHECK --interval=2s --timeout=3s --retries=3 CMD ["/bss-sim", "healthcheck"]

ENTRYPOINT ["/bss-sim"]
