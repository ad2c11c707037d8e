#!/bin/sh
# Everything that must hold before a change is handed over: types, lint, conventions and unit tests, and the tests on real hosts.
# Works on a bare Debian (as root, with Node, npm and apt) and on any machine with Node and a running Docker; offline after
# the first time. The last line is `N passed, N failed`.
#
#   npm run test:all                       all of it
#   npm run test:all -- test/hosts/x       further arguments go to the host tests: fewer files, -t NAME
set -u
cd "$(dirname "$0")/.." || exit 1
PATH=$PWD/node_modules/.bin:$PATH

logs=$(mktemp -d "${TMPDIR:-/tmp}/k3sprov-tests.XXXXXX")
trap 'rm -rf "$logs"' EXIT
background=
# A shell's background process does not hear an interrupt.
trap '[ -z "$background" ] || kill $background 2>/dev/null; exit 130' INT
trap '[ -z "$background" ] || kill $background 2>/dev/null; exit 143' TERM
# Checks that are no tests but can fail like one: each counts as one failure.
failed_checks=
began=$(date +%s)

step() { printf '\n==> %s\n' "$*"; }
check() {
  name=$1
  shift
  step "$name"
  "$@" || {
    echo "test-all: $name failed" >&2
    failed_checks="$failed_checks,$name"
    return 1
  }
}

# What the tests compare with, or run: Ansible and Jinja2 themselves, an OpenSSH server and client, sudo, busybox for its shell.
test_packages="python3-jinja2 openssh-server openssh-client sudo procps busybox dash util-linux git openssl curl wget ansible"
install_packages() {
  # shellcheck disable=SC2086 # package names hold no blanks
  command -v apt-get >/dev/null 2>&1 && sh scripts/apt-install.sh $test_packages && return 0
  missing=
  python3 -c 'import jinja2' 2>/dev/null || missing="$missing python3-jinja2"
  for command in sshd ssh-keygen sudo pkill busybox dash flock git; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null 2>&1 || missing="$missing $command"
  done
  [ -z "$missing" ] || {
    echo "these are missing, and the tests need them:$missing" >&2
    return 1
  }
}

# The images of the tests on real hosts, made beside what comes before those tests, since to make one is mostly to wait for a mirror. An image that
# cannot be made is made again, and its failure told, when the first test asks for it.
build_images() {
  sh scripts/engine.sh && sh scripts/base-image.sh host || return
  for image in bench test/hosts/image/*/Dockerfile; do
    image=${image%/Dockerfile}
    sh scripts/base-image.sh "${image##*/}"
  done
}

# All of them in three processes, each with hosts of its own: a test waits for its hosts much of the time, and two left a processor idle for an eighth
# of it. The others' output comes after the first one's.
shards=3
host_tests() {
  if [ $# -gt 0 ]; then
    vitest run --project hosts --reporter=default --reporter=json --outputFile.json="$logs/hosts.json" "$@"
    hosts=$?
    reports="hosts=$hosts=$logs/hosts.json"
    return
  fi
  others=
  for shard in $(seq 2 "$shards"); do
    vitest run --project hosts --shard="$shard/$shards" --reporter=default --reporter=json --outputFile.json="$logs/hosts$shard.json" >"$logs/hosts$shard.log" 2>&1 &
    others="$others $shard=$!"
    background="$background $!"
  done
  vitest run --project hosts --shard="1/$shards" --reporter=default --reporter=json --outputFile.json="$logs/hosts1.json"
  reports="hosts 1/$shards=$?=$logs/hosts1.json"
  for other in $others; do
    wait "${other#*=}"
    hosts=$?
    shard=${other%%=*}
    cat "$logs/hosts$shard.log"
    reports="$reports
hosts $shard/$shards=$hosts=$logs/hosts$shard.json"
  done
}
reports="hosts=1=$logs/hosts.json"

if check "npm packages" sh scripts/install.sh; then
  check "system packages" install_packages
  if [ $# -eq 0 ]; then
    build_images >"$logs/images.log" 2>&1 &
    background=$!
  fi
  check "types" tsc --noEmit
  check "lint" biome check .
  step "unit tests and conventions"
  vitest run --project unit --reporter=default --reporter=json --outputFile.json="$logs/unit.json"
  unit=$?
  if check "container engine" sh scripts/engine.sh && check "host image" sh scripts/base-image.sh host; then
    step "tests on real hosts"
    host_tests "$@"
  fi
else
  unit=1
fi

step "took $(($(date +%s) - began)) s"
IFS='
'
# shellcheck disable=SC2086 # one report a line
node scripts/count-tests.mjs --checks "$failed_checks" "unit=$unit=$logs/unit.json" $reports
