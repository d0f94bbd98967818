//! Words in first place: subcommands, or hosts of the same name.
//!
//! A subcommand is the very first word or it is none. Programs that use us as their remote shell put their host there
//! too, when they have no option to put before it, so a word is a host after all if what follows is what such a program
//! appends: a word `--server` (rsync) or `-server` (unison), or one single word that is a command line of cvs
//! (`cvs server`; CVS_SERVER may be any program) or of git (`git-upload-pack 'path'`). No subcommand ever takes these.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use super::definition::{AUTHORIZE, ROUTE, SERVE, SYNC, TUNNEL};

/// A subcommand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// `help [subcommand]`.
    Help,
    /// `route [options] host`.
    Route,
    /// `tunnel [options] host`.
    Tunnel,
    /// `sync [options] SRC... DST`.
    Sync,
    /// `serve [options]`, and what other programs of ours say behind it.
    Serve,
    /// `authorize [options] KEY`.
    Authorize,
}

const WORDS: [(&str, Word); 6] = [
    ("help", Word::Help),
    (ROUTE, Word::Route),
    (TUNNEL, Word::Tunnel),
    (SYNC, Word::Sync),
    (SERVE, Word::Serve),
    (AUTHORIZE, Word::Authorize),
];

/// The subcommand that `words` begin with, where xssh was called as `program`: under the name `ssh` there is none.
pub(super) fn find(program: &str, words: &[OsString]) -> Option<Word> {
    let (first, rest) = words.split_first()?;
    let (_, word) = WORDS.iter().find(|(name, _)| first == name)?;
    (program != "ssh" && !is_remote_command(rest)).then_some(*word)
}

/// Whether this is what rsync, unison, cvs or git append to a host.
fn is_remote_command(words: &[OsString]) -> bool {
    if let [only] = words {
        let line = only.as_bytes();
        return line.ends_with(b" server") || line.starts_with(b"git-");
    }
    words.iter().any(|word| word == "--server" || word == "-server")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{Word, find};

    fn found(program: &str, line: &[&str]) -> Option<Word> {
        let words: Vec<OsString> = line.iter().map(OsString::from).collect();
        find(program, &words)
    }

    #[test]
    fn words_count_in_first_place_only() {
        assert_eq!(found("xssh", &["route", "host"]), Some(Word::Route));
        assert_eq!(found("x", &["help"]), Some(Word::Help));
        for (word, meant) in [("sync", Word::Sync), ("serve", Word::Serve), ("authorize", Word::Authorize)] {
            assert_eq!(found("xssh", &[word]), Some(meant));
            assert_eq!(found("xssh", &[word, "a", "b"]), Some(meant));
        }
        for line in
            [&["host", "route"][..], &["-v", "route", "host"], &["--", "sync"], &["me@sync"], &["Route"], &[], &[""]]
        {
            assert_eq!(found("xssh", line), None, "{line:?}");
        }
    }

    #[test]
    fn rsync_cvs_git_and_unison_reach_hosts_with_such_names() {
        for word in ["sync", "serve", "authorize", "route", "help"] {
            for call in [
                &["rsync", "--server", "-vlogDtpre.iLsfxCIvu", ".", "dir"][..],
                &["/opt/my rsync", "--server", "--sender", "."],
                &["cvs server"],
                &["/usr/local/bin/cvs -f server"],
                &["git-upload-pack '/repo.git'"],
                &["git-receive-pack 'a b'"],
                &["-e", "none", "unison", "-server", "__new-rpc-mode"],
            ] {
                let mut line = vec![word];
                line.extend(call);
                assert_eq!(found("xssh", &line), None, "{line:?}");
            }
        }
    }

    #[test]
    fn under_the_name_ssh_there_are_none() {
        assert_eq!(found("ssh", &["route", "host"]), None);
        assert_eq!(found("ssh", &["help"]), None);
        assert_eq!(found("myssh", &["help"]), Some(Word::Help));
    }
}
