#!/bin/sh
# On a machine with the old control groups the new tree is there too, without controllers: those are the machine's.
set -e
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
  umount -R /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
exec /bin/sh /usr/local/lib/test-host/boot.sh
