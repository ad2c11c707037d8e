#!/bin/sh
# Process 1 of a test host until its init takes over: systemd, or what the argument names.
set -e

# The engine mounts the private control group tree read-only; systemd must write to it. `bind` changes this mount alone:
# a hierarchy of the old control groups belongs to the whole machine and refuses as "busy".
for tree in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if mountpoint -q "$tree"; then mount -o remount,bind,rw "$tree"; fi
done

# Kernel settings are read-only in a container. Those of the network are the host's own; the others are the machine's and stay so.
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,rw /proc/sys/net

# The engine mounts these over the host's own files, and a mounted file cannot be replaced. The first boot takes over what
# they say; later ones keep what the host has made of it.
for file in /etc/hosts /etc/hostname /etc/resolv.conf; do
  mountpoint -q "$file" || continue
  said=$(cat "$file")
  umount "$file"
  [ -e /etc/ssh/ssh_host_ed25519_key ] || printf '%s\n' "$said" >"$file"
done

# Each host has a key of its own: tests of changed and unknown host keys need hosts that differ.
[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -C '' -f /etc/ssh/ssh_host_ed25519_key

# Containers get their variables through process 1's environment; hosts have none there.
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin container=docker "${1:-/lib/systemd/systemd}"
