#!/bin/bash
# Runs OpenSSH's own regression scripts against xssh: behaviour that people's scripts rely on, held by its authors' tests.
#
#   tests/regress.sh            the short ones, as CI does
#   tests/regress.sh --all      those that take minutes too
#   tests/regress.sh NAME...    these
#
# XSSH names the binary (target/debug/xssh by default), JOBS how many scripts run at a time (the number of processors by
# default), LIMIT the seconds that one may take, KEEP=1 keeps what they leave. Needs root, Debian's openssh-tests and
# openssh-server. A script that skips itself has not passed.
# What xssh offers and the installed sshd does not know (newer key exchanges), and keys that need a security-key helper,
# cannot be tried by these scripts: they see the part of `-Q` that both have. scp, sftp-cmds and agent-subprocess run no
# remote shell at all, so that they would pass whatever xssh does.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
xssh=$(realpath "${XSSH:-${CARGO_TARGET_DIR:-$root/target}/debug/xssh}")
regress=/usr/lib/openssh/regress
# The longest first, so that none is left alone at the end.
long="agent-restrict multiplex rekey cert-hostkey cert-userkey integrity kextype"
short="agent forward-control connection-timeout channel-timeout cfgmatch dynamic-forward forwarding exit-status percent login-timeout stderr-data key-options try-ciphers keytype hostkey-rotate transfer limit-keytype
connect proxy-connect exit-status-signal stderr-after-eof yes-head envpass banner connect-uri portnum host-expand
localcommand knownhosts knownhosts-command cert-file multipubkey scp3 forcecommand sshcfgparse cfginclude brokenkeys"
case "${1:-}" in
    "") names=$short ;;
    --all) names="$long $short" ;;
    -*) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    *) names=$* ;;
esac
for needed in $regress/test-exec.sh /usr/sbin/sshd "$xssh"; do
    [ -e "$needed" ] || { echo "missing: $needed (Debian: openssh-tests, openssh-server; cargo build)" >&2; exit 2; }
done
for name in $names; do
    [ -e "$regress/$name.sh" ] || { echo "there is no script $name" >&2; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "these scripts must run as root" >&2; exit 2; }
mkdir -p /run/sshd
scratch=$(mktemp -d /tmp/regress.XXXXXX)
[ -n "${KEEP:-}" ] || trap 'rm -rf "$scratch"' EXIT

# Lists only what the installed OpenSSH knows too, and no key type that needs a helper.
cat > "$scratch/xssh-subject" <<EOF
#!/bin/sh
previous=
for word; do
    if [ "\$previous" = -Q ]; then
        ssh -Q "\$word" | grep -v '^sk-' > "$scratch/known.\$\$"
        "$xssh" -Q "\$word" | grep -Fx -f "$scratch/known.\$\$"
        rm -f "$scratch/known.\$\$"
        exit 0
    fi
    previous=\$word
done
exec "$xssh" "\$@"
EOF
chmod +x "$scratch/xssh-subject"

# run_one NAME PORT: leaves its verdict and seconds in a file, and why it failed.
run_one() {
    # Not called by the script's name: hostkey-rotate drops every line with that word from its configuration.
    local folder="$scratch/$2" verdict begun
    case $1 in
        # These forward the same ports, whatever their own.
        forwarding | forward-control | cfgmatch | multiplex)
            exec 8> "$scratch/fixed-ports"
            flock 8
            ;;
    esac
    begun=$SECONDS
    mkdir "$folder"
    (cd $regress && tar c --exclude=./unittests .) | tar x -C "$folder"
    (cd "$folder" && exec timeout -k 10 "${LIMIT:-1200}" env TEST_SHELL=sh OBJ="$folder" BUILDDIR="$folder" \
        TEST_SSH_SSH="$scratch/xssh-subject" TEST_SSH_SSHD=/usr/sbin/sshd TEST_SSH_PORT="$2" \
        TEST_SSH_SFTPSERVER=/usr/lib/openssh/sftp-server TEST_SSH_UNSAFE_PERMISSIONS=1 \
        sh test-exec.sh "$folder" "$folder/$1.sh" < /dev/null > "$folder/log" 2>&1 8>&-)
    case $? in
        0) verdict=ok ;;
        124 | 137) verdict=TIMEOUT ;;
        *) verdict=FAILED ;;
    esac
    grep -q '^SKIPPED' "$folder/log" && verdict=SKIPPED
    # A script that was stopped half-way leaves its server.
    [ ! -s "$folder/pidfile" ] || kill "$(cat "$folder/pidfile")" 2> /dev/null
    {
        echo "$verdict $((SECONDS - begun))"
        [ $verdict = ok ] || grep -v '^test ' "$folder/log" | tail -n 15 | sed 's/^/         /'
    } > "$scratch/$1.verdict"
    [ -n "${KEEP:-}" ] || rm -rf "$folder"
}

echo "$("$xssh" -V 2>&1) against $(/usr/sbin/sshd -V 2>&1 | grep -m 1 OpenSSH)"
# Below the ports that the other tests lease, and apart from another run of this script. Some scripts take the next port too.
port=$((10000 + $$ % 40 * 240)) running=0
for name in $names; do
    [ $running -lt "${JOBS:-$(nproc)}" ] || { wait -n; running=$((running - 1)); }
    run_one "$name" $port &
    running=$((running + 1)) port=$((port + 5))
done
wait
passed=0 failed=0
for name in $names; do
    read -r verdict took < "$scratch/$name.verdict"
    printf '%-7s  %s (%ss)\n' "$verdict" "$name" "$took"
    sed 1d "$scratch/$name.verdict"
    if [ "$verdict" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
[ -z "${KEEP:-}" ] || echo "kept: $scratch"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
