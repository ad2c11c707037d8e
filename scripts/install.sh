#!/bin/sh
# Brings node_modules up to package-lock.json. Does nothing, and needs no network, when it is there already.
set -eu
cd "$(dirname "$0")/.."

command -v node >/dev/null 2>&1 || { echo "install: Node.js 20.19 or newer is needed: https://nodejs.org" >&2; exit 1; }
node -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) process.exit(0);
  console.error("install: this is Node.js " + process.versions.node + ", but 20.19 or newer is needed: https://nodejs.org");
  process.exit(1);
'

stamp=node_modules/.k3sprov-lock
if [ -f "$stamp" ] && cmp -s "$stamp" package-lock.json; then exit 0; fi
# npm keeps a lock file of its own beside what it has installed: an installation made by hand needs no second one.
if [ -d node_modules ] && npm ls --all >/dev/null 2>&1; then
  cp package-lock.json "$stamp"
  exit 0
fi
echo "install: npm ci (install scripts off)" >&2
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
cp package-lock.json "$stamp"
