#!/bin/sh
# Debian packages whose programs the tests use as outside oracles: installed when this runs as root, else named.
missing=
for pair in tshark:tshark tcpdump:tcpdump openssl:openssl zstd:zstd gzip:gzip chromium:chromium fish:fish zsh:zsh mandoc:mandoc; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1 && exit 0
fi
echo "Some tests compare with outside programs and are skipped without them; on Debian: apt-get install$missing" >&2
exit 0
