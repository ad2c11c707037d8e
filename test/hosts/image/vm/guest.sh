#!/bin/sh
# Makes the file system of a test host that of a machine which boots by itself, and lists what label each file is to have.
set -eu
export DEBIAN_FRONTEND=noninteractive

# An initramfs for this one machine is small, quick to make and quick to unpack.
mkdir -p /etc/initramfs-tools/conf.d /usr/share/initramfs-tools/modules.d
printf 'MODULES=list\nCOMPRESS=gzip\n' >/etc/initramfs-tools/conf.d/vm
printf '%s\n' virtio_pci virtio_blk virtio_net ext4 >/usr/share/initramfs-tools/modules.d/vm
apt-get install -y --no-install-recommends linux-image-cloud-amd64 udev
apt-get clean
rm -rf /var/lib/apt/lists/*

# Users' own managers and lingering are logind's.
systemctl unmask systemd-logind.service
systemctl unmask systemd-udevd.service systemd-udev-trigger.service systemd-modules-load.service
systemctl mask systemd-networkd-wait-online.service e2scrub_reap.service
# Each device that is looked at costs an emulated machine, and networkd waits for no other.
mkdir /etc/systemd/system/systemd-udev-trigger.service.d
printf '[Service]\nExecStart=\nExecStart=udevadm trigger --action=add --subsystem-match=net\n' \
  >/etc/systemd/system/systemd-udev-trigger.service.d/vm.conf
systemctl enable systemd-networkd.service
cat >/etc/systemd/network/vm.network <<'NETWORK'
[Match]
Name=eth0
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
NETWORK
# The kernel mounts the root file system for writing already; an entry would make systemd wait for the disk's device.
: >/etc/fstab

ssh-keygen -q -t ed25519 -N '' -C '' -f /etc/ssh/ssh_host_ed25519_key
: >/etc/ssh/test-keys
cat >/etc/systemd/system/test-keys.service <<'UNIT'
[Unit]
Description=The key of the test run, from the kernel's command line
Before=ssh.service
[Service]
Type=oneshot
ExecStart=/bin/sh /usr/local/lib/test-host/keys.sh
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable test-keys.service

# Labelled from outside: a relabelling boot takes minutes in an emulated machine, and a build may not set such attributes itself.
cd /
for kind in f:file d:dir l:lnk_file; do
  # 123: some path is to have no label, /proc below itself for one.
  find / -xdev -type "${kind%:*}" -print0 | xargs -0 matchpathcon -m "${kind#*:}" || [ $? -eq 123 ]
done >/labels
