#!/bin/sh
# Builds a signed apt repository: build.sh DIRECTORY
#
#   demo-tool 1.0-1, 1.1-1, 2.0-1   2.0-1 needs demo-lib and recommends demo-extra
#   demo-lib 1.0-1, demo-extra 1.0-1
#   demo-daemon 1.0-1               asks whether it may start its service
#   key.asc, key.gpg                what signs it; other.asc signs nothing
set -eu
repo=$1
mkdir -p "$repo/pool/main" "$repo/dists/stable/main/binary-all" "$repo/dists/stable/main/binary-amd64"

# pack NAME VERSION [FIELD: VALUE …]
pack() {
  name=$1 version=$2 tree=$(mktemp -d)
  shift 2
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
  dpkg-deb --root-owner-group --build "$tree" "$repo/pool/main/${name}_${version}_all.deb" >/dev/null
  rm -rf "$tree"
}
pack demo-lib 1.0-1
pack demo-extra 1.0-1
pack demo-tool 1.0-1
pack demo-tool 1.1-1
pack demo-tool 2.0-1 "Depends: demo-lib" "Recommends: demo-extra"
pack demo-daemon 1.0-1

cd "$repo"
apt-ftparchive packages pool >dists/stable/main/binary-all/Packages
cp dists/stable/main/binary-all/Packages dists/stable/main/binary-amd64/Packages
apt-ftparchive -o APT::FTPArchive::Release::Origin=demo -o APT::FTPArchive::Release::Suite=stable \
  -o APT::FTPArchive::Release::Codename=stable -o APT::FTPArchive::Release::Components=main \
  -o 'APT::FTPArchive::Release::Architectures=all amd64' release dists/stable >Release
mv Release dists/stable/Release

GNUPGHOME=$(mktemp -d)
export GNUPGHOME
for who in demo other; do
  gpg --batch --quiet --passphrase '' --quick-generate-key "$who <$who@example.org>" ed25519 sign never
done
gpg --batch --quiet --local-user demo --clearsign --output dists/stable/InRelease dists/stable/Release
gpg --batch --quiet --armor --export demo >key.asc
gpg --batch --quiet --export demo >key.gpg
gpg --batch --quiet --armor --export other >other.asc
chmod -R a+rX "$repo"
