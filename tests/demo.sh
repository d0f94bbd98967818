#!/bin/sh
# Builds xssh and shows its main job on real data: rsync, CVS and git through two hops, against a throw-away OpenSSH server
# on loopback. Nothing is left behind but the build. Needs a Rust toolchain; as root it installs what else is missing.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
missing=""
for program in sshd:openssh-server rsync:rsync cvs:cvs git:git; do
    command -v "${program%%:*}" > /dev/null || [ -x "/usr/sbin/${program%%:*}" ] || missing="$missing ${program##*:}"
done
if [ -n "$missing" ]; then
    [ "$(id -u)" = 0 ] || { echo "please install:$missing" >&2; exit 1; }
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi

profile=${XSSH_PROFILE:-release}
echo "== building xssh ($profile)"
cargo build --quiet --profile "$profile" -p xssh
case $profile in dev) folder=debug ;; *) folder=$profile ;; esac
xssh=${CARGO_TARGET_DIR:-$root/target}/$folder/xssh

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
ssh-keygen -q -t ed25519 -N '' -f "$work/key"
port=$((20000 + $$ % 20000))
cat > "$work/sshd_config" <<EOF
ListenAddress 127.0.0.1
Port $port
HostKey $work/host_key
AuthorizedKeysFile $work/key.pub
StrictModes no
UsePAM no
PidFile none
EOF
/usr/sbin/sshd -D -f "$work/sshd_config" -E "$work/sshd.log" &
server=$!
cat > "$work/config" <<EOF
Host target
    ProxyJump first,second
Host *
    HostName 127.0.0.1
    HostKeyAlias demo
    Port $port
    User $(id -un)
    IdentityFile $work/key
    IdentitiesOnly yes
    UserKnownHostsFile $work/known_hosts
    StrictHostKeyChecking accept-new
    ConnectionAttempts 10
EOF
# rsync and cvs take the name of one program: this one is xssh with the demo's own configuration.
printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$xssh" "$work/config" > "$work/remote-shell"
chmod +x "$work/remote-shell"

echo "== the way to the target"
"$xssh" route -F "$work/config" target

echo "== rsync -e xssh, through both hops: the sources of this project"
mkdir "$work/copy"
rsync -a --stats -e "$work/remote-shell" --exclude target --exclude .git "$root/" "target:$work/copy/" |
    grep -E 'Number of files|Total transferred file size'
diff -r --exclude target --exclude .git "$root" "$work/copy" && echo "the copy is the same, byte for byte"

echo "== CVS_RSH=xssh: a repository, an import, a checkout"
export CVS_RSH="$work/remote-shell" CVSROOT=":ext:target:$work/repository"
cvs -d "$work/repository" init
(cd "$root/docs" && cvs -Q import -m demo docs demo start > /dev/null)
(cd "$work" && cvs -Q checkout docs && ls docs | head -n 3)

echo "== GIT_SSH=xssh: a clone"
git init -q --bare "$work/bare.git"
GIT_SSH="$work/remote-shell" git clone -q "target:$work/bare.git" "$work/clone" && echo "cloned"
