#!/bin/sh
# Builds the images that test hosts run from, and prints the name of the one asked for:
#
#   sh scripts/base-image.sh [host|bench|NAME]
#
#   host   k3sprov-test-host:HASH    Debian 12 with systemd and sshd, without Python
#   bench  k3sprov-bench-host:HASH   the same with python3, which Ansible needs on its hosts
#   NAME   k3sprov-NAME-host:HASH    what test/hosts/image/NAME/Dockerfile makes of "host"
#
# HASH covers everything that goes into an image, so that a change of the inputs builds a new one and nothing else does. What
# only some tests need has a folder of its own, and is built when the first of them asks for it.
# The base is debian:bookworm where a registry can be reached; elsewhere mmdebstrap makes it from Debian's mirror.
set -eu

cd "$(dirname "$0")/.."
target=${1:-host}
case $target in
  host | bench)
    context=test/hosts/image
    files="$context/Dockerfile $context/boot.sh $context/sshd.conf"
    base='' stage=$target
    ;;
  *)
    context=test/hosts/image/$target
    [ -f "$context/Dockerfile" ] || {
      echo "base-image: unknown image \"$target\"; use host, bench or a folder of test/hosts/image with a Dockerfile" >&2
      exit 2
    }
    files=$(find "$context" -type f | sort)
    base=$(sh scripts/base-image.sh host)
    stage=''
    ;;
esac

imported=k3sprov-debian:bookworm
pulled=debian:bookworm
say() { printf 'base-image: %s\n' "$*" >&2; }
exists() { docker image inspect "$1" >/dev/null 2>&1; }

# The names of our files hold no blanks.
# shellcheck disable=SC2086
hash=$({ uname -m; echo "$base"; cat $files scripts/base-image.sh; } | sha256sum | cut -c1-12)
image=k3sprov-$([ "$target" = host ] && echo test || echo "$target")-host:$hash
if exists "$image"; then
  echo "$image"
  exit 0
fi

bootstrap() {
  command -v mmdebstrap >/dev/null 2>&1 ||
    sh scripts/apt-install.sh mmdebstrap debian-archive-keyring || {
    say "no registry to pull $pulled from, and no mmdebstrap to make it; connect to one, or install mmdebstrap"
    exit 1
  }
  say "no registry answers: making the base from Debian's mirror with mmdebstrap (about 20 s)"
  tarball=$(mktemp "${TMPDIR:-/tmp}/k3sprov-base.XXXXXX.tar")
  trap 'rm -f "$tarball"' EXIT INT TERM
  # Verified by Debian's own keys, whatever distribution this machine runs. The checks on dates follow the machine's apt.
  mmdebstrap --quiet --variant=minbase --include=ca-certificates \
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    bookworm "$tarball" http://deb.debian.org/debian >&2
  docker import "$tarball" "$imported" >/dev/null
}

# Two test runs may come here at the same time.
if command -v flock >/dev/null 2>&1; then
  exec 9>"${TMPDIR:-/tmp}/k3sprov-base-image.lock"
  flock 9
  if exists "$image"; then
    echo "$image"
    exit 0
  fi
fi

if [ -n "$base" ]; then
  :
elif exists "$imported"; then
  base=$imported
elif exists "$pulled"; then
  base=$pulled
elif timeout 180 docker pull -q "$pulled" >/dev/null 2>&1; then
  base=$pulled
else
  bootstrap
  base=$imported
fi

say "building $image from $base"
# The classic builder where buildx is missing: Debian's docker.io comes without it, and newer clients refuse to build then.
if docker buildx version >/dev/null 2>&1; then buildkit=1; else buildkit=0; fi
if ! log=$(DOCKER_BUILDKIT=$buildkit docker build --label k3sprov.test-image ${stage:+--target "$stage"} --build-arg "BASE=$base" -t "$image" "$context" 2>&1); then
  printf '%s\n' "$log" | tail -n 40 >&2
  say "docker build failed; its last lines are above"
  exit 1
fi
say "built $image"

# Images of earlier inputs go, but not at once: another checkout may be at work with them.
docker image prune --all --force --filter label=k3sprov.test-image --filter until=720h >/dev/null 2>&1 || true
echo "$image"
