#!/bin/sh
# Makes sure that a container engine answers. Called by test-all.sh and demo.sh, and by hand:
#
#   sh scripts/engine.sh          use the running Docker, or install and start one (Debian/Ubuntu, as root)
#   sh scripts/engine.sh stop     end the dockerd that an earlier call started; any other is left alone
#   sh scripts/engine.sh status   say which engine there is
#
# Exit status: 0 an engine answers, 1 none can be had (the reason and what to install are on stderr).
set -eu

state_dir=/var/lib/k3sprov-engine
pid_file=$state_dir/dockerd.pid
log_file=$state_dir/dockerd.log

say() { printf 'engine: %s\n' "$*" >&2; }

answers() {
  command -v docker >/dev/null 2>&1 && timeout 15 docker info >/dev/null 2>&1
}

# Where process 1 collects no children (a shell in a container), an ended process stays behind as a zombie: state Z.
runs() {
  case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
    '' | Z*) return 1 ;;
  esac
}

# The pid of the dockerd that we started, if it still runs. A pid that belongs to another program by now is not ours.
own_pid() {
  [ -s "$pid_file" ] || return 1
  pid=$(cat "$pid_file")
  runs "$pid" && [ "$(cat "/proc/$pid/comm")" = dockerd ] || return 1
  printf '%s\n' "$pid"
}

refuse() {
  say "no container engine: $1"
  cat >&2 <<'TEXT'
  Test hosts and the demo run in containers. Any of these will do:
    - start Docker (https://docs.docker.com/engine/install), and make sure that `docker info` works for this user
      (a user outside of the group docker gets "permission denied": sudo usermod -aG docker "$USER", then log in again)
    - on Debian or Ubuntu run this as root: it installs docker.io and starts it
    - point DOCKER_HOST at an engine elsewhere, for example DOCKER_HOST=ssh://user@host
TEXT
  exit 1
}

install_engine() {
  command -v dockerd >/dev/null 2>&1 && return 0
  [ "$(id -u)" = 0 ] || refuse "dockerd is not installed and only root can install it"
  command -v apt-get >/dev/null 2>&1 || refuse "dockerd is not installed, and this is not Debian or Ubuntu (no apt-get)"
  say "installing docker.io with apt-get"
  sh "$(dirname "$0")/apt-install.sh" docker.io || refuse "apt-get could not install docker.io (its messages are above)"
}

# systemd in many containers needs many inotify instances: the usual 128 are enough for about 15 hosts.
raise_limits() {
  current=$(cat /proc/sys/fs/inotify/max_user_instances 2>/dev/null || echo 0)
  [ "$current" -ge 1024 ] && return 0
  [ "$(id -u)" = 0 ] || return 0
  echo 1024 2>/dev/null >/proc/sys/fs/inotify/max_user_instances ||
    say "could not raise fs.inotify.max_user_instances above $current: more than about 15 test hosts will not start"
}

start_engine() {
  [ "$(id -u)" = 0 ] || refuse "Docker is installed but does not answer, and only root can start it"
  if [ -d /run/systemd/system ]; then
    say "starting docker.service"
    systemctl start docker.service || refuse "systemctl could not start docker.service; see: journalctl -u docker"
  else
    mkdir -p "$state_dir"
    # Two test runs may come here at the same time; the second one waits and then finds the first one's engine.
    exec 9>"$state_dir/lock"
    flock 9
    if answers; then return 0; fi
    say "starting dockerd in the background; log: $log_file; end it with: sh scripts/engine.sh stop"
    # Without a namespace of its own a host's systemd would work on this machine's control groups.
    # setsid and the closed streams let it outlive this script and the terminal.
    setsid dockerd --default-cgroupns-mode private --pidfile /run/k3sprov-dockerd.pid \
      </dev/null >"$log_file" 2>&1 9>&- &
    echo $! >"$pid_file"
  fi
  tries=0
  until answers; do
    tries=$((tries + 1))
    if [ ! -d /run/systemd/system ] && ! own_pid >/dev/null; then
      tail -n 15 "$log_file" >&2
      refuse "dockerd ended at once; its last lines are above"
    fi
    [ "$tries" -lt 120 ] || refuse "dockerd did not answer within a minute; see $log_file"
    sleep 0.5
  done
}

stop_engine() {
  if ! pid=$(own_pid); then
    say "no dockerd of ours is running; nothing to stop"
    return 0
  fi
  say "ending dockerd ($pid)"
  kill "$pid"
  tries=0
  while runs "$pid"; do
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || {
      say "dockerd ($pid) has not ended after a minute"
      return 1
    }
    sleep 0.5
  done
  rm -f "$pid_file"
}

case "${1:-start}" in
  start)
    if ! answers; then
      if [ -n "${DOCKER_HOST:-}" ]; then refuse "DOCKER_HOST is $DOCKER_HOST, but nothing answers there"; fi
      install_engine
      answers || start_engine
    fi
    raise_limits
    say "$(docker version --format 'Docker {{.Server.Version}}') answers"
    ;;
  stop) stop_engine ;;
  status)
    if answers; then
      if pid=$(own_pid); then say "our dockerd runs ($pid)"; else say "an engine answers that these scripts did not start"; fi
    else
      say "no engine answers"
      exit 1
    fi
    ;;
  *)
    say "unknown command \"$1\"; use start, stop or status"
    exit 2
    ;;
esac
