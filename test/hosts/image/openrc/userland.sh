#!/bin/busybox sh
# Puts busybox in the place of Debian's tools. What must stay is what has setuid or speaks PAM (su, login, sudo) and what OpenRC brings.
set -e
gnu=/usr/local/lib/test-host/gnu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
list=$(dpkg -L adduser bash bsdutils coreutils debianutils diffutils findutils grep gzip hostname mawk passwd procps sed tar util-linux dash)
/bin/busybox mkdir -p "$gnu"
for tool in $list; do
  case $tool in */su | */login | */nologin) continue ;; esac
  case $tool in /bin/* | /sbin/* | /usr/bin/* | /usr/sbin/*) ;; *) continue ;; esac
  [ -f "$tool" ] || [ -L "$tool" ] || continue
  /bin/busybox mv "$tool" "$gnu/${tool##*/}"
done
# Links into /etc/alternatives whose ends have gone: awk, which and the like.
for tool in /usr/bin/* /usr/sbin/*; do
  if [ -L "$tool" ] && [ ! -e "$tool" ]; then /bin/busybox rm "$tool"; fi
done
/bin/busybox ln -s mawk "$gnu/awk"
for applet in $(/bin/busybox --list-full); do
  case ${applet##*/} in dpkg | dpkg-deb | rpm | rpm2cpio | start-stop-daemon | busybox) continue ;; esac
  [ -e "/$applet" ] || /bin/busybox ln -s /bin/busybox "/$applet"
done
for applet in init halt poweroff reboot; do /bin/busybox ln -sf /bin/busybox "/sbin/$applet"; done
