#!/bin/sh
# Builds a signed apt repository: build.sh DIRECTORY
#
#   demo-tool 1.0-1, 1.1-1, 2.0-1   2.0-1 needs demo-lib and recommends demo-extra
#   demo-lib 1.0-1, demo-extra 1.0-1
#   demo-daemon 1.0-1               asks whether it may start its service
#   key.asc, key.gpg                what signs it; other.asc signs nothing; fingerprint is that of key.asc
#   podman-docker 4.3.1             in the way of Docker, as far as roles know
#
# Beside its suite "stable" there is "bookworm", laid out as Docker's own repository is, with components stable and test:
#
#   docker-ce, docker-ce-cli 5:27.5.1-1~debian.12~bookworm, 5:28.5.1-1~debian.12~bookworm, in test 5:29.0.0-1~debian.12~bookworm
#   containerd.io 1.7.28-1, docker-buildx-plugin 0.29.1-1, docker-compose-plugin 2.40.0-1
#
# Their dockerd checks a configuration as the real one does, and otherwise sleeps.
#
# pool/nvidia/stable/deb/amd64 is a repository by itself, laid out as NVIDIA's: the container toolkit, 1.18.0-1 and 1.18.1-1.
set -eu
repo=$1
here=$(dirname "$0")

component=main
# pack NAME VERSION [FIELD: VALUE …], into $component
pack() {
  name=$1 version=$2 tree=$(mktemp -d)
  shift 2
  mkdir -p "$repo/pool/$component"
  mkdir -p "$tree/DEBIAN" "$tree/usr/share/$name"
  chmod 755 "$tree"
  echo "$version" >"$tree/usr/share/$name/version"
  {
    printf '%s\n' "Package: $name" "Version: $version" "Architecture: all" "Maintainer: Tests <tests@example.org>" \
      "Section: misc" "Priority: optional" "$@"
    printf 'Description: package for tests\n'
  } >"$tree/DEBIAN/control"
  if [ "$name" = demo-daemon ]; then
    printf '#!/bin/sh\nset -e\nif [ "$1" = configure ]; then\n%s\nfi\n' \
      '  if [ -x /usr/sbin/policy-rc.d ] && ! /usr/sbin/policy-rc.d demo-daemon start; then echo refused >/var/lib/demo-daemon; else echo started >/var/lib/demo-daemon; fi' \
      >"$tree/DEBIAN/postinst"
    printf '#!/bin/sh\nrm -f /var/lib/demo-daemon\n' >"$tree/DEBIAN/postrm"
    chmod 755 "$tree/DEBIAN/postinst" "$tree/DEBIAN/postrm"
  fi
  if [ "$name" = docker-ce ]; then sh "$here/docker.sh" "$tree" "$version"; fi
  if [ "$name" = nvidia-container-toolkit-base ]; then
    # K3s looks for this in its PATH.
    mkdir -p "$tree/usr/bin"
    printf '#!/bin/sh\nexec runc "$@"\n' >"$tree/usr/bin/nvidia-container-runtime"
    chmod 755 "$tree/usr/bin/nvidia-container-runtime"
  fi
  dpkg-deb --root-owner-group --build "$tree" "$repo/pool/$component/${name}_${version#*:}_all.deb" >/dev/null
  rm -rf "$tree"
}
pack demo-lib 1.0-1
pack demo-extra 1.0-1
pack demo-tool 1.0-1
pack demo-tool 1.1-1
pack demo-tool 2.0-1 "Depends: demo-lib" "Recommends: demo-extra"
pack demo-daemon 1.0-1
pack podman-docker 4.3.1

for release in 27.5.1 28.5.1 29.0.0; do
  component=docker/$([ $release = 29.0.0 ] && echo test || echo stable)
  pack docker-ce "5:$release-1~debian.12~bookworm" "Depends: containerd.io, docker-ce-cli" \
    "Conflicts: docker.io, docker-engine"
  pack docker-ce-cli "5:$release-1~debian.12~bookworm" "Conflicts: docker.io"
done
for component in docker/stable docker/test; do
  pack containerd.io 1.7.28-1 "Conflicts: containerd, runc" "Provides: containerd, runc"
  pack docker-buildx-plugin 0.29.1-1
  pack docker-compose-plugin 2.40.0-1
done

nvidia=nvidia/stable/deb/amd64 component=nvidia/stable/deb/amd64
for version in 1.18.0-1 1.18.1-1; do
  pack libnvidia-container1 "$version"
  pack libnvidia-container-tools "$version" "Depends: libnvidia-container1 (>= $version)"
  pack nvidia-container-toolkit-base "$version"
  pack nvidia-container-toolkit "$version" "Depends: libnvidia-container-tools (= $version), nvidia-container-toolkit-base (= $version)"
done
ln -s amd64 "$repo/pool/nvidia/stable/deb/arm64"

cd "$repo"
# publish SUITE POOL COMPONENT …
publish() {
  suite=$1 pool=$2
  shift 2
  for component in "$@"; do
    mkdir -p "dists/$suite/$component/binary-all" "dists/$suite/$component/binary-amd64"
    apt-ftparchive packages "$pool/$component" >"dists/$suite/$component/binary-all/Packages"
    cp "dists/$suite/$component/binary-all/Packages" "dists/$suite/$component/binary-amd64/Packages"
  done
  apt-ftparchive -o APT::FTPArchive::Release::Origin=demo -o "APT::FTPArchive::Release::Suite=$suite" \
    -o "APT::FTPArchive::Release::Codename=$suite" -o "APT::FTPArchive::Release::Components=$*" \
    -o 'APT::FTPArchive::Release::Architectures=all amd64' release "dists/$suite" >Release
  mv Release "dists/$suite/Release"
}
publish stable pool main
publish bookworm pool/docker stable test
(cd "pool/$nvidia" && apt-ftparchive packages . >Packages && apt-ftparchive release . >../Release && mv ../Release Release)

GNUPGHOME=$(mktemp -d)
export GNUPGHOME
for who in demo other; do
  gpg --batch --quiet --passphrase '' --quick-generate-key "$who <$who@example.org>" ed25519 sign never
done
for suite in stable bookworm; do
  gpg --batch --quiet --local-user demo --clearsign --output "dists/$suite/InRelease" "dists/$suite/Release"
done
(cd "pool/$nvidia" && gpg --batch --quiet --local-user demo --clearsign --output InRelease Release)
gpg --batch --quiet --armor --export demo >key.asc
gpg --batch --with-colons --list-keys demo | sed -n '/^fpr/{s/^fpr:*//;s/:$//p;q}' >fingerprint
gpg --batch --quiet --export demo >key.gpg
gpg --batch --quiet --armor --export other >other.asc
chmod -R a+rX "$repo"
