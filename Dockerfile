# Builds the binary, then ships it alone: no PostgreSQL, no HTTP client, not as root.
FROM rust:1-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --locked --release

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 lianfang && install -d -o lianfang -m 0700 /keys /attachments
COPY --from=build /source/target/release/lianfang /usr/local/bin/lianfang
# By number, so that who runs it can tell that it isn't root.
USER 10001
EXPOSE 8080
ENTRYPOINT ["lianfang"]
