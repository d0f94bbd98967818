#!/bin/bash
# Installs the programs that the tests run with xssh, as root on Debian; elsewhere says which are missing.
set -euo pipefail
packages="openssh-server openssh-client openssh-tests rsync acl cvs git tinyproxy microsocks unison borgbackup restic
expect curl socat netcat-openbsd procps iproute2 openssl stunnel4 util-linux mount ntfs-3g strace putty-tools msmtp rsyslog tcsh fish
xvfb xauth x11-utils x11-apps"
missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
    echo "missing Debian packages:$missing" >&2
    exit 1
fi
apt-get update -qq
# No server is to be started: the tests start their own, on loopback.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
trap 'rm -f /usr/sbin/policy-rc.d' EXIT
apt-get install -y -qq --no-install-recommends $missing > /dev/null
