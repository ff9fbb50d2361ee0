#!/bin/sh
# Sees to it that there is a chromium for the tests in a browser: Debian's own, where it may be installed.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
if ! command -v apt-get >/dev/null; then
    echo "make test-web needs a browser: install chromium or google-chrome so that it is in PATH" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    root=
elif command -v sudo >/dev/null; then
    root=sudo
else
    echo "make test-web needs a browser: run as root: apt-get install chromium" >&2
    exit 1
fi
$root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends chromium
