import type { Failing } from "./rows.ts";

/**
 * What goes wrong on a host: as root, and as its user "deploy" without sudo. /mnt/full is a file system of 64 kB without a free byte, /mnt/fixed one
 * that is mounted read-only; /srv/file is a file where a directory would have to be, /srv/kept and /root/secret belong to root, and there is no
 * /srv/none. The unit "bad-setting" is none that systemd takes.
 */
export type OnHost = { readonly root?: readonly Failing[]; readonly deploy?: readonly Failing[] };

export const onHosts: Readonly<Record<string, OnHost>> = {
  alternatives: {
    root: [
      ["alternatives: { name: editor, path: /no/such/editor }", "Specified path /no/such/editor does not exist"],
      [
        "alternatives: { name: no-such-name, path: /usr/bin/env }",
        '"link" is needed to install the alternative: the host does not know no-such-name yet',
      ],
      ["alternatives: { name: awk, family: no-such-family }", 'awk has no alternative of the family "no-such-family"'],
      [
        "alternatives: { name: awk, path: /usr/bin/env, link: /srv/file/awk }",
        "mv: cannot stat '/srv/file/awk': Not a directory\nupdate-alternatives: error: unable to install '/usr/bin/awk' as '/srv/file/awk': Not a directory",
      ],
    ],
    deploy: [
      [
        "alternatives: { name: new, path: /usr/bin/env, link: /usr/bin/new }",
        "update-alternatives: error: error creating symbolic link '/etc/alternatives/new.dpkg-tmp': Permission denied",
      ],
    ],
  },
  assemble: {
    root: [
      [
        "assemble: { src: /srv/parts, dest: /mnt/full/old }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/old; is the disk full? Nothing was changed",
      ],
      [
        "assemble: { src: /srv/parts, dest: /mnt/full/new }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "assemble: { src: /srv/parts, dest: /mnt/fixed/new }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
      ["assemble: { src: /srv/parts, dest: /srv/file/new }", "/srv/file is a file, not a directory"],
      ["assemble: { src: /srv/parts, dest: /srv/none/new }", "Destination directory /srv/none does not exist"],
    ],
    deploy: [
      [
        "assemble: { src: /srv/parts, dest: /srv/new }",
        "mktemp: failed to create directory via template '/srv/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /srv",
      ],
      ["assemble: { src: /srv/parts, dest: /root/new }", "cannot look at /root/new: permission denied"],
    ],
  },
  authorized_key: {
    root: [
      [
        "authorized_key: { user: root, path: /mnt/full/old, manage_dir: false, key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/old; is the disk full? Nothing was changed",
      ],
      [
        "authorized_key: { user: root, path: /mnt/full/new, manage_dir: false, key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "authorized_key: { user: root, path: /mnt/fixed/new, manage_dir: false, key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
      [
        "authorized_key: { user: root, path: /srv/file/new, manage_dir: false, key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "/srv/file is a file, not a directory",
      ],
      [
        "authorized_key: { user: root, path: /srv/none/new, manage_dir: false, key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "Destination directory /srv/none does not exist",
      ],
      [
        "authorized_key: { user: nobody-here, key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "Failed to lookup user nobody-here: there is no such user",
      ],
    ],
    deploy: [
      [
        "authorized_key: { user: deploy, path: /srv/new, manage_dir: false, key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "mktemp: failed to create directory via template '/srv/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /srv",
      ],
      [
        "authorized_key: { user: deploy, path: /root/new, manage_dir: false, key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "cannot look at /root/new: permission denied",
      ],
      [
        "authorized_key: { user: root, key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "cannot look at /root/.ssh: permission denied",
      ],
    ],
  },
  blockinfile: {
    root: [
      [
        "blockinfile: { path: /mnt/full/old, block: new, create: true }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/old; is the disk full? Nothing was changed",
      ],
      [
        "blockinfile: { path: /mnt/full/new, block: new, create: true }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "blockinfile: { path: /mnt/fixed/new, block: new, create: true }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
      ["blockinfile: { path: /srv/file/new, block: new, create: true }", "/srv/file is a file, not a directory"],
    ],
    deploy: [
      [
        "blockinfile: { path: /srv/new, block: new, create: true }",
        "mktemp: failed to create directory via template '/srv/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /srv",
      ],
      ["blockinfile: { path: /root/new, block: new, create: true }", "cannot look at /root/new: permission denied"],
    ],
  },
  command: {
    root: [
      ["command: no-such-program", "[Errno 2] No such file or directory: b'no-such-program'"],
      [
        "command: { cmd: ls, chdir: /srv/none }",
        "Unable to change directory before execution: no such directory, or no permission: '/srv/none'",
      ],
      [
        "command: { cmd: ls, chdir: /srv/file }",
        "Unable to change directory before execution: no such directory, or no permission: '/srv/file'",
      ],
      ["command: /srv/kept", "[Errno 13] Permission denied: b'/srv/kept'"],
    ],
    deploy: [
      [
        "command: { cmd: ls, chdir: /root }",
        "Unable to change directory before execution: no such directory, or no permission: '/root'",
      ],
    ],
  },
  copy: {
    root: [
      [
        "copy: { dest: /mnt/full/old, content: new }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/old; is the disk full? Nothing was changed",
      ],
      [
        "copy: { dest: /mnt/full/new, content: new }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "copy: { dest: /mnt/fixed/new, content: new }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
      ["copy: { dest: /srv/file/new, content: new }", "/srv/file is a file, not a directory"],
      ["copy: { dest: /srv/none/new, content: new }", "Destination directory /srv/none does not exist"],
      [
        "copy: { dest: /mnt/full/new, src: large }",
        "gzip: stdout: No space left on device\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "copy: { dest: /mnt/full/new, src: /bin/bash, remote_src: true }",
        "cat: write error: No space left on device\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "copy: { dest: /srv/new, content: new, validate: /no/such/program %s }",
        "failed to validate: rc:127 error:/bin/sh: eval: /no/such/program: not found",
      ],
      ["copy: { dest: /srv/new, content: new, validate: 'false %s' }", "failed to validate: rc:1 error:"],
    ],
    deploy: [
      [
        "copy: { dest: /srv/new, content: new }",
        "mktemp: failed to create directory via template '/srv/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /srv",
      ],
      ["copy: { dest: /root/new, content: new }", "cannot look at /root/new: permission denied"],
      ["copy: { dest: /home/deploy/new, src: /etc/shadow, remote_src: true }", "cannot read /etc/shadow: permission denied"],
    ],
  },
  cron: {
    root: [
      ["cron: { name: NEW, job: y, env: true, insertafter: NOPE }", "Variable named 'NOPE' not found."],
      [
        "cron: { name: new, job: ls, user: root, cron_file: /mnt/full/old }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/old; is the disk full? Nothing was changed",
      ],
      [
        "cron: { name: new, job: ls, user: root, cron_file: /mnt/full/new }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "cron: { name: new, job: ls, user: root, cron_file: /mnt/fixed/new }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
      ["cron: { name: new, job: ls, user: root, cron_file: /srv/file/new }", "/srv/file is a file, not a directory"],
      ["cron: { name: new, job: ls, user: root, cron_file: /srv/none/new }", "Destination directory /srv/none does not exist"],
      ["cron: { name: new, job: ls, user: nobody-here }", 'the host has no user "nobody-here"'],
      [
        "cron: { name: new, job: ls, user: root, cron_file: a.b }",
        'cron reads no file "a.b" of /etc/cron.d: names hold letters, digits, underscores and hyphens only',
      ],
    ],
    deploy: [
      [
        "cron: { name: new, job: ls, user: root, cron_file: /srv/new }",
        "mktemp: failed to create directory via template '/srv/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /srv",
      ],
      ["cron: { name: new, job: ls, user: root, cron_file: /root/new }", "cannot look at /root/new: permission denied"],
      ["cron: { name: new, job: ls, user: root }", "cannot read the crontab of root: must be privileged to use -u"],
    ],
  },
  docker_container: {
    root: [
      [
        "docker_container: { name: a, image: busybox }",
        "there is no docker on the host; install its command line (docker.io, docker-ce-cli) first",
      ],
      [
        "docker_container: { name: a, state: absent }",
        "there is no docker on the host; install its command line (docker.io, docker-ce-cli) first",
      ],
    ],
  },
  fetch: {
    root: [
      ["fetch: { src: /srv/none, dest: fetched }", "the remote file does not exist: /srv/none"],
      ["fetch: { src: /srv, dest: fetched }", "/srv is a directory, which fetch does not bring over"],
      [
        "fetch: { src: /srv/kept, dest: /proc/none }",
        "cannot write /proc/none/fresh1/srv/kept on the control node: ENOENT: no such file or directory, mkdir '/proc/none'",
      ],
    ],
    deploy: [
      ["fetch: { src: /etc/shadow, dest: fetched }", "cannot read /etc/shadow: permission denied"],
      ["fetch: { src: /root/secret, dest: fetched }", "cannot look at /root/secret: permission denied"],
    ],
  },
  file: {
    root: [
      [
        "file: { path: /proc/version, attributes: +i }",
        'cannot set attributes "+i" of /proc/version: the file system has no such flags: lsattr: Operation not supported While reading flags on /proc/version',
      ],
      // Containers lack the right to do that.
      [
        "file: { path: /etc/default/cron, attributes: +i }",
        "chattr: Operation not permitted while setting flags on /etc/default/cron",
      ],
      ["file: { path: /mnt/fixed/old, mode: '0600' }", "chmod: changing permissions of '/mnt/fixed/old': Read-only file system"],
      ["file: { path: /mnt/fixed/old, state: absent }", "rm: cannot remove '/mnt/fixed/old': Read-only file system"],
      ["file: { path: /mnt/fixed/new, state: touch }", "/bin/sh: eval: cannot create /mnt/fixed/new: Read-only file system"],
      ["file: { path: /srv/file/new, state: touch }", "/srv/file is a file, not a directory"],
      [
        "file: { path: /mnt/fixed/dir, state: directory }",
        "mkdir: cannot create directory '/mnt/fixed/dir': Read-only file system",
      ],
      [
        "file: { path: /mnt/fixed/link, state: link, src: old }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
    ],
    deploy: [
      ["file: { path: /srv/new, state: touch }", "/bin/sh: eval: cannot create /srv/new: Permission denied"],
      ["file: { path: /root/new, state: touch }", "cannot look at /root/new: permission denied"],
      ["file: { path: /srv/kept, mode: '0777' }", "chmod: changing permissions of '/srv/kept': Operation not permitted"],
      ["file: { path: /srv/kept, state: absent }", "rm: cannot remove '/srv/kept': Permission denied"],
      ["file: { path: /srv/kept, owner: deploy }", "chown: changing ownership of '/srv/kept': Operation not permitted"],
      ["file: { path: /srv/dir, state: directory }", "mkdir: cannot create directory '/srv/dir': Permission denied"],
    ],
  },
  firewalld: {
    root: [
      ["firewalld: { service: https, state: enabled }", "the host has no firewalld; install the package firewalld"],
      [
        "firewalld: { service: https, state: enabled, permanent: true, offline: true }",
        "the host has no firewalld; install the package firewalld",
      ],
    ],
  },
  getent: {
    root: [
      ["getent: { database: nodatabase }", 'Missing arguments, or database unknown: "nodatabase"'],
      [
        "getent: { database: passwd, key: nobody-here }",
        'One or more supplied key could not be found in the database: passwd has no "nobody-here"',
      ],
      [
        "getent: { database: networks, key: nowhere }",
        'One or more supplied key could not be found in the database: networks has no "nowhere"',
      ],
      ["getent: { database: initgroups }", 'Enumeration not supported on this database: initgroups; give a "key"'],
    ],
    deploy: [["getent: { database: shadow, key: root }", "cannot read the database: only root may look into shadow"]],
  },
  group: {
    root: [
      ["group: { name: new, gid: 0 }", 'GID 0 already belongs to the group "root" (non_unique: true would allow it)'],
      ["group: { name: root, state: absent }", "groupdel: cannot remove the primary group of user 'root'"],
    ],
    deploy: [
      ["group: { name: new }", "groupadd: Permission denied.\ngroupadd: cannot lock /etc/group; try again later."],
      ["group: { name: deploy, state: absent }", "groupdel: cannot remove the primary group of user 'deploy'"],
    ],
  },
  helm: {
    root: [
      [
        "helm: { name: a, namespace: b, chart_ref: c/d }",
        'there is no helm on the host; install it first, or name another with "binary_path"',
      ],
      [
        "helm: { name: a, namespace: b, chart_ref: c/d, binary_path: /no/such/helm }",
        'there is no /no/such/helm on the host; install it first, or name another with "binary_path"',
      ],
      [
        "helm: { name: a, namespace: b, chart_ref: c/d, values_files: [/srv/none.yaml] }",
        'there is no helm on the host; install it first, or name another with "binary_path"',
      ],
    ],
  },
  hostname: {
    deploy: [
      [
        "hostname: { name: new }",
        "mktemp: failed to create directory via template '/etc/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /etc",
      ],
    ],
  },
  ini_file: {
    root: [
      [
        "ini_file: { path: /sys/a.ini, section: a, option: b, value: c }",
        "mktemp: failed to create directory via template '/sys/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /sys",
      ],
      [
        "ini_file: { path: /mnt/full/old, section: a, option: b, value: c }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/old; is the disk full? Nothing was changed",
      ],
      [
        "ini_file: { path: /mnt/full/new, section: a, option: b, value: c }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "ini_file: { path: /mnt/fixed/new, section: a, option: b, value: c }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
      ["ini_file: { path: /srv/file/new, section: a, option: b, value: c }", "/srv/file is a file, not a directory"],
    ],
    deploy: [
      [
        "ini_file: { path: /srv/new, section: a, option: b, value: c }",
        "mktemp: failed to create directory via template '/srv/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /srv",
      ],
      ["ini_file: { path: /root/new, section: a, option: b, value: c }", "cannot look at /root/new: permission denied"],
    ],
  },
  iptables: {
    deploy: [
      [
        "iptables: { chain: INPUT, jump: ACCEPT, source: 192.0.2.1 }",
        'the host has no "iptables" command; install the package iptables',
      ],
    ],
  },
  k8s: {
    root: [
      [
        "k8s: { definition: { apiVersion: v1, kind: Namespace, metadata: { name: a } } }",
        'there is no kubectl on the host; install it first, or name another with "kubectl"',
      ],
      [
        "k8s: { definition: { apiVersion: v1, kind: Namespace, metadata: { name: a } }, kubectl: /no/such/kubectl }",
        'there is no /no/such/kubectl on the host; install it first, or name another with "kubectl"',
      ],
      ["k8s: { src: /srv/none.yaml, remote_src: true }", "k8s: there is no file /srv/none.yaml on the host"],
    ],
  },
  known_hosts: {
    root: [
      [
        "known_hosts: { name: node1, path: /mnt/full/old, key: node1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/old; is the disk full? Nothing was changed",
      ],
      [
        "known_hosts: { name: node1, path: /mnt/full/new, key: node1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "known_hosts: { name: node1, path: /mnt/fixed/new, key: node1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
      [
        "known_hosts: { name: node1, path: /srv/file/new, key: node1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "/srv/file is a file, not a directory",
      ],
      [
        "known_hosts: { name: node1, path: /srv/none/new, key: node1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "Destination directory /srv/none does not exist",
      ],
    ],
    deploy: [
      [
        "known_hosts: { name: node1, path: /srv/new, key: node1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "mktemp: failed to create directory via template '/srv/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /srv",
      ],
      [
        "known_hosts: { name: node1, path: /root/new, key: node1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl }",
        "cannot look at /root/new: permission denied",
      ],
    ],
  },
  lineinfile: {
    root: [
      [
        "lineinfile: { path: /mnt/full/old, line: new, create: true }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/old; is the disk full? Nothing was changed",
      ],
      [
        "lineinfile: { path: /mnt/full/new, line: new, create: true }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "lineinfile: { path: /mnt/fixed/new, line: new, create: true }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
      ["lineinfile: { path: /srv/file/new, line: new, create: true }", "/srv/file is a file, not a directory"],
    ],
    deploy: [
      [
        "lineinfile: { path: /srv/new, line: new, create: true }",
        "mktemp: failed to create directory via template '/srv/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /srv",
      ],
      ["lineinfile: { path: /root/new, line: new, create: true }", "cannot look at /root/new: permission denied"],
    ],
  },
  mount: {
    root: [
      [
        "mount: { path: /srv/m, src: tmpfs, fstype: tmpfs, state: present, fstab: /mnt/full/old }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/old; is the disk full? Nothing was changed",
      ],
      [
        "mount: { path: /srv/m, src: tmpfs, fstype: tmpfs, state: present, fstab: /mnt/full/new }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "mount: { path: /srv/m, src: tmpfs, fstype: tmpfs, state: present, fstab: /mnt/fixed/new }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
      [
        "mount: { path: /srv/m, src: tmpfs, fstype: tmpfs, state: present, fstab: /srv/file/new }",
        "/srv/file is a file, not a directory",
      ],
      [
        "mount: { path: /srv/m, src: tmpfs, fstype: tmpfs, state: present, fstab: /srv/none/new }",
        "Destination directory /srv/none does not exist",
      ],
      [
        "mount: { path: /srv/kept, src: tmpfs, fstype: tmpfs, state: mounted }",
        "/srv/kept is not a directory, so nothing can be mounted there",
      ],
      [
        "mount: { path: /srv/m, src: /srv/none, fstype: none, opts: bind, state: mounted }",
        "the directory /srv/none, which is to be mounted, does not exist",
      ],
      [
        "mount: { path: /srv/m, src: /dev/no-such-device, fstype: ext4, state: mounted }",
        "the device /dev/no-such-device does not exist",
      ],
      [
        "mount: { path: /srv/m, src: tmpfs, fstype: no-such-fs, state: mounted }",
        "mount: /srv/m: special device tmpfs does not exist.\n       dmesg(1) may have more information after failed mount system call.",
      ],
      ["mount: { path: /srv/m, state: remounted }", "/srv/m is not mounted, so it cannot be mounted again"],
      [
        "mount: { path: /srv/m, src: tmpfs, fstype: tmpfs, opts: size=nothing, state: mounted }",
        "mount: /srv/m: wrong fs type, bad option, bad superblock on tmpfs, missing codepage or helper program, or other error.\n       dmesg(1) may have more information after failed mount system call.",
      ],
    ],
    deploy: [
      [
        "mount: { path: /srv/m, src: tmpfs, fstype: tmpfs, state: present, fstab: /srv/new }",
        "mktemp: failed to create directory via template '/srv/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /srv",
      ],
      [
        "mount: { path: /srv/m, src: tmpfs, fstype: tmpfs, state: present, fstab: /root/new }",
        "cannot look at /root/new: permission denied",
      ],
      [
        "mount: { path: /srv/m, src: tmpfs, fstype: tmpfs, state: ephemeral }",
        "mkdir: cannot create directory '/srv/m': Permission denied",
      ],
    ],
  },
  pam_limits: {
    root: [
      [
        "pam_limits: { domain: '*', limit_type: soft, limit_item: nofile, value: 64, dest: /mnt/full/old }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/old; is the disk full? Nothing was changed",
      ],
      [
        "pam_limits: { domain: '*', limit_type: soft, limit_item: nofile, value: 64, dest: /mnt/full/new }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "pam_limits: { domain: '*', limit_type: soft, limit_item: nofile, value: 64, dest: /mnt/fixed/new }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
      [
        "pam_limits: { domain: '*', limit_type: soft, limit_item: nofile, value: 64, dest: /srv/file/new }",
        "/srv/file is a file, not a directory",
      ],
      [
        "pam_limits: { domain: '*', limit_type: soft, limit_item: nofile, value: 64, dest: /srv/none/new }",
        "Destination directory /srv/none does not exist",
      ],
    ],
    deploy: [
      [
        "pam_limits: { domain: '*', limit_type: soft, limit_item: nofile, value: 64, dest: /srv/new }",
        "mktemp: failed to create directory via template '/srv/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /srv",
      ],
      [
        "pam_limits: { domain: '*', limit_type: soft, limit_item: nofile, value: 64, dest: /root/new }",
        "cannot look at /root/new: permission denied",
      ],
    ],
  },
  raw: {
    root: [
      ["raw: { cmd: ls, executable: /no/such/shell }", "[Errno 2] No such file or directory: b'/no/such/shell'"],
      ["raw: no-such-program", "non-zero return code"],
    ],
  },
  replace: {
    root: [
      [
        "replace: { path: /proc/version, regexp: Linux, replace: x }",
        "mktemp: failed to create directory via template '/proc/.k3sprov.XXXXXXXX': No such file or directory\ncannot make a temporary directory in /proc",
      ],
      [
        "replace: { path: /mnt/full/old, regexp: old, replace: new and longer }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/old; is the disk full? Nothing was changed",
      ],
      [
        "replace: { path: /mnt/fixed/old, regexp: old, replace: new }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
      ["replace: { path: /srv/file/new, regexp: a }", "Path /srv/file/new does not exist !"],
    ],
    deploy: [
      [
        "replace: { path: /srv/kept, regexp: kept, replace: new }",
        "mktemp: failed to create directory via template '/srv/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /srv",
      ],
      ["replace: { path: /etc/shadow, regexp: a }", "cannot read /etc/shadow: permission denied"],
    ],
  },
  script: {
    root: [
      [
        "script: { cmd: run.sh, chdir: /srv/none }",
        "Unable to change directory before execution: no such directory, or no permission: '/srv/none'",
      ],
      [
        "script: { cmd: run.sh, executable: /no/such/interpreter }",
        "[Errno 2] No such file or directory: b'/no/such/interpreter'",
      ],
      ["script: { cmd: badline.sh }", "non-zero return code"],
    ],
  },
  seboolean: {
    root: [
      [
        "seboolean: { name: httpd_can_network_connect, state: true }",
        "seboolean: SELinux is disabled on this host; ignore_selinux_state: true changes the policy's store all the same",
      ],
      [
        "seboolean: { name: a, state: true, persistent: true, ignore_selinux_state: true }",
        'seboolean: there is no SELinux policy "targeted" on this host; install the package selinux-policy-default',
      ],
    ],
  },
  sefcontext: {
    root: [
      [
        "sefcontext: { target: /srv/x, setype: etc_t }",
        "sefcontext: SELinux is disabled on this host; ignore_selinux_state: true changes the policy's store all the same",
      ],
    ],
  },
  selinux: {
    root: [
      [
        "selinux: { state: enforcing, policy: targeted }",
        'selinux: the policy "targeted" is not installed, there is no /etc/selinux/targeted/policy; install the package selinux-policy-default',
      ],
    ],
  },
  seport: {
    root: [
      [
        "seport: { ports: 8080, proto: tcp, setype: http_port_t }",
        "seport: SELinux is disabled on this host; ignore_selinux_state: true changes the policy's store all the same",
      ],
    ],
  },
  service: {
    root: [
      ["service: { name: no-such-service, state: started }", "Could not find the requested service no-such-service: host"],
      ["service: { name: no-such-service, enabled: true }", "Could not find the requested service no-such-service: host"],
      [
        "service: { name: cron, state: started, use: openrc }",
        "cannot tell whether cron is running: the host has no rc-service; OpenRC does not run it",
      ],
    ],
    deploy: [
      [
        "service: { name: cron, state: stopped }",
        "Failed to stop cron.service: Access denied\nSee system logs and 'systemctl status cron.service' for details.",
      ],
    ],
  },
  shell: {
    root: [
      ["shell: { cmd: ls, executable: /no/such/shell }", "[Errno 2] No such file or directory: b'/no/such/shell'"],
      [
        "shell: { cmd: ls, chdir: /srv/none }",
        "Unable to change directory before execution: no such directory, or no permission: '/srv/none'",
      ],
      ["shell: echo new >/dev/full", "non-zero return code"],
    ],
  },
  slurp: {
    root: [
      ["slurp: { src: /srv/file/new }", "file not found: /srv/file/new"],
      ["slurp: { src: /dev/null }", "source is a character and must be a file: /dev/null"],
      ["slurp: { src: /proc/1/mem }", "cannot read /proc/1/mem: base64: read error: Input/output error"],
      [
        "slurp: { src: /var/tmp/large }",
        "/var/tmp/large has 11534336 bytes, at most 10485760 can be read into a variable; fetch brings a file of any size to the control node",
      ],
    ],
    deploy: [
      ["slurp: { src: /etc/shadow }", "cannot read /etc/shadow: permission denied"],
      ["slurp: { src: /root/secret }", "cannot look at /root/secret: permission denied"],
    ],
  },
  stat: {
    deploy: [["stat: { path: /root/secret }", "cannot look at /root/secret: permission denied"]],
  },
  systemd: {
    root: [
      ["systemd: { name: no-such-unit.timer, state: started }", "Could not find the requested service no-such-unit.timer: host"],
      [
        "systemd: { name: no-such-unit, masked: false, enabled: true }",
        "Could not find the requested service no-such-unit: host",
      ],
      [
        "systemd: { name: bad-setting, state: started }",
        "Unit bad-setting.service cannot be used: Unit bad-setting.service has a bad unit file setting.",
      ],
    ],
    deploy: [
      ["systemd: { name: cron, enabled: false }", "Reload daemon failed: Access denied\nupdate-rc.d: error: Permission denied"],
      ["systemd: { daemon_reexec: true }", "Reexecute daemon failed: Access denied"],
      [
        "systemd: { name: x, state: started, scope: user }",
        'the user\'s own systemd does not run (Failed to connect to bus: No such file or directory); "loginctl enable-linger USER" starts it, now and at boot',
      ],
    ],
  },
  sysvinit: {
    root: [["sysvinit: { name: no-such-script, state: started }", "Could not find the requested service no-such-script: host"]],
  },
  tempfile: {
    root: [
      ["tempfile: { path: /srv/none }", "/srv/none is not a directory"],
      ["tempfile: { path: /srv/file }", "/srv/file is not a directory"],
      [
        "tempfile: { path: /mnt/fixed }",
        "mktemp: failed to create file via template '/mnt/fixed/ansible.XXXXXXXX': Read-only file system",
      ],
      [
        "tempfile: { path: /mnt/fixed, state: directory, suffix: .d }",
        "mktemp: failed to create directory via template '/mnt/fixed/ansible.XXXXXXXX': Read-only file system",
      ],
    ],
    deploy: [
      ["tempfile: { path: /srv }", "mktemp: failed to create file via template '/srv/ansible.XXXXXXXX': Permission denied"],
    ],
  },
  template: {
    root: [
      [
        "template: { src: new.j2, dest: /mnt/full/old }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/old; is the disk full? Nothing was changed",
      ],
      [
        "template: { src: new.j2, dest: /mnt/full/new }",
        "/bin/sh: printf: printf: I/O error\ncould not write the new content of /mnt/full/new; is the disk full? Nothing was changed",
      ],
      [
        "template: { src: new.j2, dest: /mnt/fixed/new }",
        "mktemp: failed to create directory via template '/mnt/fixed/.k3sprov.XXXXXXXX': Read-only file system\ncannot make a temporary directory in /mnt/fixed",
      ],
      ["template: { src: new.j2, dest: /srv/file/new }", "/srv/file is a file, not a directory"],
      ["template: { src: new.j2, dest: /srv/none/new }", "Destination directory /srv/none does not exist"],
    ],
    deploy: [
      [
        "template: { src: new.j2, dest: /srv/new }",
        "mktemp: failed to create directory via template '/srv/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /srv",
      ],
      ["template: { src: new.j2, dest: /root/new }", "cannot look at /root/new: permission denied"],
    ],
  },
  timezone: {
    root: [
      [
        "timezone: { name: Europe/Nowhere }",
        'the host\'s time zone database has no zone "Europe/Nowhere" (/usr/share/zoneinfo/Europe/Nowhere)',
      ],
    ],
    deploy: [
      [
        "timezone: { name: Asia/Tokyo }",
        "mktemp: failed to create directory via template '/etc/.k3sprov.XXXXXXXX': Permission denied\ncannot make a temporary directory in /etc",
      ],
    ],
  },
  ufw: {
    root: [
      ["ufw: { rule: allow, port: 22 }", "the host has no ufw; install the package ufw"],
      ["ufw: { state: enabled }", "the host has no ufw; install the package ufw"],
    ],
  },
  user: {
    root: [
      ["user: { name: new, uid: 0 }", 'UID 0 already belongs to the user "root" (non_unique: true would allow it)'],
      ["user: { name: new, group: nogroup-here }", "Group nogroup-here does not exist"],
      ["user: { name: new, groups: [nogroup-here, deploy] }", "Group nogroup-here does not exist"],
      ["user: { name: new, home: /srv/file/new }", "mkdir: cannot create directory '/srv/file': File exists"],
      [
        "user: { name: new, skeleton: /srv/none, home: /srv/new }",
        "the directory /srv/none, which is to be the skeleton of the home, does not exist",
      ],
    ],
    deploy: [
      ["user: { name: new }", "useradd: Permission denied.\nuseradd: cannot lock /etc/passwd; try again later."],
      [
        "user: { name: deploy, shell: /bin/false }",
        "usermod: Permission denied.\nusermod: cannot lock /etc/passwd; try again later.",
      ],
      ["user: { name: deploy, password: '$6$abc$def' }", "cannot read passwords: no permission to read /etc/shadow"],
    ],
  },
  wait_for: {
    root: [
      ["wait_for: { port: 1, timeout: 0 }", "Timeout when waiting for 127.0.0.1:1"],
      ["wait_for: { path: /srv/none, timeout: 0 }", "Timeout when waiting for file /srv/none"],
      ["wait_for: { host: no-such-host.invalid, port: 80, timeout: 0 }", "Timeout when waiting for no-such-host.invalid:80"],
    ],
  },
};
