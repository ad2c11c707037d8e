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
second=
# A shell's background process does not hear an interrupt.
trap '[ -z "$second" ] || kill "$second" 2>/dev/null; exit 130' INT
trap '[ -z "$second" ] || kill "$second" 2>/dev/null; exit 143' TERM
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

# All of them in two processes, each with hosts of its own: a test waits for its hosts most of the time. The second one's output comes after.
host_tests() {
  if [ $# -gt 0 ]; then
    vitest run --project hosts --reporter=default --reporter=json --outputFile.json="$logs/hosts.json" "$@"
    hosts=$?
    reports="hosts=$hosts=$logs/hosts.json"
    return
  fi
  vitest run --project hosts --shard=2/2 --reporter=default --reporter=json --outputFile.json="$logs/hosts2.json" >"$logs/hosts2.log" 2>&1 &
  second=$!
  vitest run --project hosts --shard=1/2 --reporter=default --reporter=json --outputFile.json="$logs/hosts1.json"
  hosts=$?
  wait "$second"
  hosts2=$?
  cat "$logs/hosts2.log"
  reports="hosts 1/2=$hosts=$logs/hosts1.json
hosts 2/2=$hosts2=$logs/hosts2.json"
}
reports="hosts=1=$logs/hosts.json"

if check "npm packages" sh scripts/install.sh; then
  check "system packages" install_packages
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
