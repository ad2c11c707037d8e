#!/bin/sh
# Installs the Debian packages that are named and not there yet. Needs no network when all of them are.
set -eu
missing=
for package in "$@"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
  echo "apt-install: only root can install them; run: sudo apt-get install --no-install-recommends$missing" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
install() {
  # shellcheck disable=SC2086 # package names hold no blanks
  apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 $missing >&2
}
# The package lists are refreshed only when they do not lead to the packages: a bare machine has none, an old one stale ones.
install || { apt-get update -q >&2 && install; }
