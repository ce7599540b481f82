# `harness serve` with the shared servers of the native engine, for one user: see compose/harness.yml.
#
# By default the image is as small as it can be (packaging/container-root): there is no package manager and no language in it.
# BASE lays it over an image of Debian with your application's tools instead, with Debian's PostgreSQL and git:
#   docker build --build-arg BASE=node:22-bookworm-slim .
# All images are named by version; a build that must be repeatable names them by digest:
#   docker build --build-arg DEBIAN=debian:bookworm-slim@sha256:... .
ARG RUST=rust:1.95.0-bookworm
ARG DEBIAN=debian:bookworm-20260202-slim
ARG BASE=small

FROM ${RUST} AS build
WORKDIR /build
COPY . .
RUN cargo build --locked --profile image

FROM ${DEBIAN} AS parts
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends binutils ca-certificates git netbase python3-pip >/dev/null
COPY src/infra/servers/postgres/download.rs packaging/container-root /build/
COPY --from=build /build/target/image/harness /build/harness
RUN sh /build/container-root /small /build/harness

FROM scratch AS small
COPY --from=parts /small /

FROM ${BASE}
# the servers' programs are wanted, not a server on port 5432; nor its compiler of queries, which takes 120 MB and which
# PostgreSQL does without where it is not found
RUN ! command -v apt-get >/dev/null || { mkdir -p /etc/postgresql-common/createcluster.d \
 && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/harness.conf \
 && apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates git postgresql >/dev/null \
 && rm -rf /usr/lib/postgresql/*/lib/llvmjit* /usr/lib/postgresql/*/lib/bitcode /usr/lib/*/libLLVM* /usr/lib/llvm-* /usr/lib/*/libz3.so* \
    /var/lib/apt/lists/* /var/cache/apt/* /usr/share/doc /usr/share/man /usr/share/locale /usr/share/i18n; }
# that of the files in /workspace: the user of the host
ARG UID=1000
ARG GID=1000
RUN echo "harness:x:${GID}:" >>/etc/group \
 && echo "harness:x:${UID}:${GID}::/home/harness:/bin/bash" >>/etc/passwd \
 && install -d -o "${UID}" -g "${GID}" /home/harness /app /app/data /workspace
COPY --from=build /build/target/image/harness /usr/local/bin/harness
COPY packaging/container-entry /usr/local/bin/container-entry
ENV HARNESS_HOME=/app/data/home DATABASE_PATH=/app/data/harness.db
USER harness
WORKDIR /workspace
EXPOSE 3333
VOLUME /app/data
# SIGTERM ends `serve`, then the stacks, then the servers
STOPSIGNAL SIGTERM
# engines before 25 look for the first time only after a whole interval
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=20s CMD ["harness", "serve", "status"]
ENTRYPOINT ["container-entry"]
CMD ["--address", "0.0.0.0"]
