#!/bin/sh
# Builds rpm repositories: build.sh DIRECTORY
#
#   main/      signed: demo-release, demo-base (needs it), demo-tool 1.0-1 1.1-1 2.0-1 (2.0 needs demo-lib), demo-lib, demo-extra, demo-web (provides
#              demo-webserver); the group "demo-group"; demo-tool 1.1-1 is a security fix
#   extra/     signed: demo-more
#   selinux/   signed: stand-ins of container-selinux 2.229 and of k3s-selinux 1.5 and 1.6, which needs the former and has a policy's file
#   unsigned/  demo-unsigned
#   docker/    signed, laid out as Docker's own: 9/ARCH/stable has docker-ce and docker-ce-cli 27.5.1 and 28.5.1, containerd.io and two plugins
#   suse/      signed: docker 28.3.3_ce
#   ulogd/     signed: ulogd, whose configuration names plugins and has no stack, as upstream's
#   nvidia/    stable/rpm/ARCH, laid out as NVIDIA's own: signed lists of packages that are not, the container toolkit 1.18.0 and 1.18.1
#   key.asc    what signs them; other.asc signs nothing; fingerprint is that of key.asc
set -eu
out=$1
work=$(mktemp -d)
mkdir -p "$out/main" "$out/extra" "$out/selinux" "$out/unsigned"

# What Docker's packages hold, as far as a role sees it: a dockerd that sleeps, its service, the group. Nothing starts it by itself.
engine() {
  cat <<'SPEC'
mkdir -p %{buildroot}/usr/bin %{buildroot}/lib/systemd/system
printf '#!/bin/sh\nexec sleep infinity\n' >%{buildroot}/usr/bin/dockerd
chmod 755 %{buildroot}/usr/bin/dockerd
printf '[Unit]\nDescription=Docker\n[Service]\nType=exec\nExecStart=/usr/bin/dockerd\n[Install]\nWantedBy=multi-user.target\n' >%{buildroot}/lib/systemd/system/docker.service
%post
getent group docker >/dev/null || groupadd --system docker
systemctl daemon-reload
%preun
[ $1 != 0 ] || systemctl disable --quiet --now docker.service
%postun
systemctl daemon-reload
SPEC
}

# The same for ulogd.
logger() {
  cat <<'SPEC'
mkdir -p %{buildroot}/usr/sbin %{buildroot}/lib/systemd/system %{buildroot}/etc
printf '#!/bin/sh\nexec sleep infinity\n' >%{buildroot}/usr/sbin/ulogd
chmod 755 %{buildroot}/usr/sbin/ulogd
printf '[Unit]\nDescription=ulogd\n[Service]\nType=exec\nExecStart=/usr/sbin/ulogd\n[Install]\nWantedBy=multi-user.target\n' >%{buildroot}/lib/systemd/system/ulogd.service
cat >%{buildroot}/etc/ulogd.conf <<'CONF'
[global]
logfile="/var/log/ulogd.log"
# loglevel=1
plugin="/usr/lib64/ulogd/ulogd_inppkt_NFLOG.so"
#plugin="/usr/lib64/ulogd/ulogd_inppkt_ULOG.so"
plugin="/usr/lib64/ulogd/ulogd_filter_IFINDEX.so"
plugin="/usr/lib64/ulogd/ulogd_filter_IP2STR.so"
#plugin="/usr/lib64/ulogd/ulogd_filter_HWHDR.so"
plugin="/usr/lib64/ulogd/ulogd_filter_PRINTPKT.so"
plugin="/usr/lib64/ulogd/ulogd_output_LOGEMU.so"
#plugin="/usr/lib64/ulogd/ulogd_output_JSON.so"
plugin="/usr/lib64/ulogd/ulogd_raw2packet_BASE.so"

#stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,print1:PRINTPKT,emu1:LOGEMU

[log1]
group=0

[emu1]
file="/var/log/ulogd_syslogemu.log"
sync=1
CONF
%post
systemctl daemon-reload
%preun
[ $1 != 0 ] || systemctl disable --quiet --now ulogd.service
%postun
systemctl daemon-reload
SPEC
}

# The runtime that K3s looks for in its PATH.
runtime() {
  cat <<'SPEC'
mkdir -p %{buildroot}/usr/bin
printf '#!/bin/sh\nexec runc "$@"\n' >%{buildroot}/usr/bin/nvidia-container-runtime
chmod 755 %{buildroot}/usr/bin/nvidia-container-runtime
SPEC
}

# pack REPOSITORY NAME VERSION [TAG: VALUE …]
pack() {
  repository=$1 name=$2 version=$3
  shift 3
  {
    printf '%s\n' "Name: $name" "Version: $version" "Release: 1" "Summary: package for tests" "License: MIT" "BuildArch: noarch" "$@"
    printf '%s\n' "%description" "Package for tests." "%install" "mkdir -p %{buildroot}/usr/share/$name" \
      "echo $version >%{buildroot}/usr/share/$name/version"
    case $name in
      docker | docker-ce) engine ;;
      ulogd) logger ;;
      nvidia-container-toolkit-base) runtime ;;
      k3s-selinux)
        printf '%s\n' "mkdir -p %{buildroot}/usr/share/selinux/packages" "echo $version >%{buildroot}/usr/share/selinux/packages/k3s.pp"
        ;;
    esac
    printf '%s\n' "%files" "/usr/share/$name"
    case $name in
      docker | docker-ce) printf '%s\n' /usr/bin/dockerd /lib/systemd/system/docker.service ;;
      ulogd) printf '%s\n' /usr/sbin/ulogd /lib/systemd/system/ulogd.service '%config(noreplace) /etc/ulogd.conf' ;;
      k3s-selinux) echo /usr/share/selinux/packages/k3s.pp ;;
      nvidia-container-toolkit-base) echo /usr/bin/nvidia-container-runtime ;;
    esac
  } >"$work/$name.spec"
  rpmbuild --quiet --define "_topdir $work" --define "_rpmdir $out/$repository" --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
    -bb "$work/$name.spec"
}
pack main demo-release 9.4 "Provides: system-release = 9.4" "Provides: system-release(releasever) = 9" "Provides: redhat-release = 9.4" "Provides: /bin/sh"
pack main demo-tool 1.0
pack main demo-tool 1.1
pack main demo-tool 2.0 "Requires: demo-lib"
pack main demo-lib 1.0
pack main demo-extra 1.0
pack main demo-base 1.0 "Requires: demo-release"
pack main demo-web 1.0 "Provides: demo-webserver"
pack extra demo-more 1.0
pack unsigned demo-unsigned 1.0
pack selinux container-selinux 2.229
for version in 1.5 1.6; do pack selinux k3s-selinux "$version" "Requires: container-selinux"; done

stable=docker/9/$(uname -m)/stable
mkdir -p "$out/$stable" "$out/suse"
for release in 27.5.1 28.5.1; do
  pack "$stable" docker-ce "$release" "Epoch: 3" "Requires: docker-ce-cli containerd.io"
  pack "$stable" docker-ce-cli "$release" "Epoch: 1"
done
pack "$stable" containerd.io 1.7.28
pack "$stable" docker-buildx-plugin 0.29.1
pack "$stable" docker-compose-plugin 2.40.0
pack suse docker 28.3.3_ce

nvidia=nvidia/stable/rpm/$(uname -m)
mkdir -p "$out/$nvidia" "$out/ulogd"
pack ulogd ulogd 2.0.9
for release in 1.18.0 1.18.1; do
  pack "$nvidia" libnvidia-container1 "$release"
  pack "$nvidia" libnvidia-container-tools "$release" "Requires: libnvidia-container1 >= $release"
  pack "$nvidia" nvidia-container-toolkit-base "$release"
  pack "$nvidia" nvidia-container-toolkit "$release" "Requires: libnvidia-container-tools = $release nvidia-container-toolkit-base = $release"
done

GNUPGHOME=$work/gnupg
export GNUPGHOME
mkdir -m 700 "$GNUPGHOME"
for who in demo other; do
  gpg --batch --quiet --passphrase '' --quick-generate-key "$who <$who@example.org>" rsa2048 sign never
  gpg --batch --quiet --armor --export "$who" >"$out/$([ "$who" = demo ] && echo key || echo other).asc"
done
rpmsign --define "__gpg /usr/bin/gpg" --define '_gpg_name demo@example.org' --define "_gpg_path $GNUPGHOME" --addsign "$out"/main/*.rpm "$out"/extra/*.rpm "$out/$stable"/*.rpm "$out"/suse/*.rpm "$out"/selinux/*.rpm "$out"/ulogd/*.rpm >/dev/null
gpg --batch --with-colons --list-keys demo | sed -n '/^fpr/{s/^fpr:*//;s/:$//p;q}' >"$out/fingerprint"

cat >"$work/comps.xml" <<'COMPS'
<?xml version="1.0" encoding="UTF-8"?>
<comps><group><id>demo-group</id><name>Demo Group</name><description>For tests.</description><default>false</default>
<uservisible>true</uservisible><packagelist><packagereq type="mandatory">demo-lib</packagereq>
<packagereq type="default">demo-extra</packagereq></packagelist></group></comps>
COMPS
cat >"$work/updateinfo.xml" <<'ADVISORIES'
<?xml version="1.0" encoding="UTF-8"?>
<updates><update from="tests@example.org" status="stable" type="security" version="1"><id>DEMO-2024:1</id>
<title>demo-tool</title><issued date="2024-01-01 00:00:00"/><severity>Important</severity><description>For tests.</description>
<pkglist><collection short="demo"><name>demo</name>
<package name="demo-tool" version="1.1" release="1" epoch="0" arch="noarch"><filename>demo-tool-1.1-1.noarch.rpm</filename></package>
</collection></pkglist></update></updates>
ADVISORIES
createrepo_c --quiet --groupfile "$work/comps.xml" "$out/main"
modifyrepo_c "$work/updateinfo.xml" "$out/main/repodata" >/dev/null
for one in extra selinux unsigned suse "$stable" ulogd "$nvidia"; do createrepo_c --quiet "$out/$one"; done
for one in main extra selinux suse ulogd "$nvidia"; do gpg --batch --quiet --local-user demo --armor --detach-sign "$out/$one/repodata/repomd.xml"; done
for one in main suse ulogd "$nvidia"; do cp "$out/key.asc" "$out/$one/repodata/repomd.xml.key"; done
chmod -R a+rX "$out"
rm -rf "$work"
