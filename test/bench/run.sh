#!/bin/sh
# npm run bench [-- --hosts 10 --rtt 50 --rounds 3 --tools k3sprov,ansible,mitogen,floor]: measures k3sprov against ansible-playbook,
# mitogen and the floor, and writes docs/benchmarks.md. Needs Debian as root.
set -eu
cd "$(dirname "$0")/../.."
[ -d node_modules ] || npm ci --ignore-scripts
dpkg -s ansible-mitogen >/dev/null 2>&1 || sh scripts/apt-install.sh ansible ansible-mitogen openssh-client
npm run --silent build
sh scripts/engine.sh
sh scripts/base-image.sh bench
exec npx tsx test/bench/bench.ts "$@"
