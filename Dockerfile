# Builds leader-exec from what the context holds:  docker build --tag leader-exec .  (or podman, or buildah bud)
# docs/image.md says how to use it.

# The bundle, laid out as the npm package is.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# No package needs its install script: esbuild's program is an optional dependency of its own for each platform.
RUN npm ci --include=dev --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build \
 && npm pack --ignore-scripts \
 && mkdir -p /image/opt/leader-exec /image/usr/local/bin \
 && tar -xzf leader-exec-*.tgz -C /image/opt/leader-exec --strip-components=1 --no-same-owner \
 && ln -s leader-exec.cjs /image/opt/leader-exec/bin/leader-exec \
 && ln -s /opt/leader-exec/bin/leader-exec /opt/leader-exec/bin/tini /image/usr/local/bin/ \
 && rm -f /image/opt/leader-exec/dist/meta.json \
 && chmod -R u=rwX,go=rX /image

# The official Node image has no tini. The static one runs in any image, whatever its C library.
FROM node:24-bookworm-slim AS tini
RUN apt-get update && apt-get install --yes --no-install-recommends tini

# The same directory with a Node of its own, for images without Node (--target standalone): Node, the C library that it is linked to,
# and a launcher that finds both wherever the directory is.
FROM node:24-bookworm-slim AS relocatable
RUN apt-get update && apt-get install --yes --no-install-recommends binutils gcc musl-tools
COPY --from=build /image/opt/leader-exec /standalone/opt/leader-exec
COPY --from=tini /usr/bin/tini-static /standalone/opt/leader-exec/bin/tini
COPY --from=tini /usr/share/doc/tini/copyright /standalone/opt/leader-exec/bin/tini.copyright
COPY image /launcher
WORKDIR /standalone/opt/leader-exec
# ldd names each library and where it is; the loader's line has its path alone. The launcher is linked to an address at which Node
# does not want to be.
RUN mkdir lib \
 && strip -o lib/node /usr/local/bin/node \
 && cp -L $(ldd /usr/local/bin/node | grep -o '/[^ ]*') lib \
 && cp /usr/local/LICENSE lib/node.copyright \
 && cp /usr/share/doc/libc6/copyright lib/libc.copyright \
 && cp /usr/share/doc/gcc-12-base/copyright lib/libgcc-libstdc++.copyright \
 && musl-gcc -static -no-pie -Os -s -std=gnu17 -Wall -Wextra -Werror -Wl,-Ttext-segment=0x60000000 \
      -DLOADER="\"$(basename lib/ld-linux-*)\"" -o bin/node /launcher/launcher.c \
 && rm bin/leader-exec \
 && cp bin/node bin/leader-exec \
 && cp bin/node bin/copy-to \
 && cp /launcher/copy-to.cjs bin \
 && chmod -R u=rwX,go=rX . \
 && bin/leader-exec --version

FROM scratch AS standalone
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="leader-exec with its own Node" \
      org.opencontainers.image.description="Runs a command only while it holds a Kubernetes Lease" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=relocatable /standalone /
USER 1000:1000
ENTRYPOINT ["/opt/leader-exec/bin/copy-to"]

FROM node:24-bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="leader-exec" \
      org.opencontainers.image.description="Runs a command only while it holds a Kubernetes Lease" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/node:24-bookworm-slim"
# Nothing is run in this stage: building for another platform needs no emulation of it.
COPY --from=build /image /
COPY --from=tini /usr/bin/tini-static /opt/leader-exec/bin/tini
COPY --from=tini /usr/share/doc/tini/copyright /opt/leader-exec/bin/tini.copyright
# The user `node` of the official image, as numbers: Kubernetes cannot tell whether a name is root (runAsNonRoot).
USER 1000:1000
# No HEALTHCHECK: a standby is healthy, and Kubernetes does not look at it. NODE_ENV is left alone: it would reach the command.
STOPSIGNAL SIGTERM
# tini reaps what the command leaves behind, which Node as PID 1 does not. -s: also where PID 1 is somebody else (a shared pid namespace).
ENTRYPOINT ["/opt/leader-exec/bin/tini", "-s", "--", "/opt/leader-exec/bin/leader-exec"]
CMD ["--help"]
