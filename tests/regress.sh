#!/bin/bash
# Runs OpenSSH's own regression scripts against xssh: behaviour that people's scripts rely on, held by its authors' tests.
#
#   tests/regress.sh            the short ones, as CI does
#   tests/regress.sh --all      those that issue 2 asks for; about half an hour
#   tests/regress.sh NAME...    these
#
# XSSH names the binary (target/debug/xssh by default). Needs root, Debian's openssh-tests and openssh-server.
# What xssh offers and the installed sshd does not know (newer key exchanges), and keys that need a security-key helper,
# cannot be tried by these scripts: they see the part of `-Q` that both have.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
xssh=$(realpath "${XSSH:-$root/target/debug/xssh}")
short="connect proxy-connect exit-status-signal stderr-after-eof yes-head envpass banner connect-uri portnum host-expand
localcommand knownhosts knownhosts-command cert-file multipubkey limit-keytype forcecommand sshcfgparse cfginclude"
long="exit-status stderr-data transfer rekey try-ciphers kextype keytype integrity hostkey-rotate cert-hostkey
cert-userkey brokenkeys key-options login-timeout percent"
case "${1:-}" in
    "") names=$short ;;
    --all) names="$short $long" ;;
    *) names=$* ;;
esac
for needed in /usr/lib/openssh/regress/test-exec.sh /usr/sbin/sshd "$xssh"; do
    [ -e "$needed" ] || { echo "missing: $needed (Debian: openssh-tests, openssh-server; cargo build)" >&2; exit 2; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r /usr/lib/openssh/regress/. "$scratch"
mkdir -p /run/sshd
cat > "$scratch/xssh-subject" <<EOF
#!/bin/sh
# Lists only what the installed OpenSSH knows too, and no key type that needs a helper.
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
passed=0 failed=0
cd "$scratch" || exit 2
for name in $names; do
    begun=$(date +%s)
    timeout "${LIMIT:-900}" env TEST_SHELL=sh OBJ="$scratch" BUILDDIR="$scratch" TEST_SSH_SSH="$scratch/xssh-subject" \
        TEST_SSH_SSHD=/usr/sbin/sshd TEST_SSH_SFTPSERVER=/usr/lib/openssh/sftp-server \
        TEST_SSH_PORT="${PORT:-14242}" TEST_SSH_UNSAFE_PERMISSIONS=1 \
        sh test-exec.sh "$scratch" "$scratch/$name.sh" < /dev/null > "$scratch/log" 2>&1
    status=$?
    took=$(($(date +%s) - begun))
    if [ $status -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok     $name (${took}s)"
    else
        failed=$((failed + 1))
        echo "FAILED $name (${took}s, status $status)"
        grep -v '^test ' "$scratch/log" | tail -n 15 | sed 's/^/       /'
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
