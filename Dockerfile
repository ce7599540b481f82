# `harness serve` with the shared servers of the native engine, for one user: see compose/harness.yml.
#
# Both images are named by version; a build that must be repeatable names them by digest:
#   docker build --build-arg BASE=debian:bookworm-slim@sha256:... .
ARG RUST=rust:1.95.0-bookworm
ARG BASE=debian:bookworm-20260202-slim

FROM ${RUST} AS build
WORKDIR /build
COPY . .
RUN cargo build --locked --profile dist

FROM ${BASE}
# the servers' programs are wanted, not a server on port 5432; nor its compiler of queries, which is a quarter of the image and
# which PostgreSQL does without where it is not found
RUN mkdir -p /etc/postgresql-common/createcluster.d \
 && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/harness.conf \
 && apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates curl git postgresql >/dev/null \
 && rm -rf /usr/lib/postgresql/*/lib/llvmjit* /usr/lib/postgresql/*/lib/bitcode /usr/lib/*/libLLVM* /usr/lib/llvm-* /usr/lib/*/libz3.so* \
    /var/lib/apt/lists/* /var/cache/apt/* /usr/share/doc /usr/share/man /usr/share/locale /usr/share/i18n
# that of the files in /workspace: the user of the host
ARG UID=1000
ARG GID=1000
RUN groupadd --non-unique --gid "${GID}" harness \
 && useradd --non-unique --uid "${UID}" --gid "${GID}" --create-home --shell /bin/bash harness \
 && install -d -o harness -g harness /app /app/data /workspace
COPY --from=build /build/target/dist/harness /usr/local/bin/harness
COPY packaging/container-entry /usr/local/bin/container-entry
ENV HARNESS_HOME=/app/data/home DATABASE_PATH=/app/data/harness.db
USER harness
WORKDIR /workspace
EXPOSE 3333
VOLUME /app/data
# SIGTERM ends `serve`, then the stacks, then the servers
STOPSIGNAL SIGTERM
# engines before 25 look for the first time only after a whole interval
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=20s \
    CMD curl -fsS http://127.0.0.1:3333/health || exit 1
ENTRYPOINT ["container-entry"]
CMD ["--address", "0.0.0.0"]
