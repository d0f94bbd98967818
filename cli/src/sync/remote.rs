//! What the shell on the host is given to run: xssh from its PATH, or a copy of it that an earlier run has left there; and,
//! where that is asked for, how such a copy comes there.
//!
//! The host needs nothing but a POSIX shell and what every system has. The whole is one line without `'`, `!` and `\`, so
//! that csh and fish hand it to sh as it is; and it ends like the plain command, so that who looks at SSH_ORIGINAL_COMMAND finds
//! it there.

use crate::args::sync::Sync;

/// What the host says instead of an opening where a copy may be sent: then comes its platform, in a line.
pub(super) const OFFER: &[u8; 8] = b"xsshcopy";

/// The copy that a host may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copy {
    /// How long it is.
    pub(super) size: u64,
    /// Its BLAKE3, in hexadecimal digits.
    pub(super) digest: String,
}

/// Where copies are kept: the account's cache directory, or where that takes no programs. Nobody else may write there.
const PLACES: &str = r#"u=$(id -u); own(){ set -- "$1" $(ls -ldn "$1" 2>/dev/null); case $2 in d????-??-?*) [ "$4" = "$u" ];; *) false;; esac; }; a="${XDG_CACHE_HOME:-$HOME/.cache}/xssh"; b="${XDG_RUNTIME_DIR:-/run/user/$u}/xssh"; c="/var/tmp/xssh-$u"; e="/tmp/xssh-$u";"#;
/// Runs xssh from the PATH.
const INSTALLED: &str = r#"command -v "$0" >/dev/null 2>&1 && exec "$0" "$@";"#;
/// Runs any copy of this release.
const ANY_COPY: &str = r#"for d in "$a" "$b" "$c" "$e"; do own "$d" || continue; for x in "$d"/xssh-VERSION-*; do [ -x "$x" ] && exec "$x" "$@"; done; done; exit 127"#;
/// Runs this very copy, or takes it from standard input: under another name, until it has been run and found whole.
const THIS_COPY: &str = r#"n=xssh-VERSION-DIGEST; for d in "$a" "$b" "$c" "$e"; do own "$d" && [ -x "$d/$n" ] && exec "$d/$n" "$@"; done; printf %s OFFER; uname -sm; read -r go || exit 127; umask 077; g=; t=; empty(){ rmdir "$a" "$b" "$c" "$e" 2>/dev/null; }; clean(){ rm -f "$g" "$t"; empty; }; trap clean EXIT; trap "clean; exit 126" HUP INT TERM PIPE; for d in "$a" "$b" "$c" "$e"; do mkdir -p "$d" 2>/dev/null; own "$d" || continue; t="$d/new-$$"; if [ "$g" ]; then cp "$g" "$t" 2>/dev/null || { rm -f "$t"; continue; }; else head -c SIZE >"$t" || { echo "xssh: $d: the copy cannot be written" >&2; exit 126; }; [ $(wc -c <"$t") -eq SIZE ] || exit 126; g="$t"; fi; chmod 700 "$t"; if "$t" serve --verify DIGEST </dev/null >/dev/null 2>&1; then mv -f "$t" "$d/$n"; [ "$t" = "$g" ] || rm -f "$g"; empty; exec "$d/$n" "$@"; fi; [ "$t" = "$g" ] || rm -f "$t"; done; echo "xssh: the copy does not run in any of: $a $b $c $e" >&2; exit 126"#;

/// The command line of a helper on the host: `words` are those behind xssh.
pub(super) fn command(call: &Sync, copy: Option<&Copy>, words: &str) -> String {
    if let Some(remote) = &call.remote {
        return format!("{remote} {words}");
    }
    let last = copy.map_or_else(|| ANY_COPY.to_owned(), this_copy);
    let last = last.replace("VERSION", env!("CARGO_PKG_VERSION"));
    format!("sh -c '{INSTALLED} {PLACES} {last}' xssh {words}")
}

fn this_copy(copy: &Copy) -> String {
    let offer = String::from_utf8_lossy(OFFER);
    THIS_COPY.replace("OFFER", &offer).replace("SIZE", &copy.size.to_string()).replace("DIGEST", &copy.digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// csh and fish take quoted words apart at these.
    #[test]
    fn every_shell_hands_the_script_on_as_it_is() {
        for part in [PLACES, INSTALLED, ANY_COPY, THIS_COPY] {
            assert!(!part.contains(['\'', '!', '\\', '\n']), "{part}");
        }
    }
}
