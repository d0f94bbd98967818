#!/bin/sh
# Builds xssh and shows it on real data over real SSH on loopback, with nothing installed but a Rust toolchain: its own small
# server serves a tree, which is synced, changed, and synced again. Where rsync, cvs and OpenSSH's server are present, they
# are shown too. Nothing is left behind but the build.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
profile=${XSSH_PROFILE:-release}
echo "== building xssh ($profile)"
cargo build --quiet --profile "$profile" -p xssh
case $profile in dev) folder=debug ;; *) folder=$profile ;; esac

work=$(mktemp -d)
servers=
trap 'for server in $servers; do kill "$server"; done; rm -rf "$work"' EXIT
xssh=$work/xssh
cp "${CARGO_TARGET_DIR:-$root/target}/$folder/xssh" "$xssh"
has() { command -v "$1" > /dev/null || [ -x "/usr/sbin/$1" ]; }
await() {
    tries=0
    until grep -q "$1" "$2" 2> /dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || { cat "$2" >&2; exit 1; }
        sleep 0.1
    done
}

echo "== xssh serve --listen: a server for one tree"
# Whoever is root lets somebody serve who is not.
mkdir "$work/served" "$work/state"
account=
if [ "$(id -u)" = 0 ] && has setpriv; then
    chmod 711 "$work"
    chown 65534:65534 "$work/served" "$work/state"
    account="setpriv --reuid 65534 --regid 65534 --clear-groups"
fi
: > "$work/authorized_keys"
# The key that the server makes for itself is the client's too: in a demonstration there is nobody else.
key=$work/state/host_key
HOME=$work/state $account "$xssh" serve --listen 127.0.0.1:0 --authorized-keys "$work/authorized_keys" --host-key "$key" \
    --root "$work/served" --cvs-root "$work/served/cvs" --name demo 2> "$work/server.log" &
server=$!
servers=$server
await "for known_hosts" "$work/server.log"
cat "$work/server.log"
sed -n 's/.*for known_hosts: \[[^]]*\]:[0-9]* //p' "$work/server.log" > "$work/key.pub"
port=$(sed -n 's/.*listening on .*://p' "$work/server.log")
cp "$work/key.pub" "$work/authorized_keys"
kill -HUP "$server"
await "read again" "$work/server.log"
cp "$key" "$work/key"
chmod 600 "$work/key"
cat > "$work/config" <<EOF
Host served
    Port $port
Host target
    ProxyJump first,second
Host *
    HostName 127.0.0.1
    HostKeyAlias demo
    User $(id -un)
    IdentityFile $work/key
    IdentitiesOnly yes
    UserKnownHostsFile $work/known_hosts
    StrictHostKeyChecking accept-new
    ConnectionAttempts 10
EOF
echo "demo $(cat "$work/key.pub")" > "$work/known_hosts"

echo "== xssh sync: the sources of this project, there"
mkdir "$work/source"
cp -r "$root/core" "$root/protocols" "$root/docs" "$root/README.md" "$work/source"
"$xssh" sync -F "$work/config" "$work/source" served:source
echo "== changed, and synced again"
echo "one line more" >> "$work/source/README.md"
mv "$work/source/docs" "$work/source/documents"
"$xssh" sync -F "$work/config" --delete "$work/source" served:source
diff -r "$work/source" "$work/served/source" && echo "the copy is the same, byte for byte"
echo "== what else that key may do: nothing"
"$xssh" -F "$work/config" served cat /etc/passwd || true

# rsync and cvs take the name of one program: this one is xssh with the demo's own configuration.
printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$xssh" "$work/config" > "$work/remote-shell"
chmod +x "$work/remote-shell"
if has rsync; then
    echo "== rsync -e xssh: the same tree, back"
    rsync -a --stats -e "$work/remote-shell" served:source/ "$work/back/" |
        grep -E 'Number of files:|Total transferred file size'
    diff -r "$work/source" "$work/back" && echo "the copy is the same, byte for byte"
fi
if has cvs; then
    echo "== CVS_RSH=xssh: an import and a checkout, by a key without an account"
    $account cvs -d "$work/served/cvs" init
    export CVS_RSH="$work/remote-shell" CVSROOT=":ext:served:$work/served/cvs"
    (cd "$work/source/documents" && cvs -Q import -m demo docs demo start > /dev/null)
    (cd "$work" && cvs -Q checkout docs && cvs -Q log -h docs/guide.md | grep -E 'head|locks' && ls docs | head -n 3)
    unset CVSROOT
fi

if ! has sshd || ! has ssh-keygen; then
    exit
fi
echo "== through two hops of OpenSSH's server"
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
cat > "$work/sshd_config" <<EOF
ListenAddress 127.0.0.1
Port $((port > 40000 ? port - 20000 : port + 20000))
HostKey $work/key
AuthorizedKeysFile $work/key.pub
StrictModes no
UsePAM no
PidFile none
EOF
sed -i "/^Host \*/a\\    Port $((port > 40000 ? port - 20000 : port + 20000))" "$work/config"
/usr/sbin/sshd -D -f "$work/sshd_config" -E "$work/sshd.log" &
servers="$servers $!"
"$xssh" route -F "$work/config" target
if has rsync; then
    rsync -a -e "$work/remote-shell" "$work/source/" "target:$work/hopped/" &&
        diff -r "$work/source" "$work/hopped" && echo "rsync went through: the copy is the same"
fi
if has git; then
    git -c init.defaultBranch=main init -q --bare "$work/bare.git"
    GIT_SSH="$work/remote-shell" git clone -q "target:$work/bare.git" "$work/clone" && echo "git cloned"
fi
