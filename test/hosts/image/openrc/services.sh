#!/bin/sh
# What starts at boot: nothing but sshd and crond. The rest of Debian's scripts is about consoles, clocks and disks.
set -e
chmod 755 /etc/init.d/crond /etc/init.d/demo
mkdir -p /var/spool/cron/crontabs
rm -f /etc/runlevels/*/*
for script in agetty hwclock.sh kmod procps rc rcS sudo; do rm -f "/etc/init.d/$script"; done
mkdir -p /etc/runlevels/sysinit /etc/runlevels/boot /etc/runlevels/default /etc/runlevels/shutdown
rc-update add ssh default
rc-update add crond default
printf 'rc_sys="lxc"\nrc_provide="net localmount"\nrc_logger="NO"\n' >>/etc/rc.conf
