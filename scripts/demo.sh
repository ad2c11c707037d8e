#!/bin/sh
# npm run demo: from a fresh clone to a cluster on three hosts, and a second run that finds nothing to do. K3s itself is the stand-in of
# the tests, since containers cannot run the real one everywhere.
# npm run demo:down: removes the three hosts.
#
# Works before npm has installed anything, again when it has run, and offline after the first time.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH
folder=.k3sprov/demo
playbook=playbooks/site.yaml
k3sprov=dist/cli/main.js

headline() { printf '\n\033[1m==> %s\033[0m\n' "$*"; }
[ -t 1 ] || headline() { printf '\n==> %s\n' "$*"; }

# Shows a command as one could type it, then runs it.
show() {
  printf '$ %s\n' "$*"
  "$@"
}

fail() {
  printf '\ndemo: FAILED: %s\n' "$*" >&2
  exit 1
}

if [ "${1:-}" = down ]; then
  if ! timeout 15 docker info >/dev/null 2>&1; then
    echo "demo: no container engine answers, so there are no hosts to remove" >&2
  else
    sh scripts/install.sh
    tsx test/hosts/demo.ts down "$folder"
  fi
  # Other containers may run by now, those of a test run for example.
  if [ -z "$(docker ps -q 2>/dev/null)" ]; then sh scripts/engine.sh stop; fi
  exit 0
fi

headline "Installing and building"
sh scripts/install.sh
node scripts/build.mjs

headline "Looking for a container engine"
if ! sh scripts/engine.sh || ! sh scripts/base-image.sh demo >/dev/null; then
  headline "No test hosts without a container engine: a dry run on this machine instead, which changes nothing"
  mkdir -p "$folder"
  printf 'all:\n  children:\n    server:\n      hosts:\n        localhost:\n' >"$folder/local.yaml"
  # As the user who asked: looking needs no root, and a question for a sudo password would spoil the demonstration.
  show "$k3sprov" apply -i "$folder/local.yaml" --connection local -e ansible_become=false --check --diff playbooks/demo.yaml ||
    fail "the dry run ended with exit status $?"
  printf '\nThis was a dry run (--check) with --connection local. Nothing was changed on this machine.\n'
  printf 'Install Docker as said above and run "npm run demo" again to see it on three hosts.\n'
  exit 0
fi

headline "Starting three hosts: Debian with systemd and sshd, no Python, never seen before; to be a server, and two agents with Docker"
tsx test/hosts/demo.ts up "$folder"

headline "1. What would change? --check only looks"
show "$k3sprov" apply -i "$folder/inventory.yaml" "$playbook" --check --report "json=$folder/check.json" ||
  fail "apply --check ended with exit status $?"

headline "2. Apply: the same list, now for real"
show "$k3sprov" apply -i "$folder/inventory.yaml" "$playbook" --report "json=$folder/apply.json" ||
  fail "apply ended with exit status $?"

headline "3. Apply again: nothing is left to do"
show "$k3sprov" apply -i "$folder/inventory.yaml" "$playbook" --report "json=$folder/again.json" ||
  fail "the second apply ended with exit status $?"

headline "The cluster, as its server tells it (K3s itself is the tests' stand-in here)"
show "$k3sprov" exec -i "$folder/inventory.yaml" -b node1 -- k3s kubectl get nodes ||
  fail "kubectl ended with exit status $?"

tsx test/hosts/demo.ts verify "$folder" || fail "a promise was broken; the reports are in $folder"
# 6 would mean that it found differences.
"$k3sprov" apply -i "$folder/inventory.yaml" "$playbook" --check --detailed-exitcode --quiet >/dev/null ||
  fail "a last --check --detailed-exitcode ended with exit status $? instead of 0"

key=.k3sprov/test-hosts/key/id_ed25519
port=$(sed -n 's/^ *ansible_port: *//p' "$folder/inventory.yaml" | head -n 1)
address=$(sed -n 's/^ *ansible_host: *//p' "$folder/inventory.yaml" | head -n 1)
headline "Verified: --check announced exactly what apply changed, and the second apply changed nothing"
cat <<TEXT
The three hosts go on running. Play with them:

  Break something, see who notices:
    k3sprov() { $k3sprov "\$@"; }
    k3sprov exec -i $folder/inventory.yaml -b node2 -- chmod 666 /etc/docker/daemon.json
    k3sprov apply -i $folder/inventory.yaml $playbook --check --diff
    k3sprov apply -i $folder/inventory.yaml $playbook

  Change $folder/inventory.yaml (docker_runtime_daemon, say), and look again with --check --diff.

  Look around on node1:
    ssh -i $key -p $port -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=$folder/known_hosts deploy@$address

Take them down, and the container engine too if this started it:
    npm run demo:down
TEXT
