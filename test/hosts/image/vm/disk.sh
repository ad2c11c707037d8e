#!/bin/sh
# Makes a disk of a file system: disk.sh DIRECTORY OUT
set -eu
guest=$1 out=$2
mkdir -p "$out"

mv "$guest"/boot/vmlinuz-* "$out/vmlinuz"
mv "$guest"/boot/initrd.img-* "$out/initrd"
cp "$guest/etc/ssh/ssh_host_ed25519_key.pub" "$out/host_key.pub"
mv "$guest/labels" "$out/labels"
rm -rf "$guest"/.dockerenv "$guest"/proc/* "$guest"/sys/* "$guest"/dev/* "$guest"/run/* "$guest"/tmp/*
# The engine mounts its own over these while it builds.
echo vm >"$guest/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 vm\n' >"$guest/etc/hosts"
echo 'nameserver 10.0.2.3' >"$guest/etc/resolv.conf"

mke2fs -q -t ext4 -d "$guest" "$out/disk.raw" 3G
# One command a file; paths that hold quotes would need others, and there are none.
awk -F'\t' '$2 ~ /:/ && $1 !~ /"/ { printf "ea_set \"%s\" security.selinux %s\n", $1, $2 }' "$out/labels" >"$out/commands"
debugfs -w -f "$out/commands" "$out/disk.raw" >"$out/log" 2>&1
# Files that are not there, /proc among them, are few.
missing=$(grep -c 'File not found' "$out/log" || :)
[ "$missing" -lt 500 ] || { tail -n 20 "$out/log"; echo "$missing labels found no file"; exit 1; }
debugfs -R 'ea_get /etc/passwd security.selinux' "$out/disk.raw" 2>/dev/null | grep -q ':etc_t:' ||
  { tail -n 20 "$out/log"; echo "the files have no labels"; exit 1; }
qemu-img convert -f raw -O qcow2 "$out/disk.raw" "$out/disk.qcow2"
rm -rf "$out/disk.raw" "$out/labels" "$out/commands" "$out/log" "$guest"
