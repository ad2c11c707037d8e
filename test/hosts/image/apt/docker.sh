#!/bin/sh
# What Docker's own package holds, as far as a role sees it: docker.sh TREE VERSION
#
# A dockerd that refuses a configuration with --validate as the real one does since 23.0, the units, the group, and maintainer scripts that
# start, stop and disable as Debian's helpers do.
set -eu
tree=$1 version=${2#*:}
mkdir -p "$tree/usr/bin" "$tree/lib/systemd/system"
cat >"$tree/usr/bin/dockerd" <<DOCKERD
#!/bin/sh
case " \$* " in
*' --version '*) echo 'Docker version ${version%%-*} (stand-in)'; exit ;;
*' --help '*) echo '      --validate      Validate daemon configuration and exit'; exit ;;
esac
file=/etc/docker/daemon.json
case " \$* " in *' --config-file '*) file=\${*##*--config-file } ;; esac
if [ -e "\$file" ] && grep -q '"no-such-key"' "\$file"; then
  echo "unable to configure the Docker daemon with file \$file: the following directives don't match any configuration option: no-such-key" >&2
  exit 1
fi
case " \$* " in *' --validate '*) echo 'configuration OK'; exit ;; esac
exec sleep infinity
DOCKERD
chmod 755 "$tree/usr/bin/dockerd"
cat >"$tree/lib/systemd/system/docker.service" <<'UNIT'
[Unit]
Description=Docker Application Container Engine
Requires=docker.socket
[Service]
Type=exec
ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock
[Install]
WantedBy=multi-user.target
UNIT
cat >"$tree/lib/systemd/system/docker.socket" <<'UNIT'
[Unit]
Description=Docker Socket for the API
[Socket]
ListenStream=/run/docker.sock
SocketMode=0660
SocketGroup=docker
[Install]
WantedBy=sockets.target
UNIT
cat >"$tree/DEBIAN/postinst" <<'SCRIPT'
#!/bin/sh
set -e
if [ "$1" = configure ]; then
  getent group docker >/dev/null || groupadd --system docker
  deb-systemd-helper enable docker.service docker.socket >/dev/null
  systemctl --system daemon-reload
  deb-systemd-invoke start docker.socket docker.service >/dev/null || true
fi
SCRIPT
cat >"$tree/DEBIAN/prerm" <<'SCRIPT'
#!/bin/sh
set -e
if [ "$1" = remove ]; then deb-systemd-invoke stop docker.socket docker.service >/dev/null || true; fi
SCRIPT
cat >"$tree/DEBIAN/postrm" <<'SCRIPT'
#!/bin/sh
set -e
systemctl --system daemon-reload || true
if [ "$1" = purge ]; then deb-systemd-helper purge docker.service docker.socket >/dev/null; fi
SCRIPT
chmod 755 "$tree/DEBIAN/postinst" "$tree/DEBIAN/prerm" "$tree/DEBIAN/postrm"
