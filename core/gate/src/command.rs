use crate::Refusal;
use crate::words::{Word, shown, words};

/// What a tunnel and a subsystem begin with, as `ssh` is asked for them.
const TUNNEL: &[u8] = b"-W ";
const SUBSYSTEM: &[u8] = b"-s ";

/// What a client asks for: SSH_ORIGINAL_COMMAND, parsed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServedCommand {
    /// A shell, or nothing.
    Nothing,
    /// `true`, by which programs ask whether they get through at all.
    Check,
    /// The helper of `xssh sync`.
    Sync,
    /// A further connection of a sync.
    SyncJoin,
    /// `rsync --server`, and the words behind it.
    Rsync(Vec<Word>),
    /// `cvs server`.
    Cvs,
    /// Bytes to a host and a port, as `ssh -W` asks for them; port 0 where it names none that could be reached.
    Tunnel(String, u16),
    /// A subsystem, such as sftp.
    Subsystem(String),
    /// Any other words.
    Other(Vec<Word>),
    /// What cannot be read as words.
    Unreadable(Refusal),
}

impl ServedCommand {
    /// Reads a command; none is a login.
    pub fn parse(command: Option<&[u8]>) -> Self {
        let command = command.unwrap_or_default();
        // Whatever follows, it is none for a shell: the rest of these two is a client's own text.
        if let Some(to) = command.strip_prefix(TUNNEL) {
            return tunnel(to);
        }
        if let Some(name) = command.strip_prefix(SUBSYSTEM) {
            return Self::Subsystem(shown(name));
        }
        match words(command) {
            Ok(words) => Self::of(words),
            Err(refusal) => Self::Unreadable(refusal),
        }
    }

    fn of(mut words: Vec<Word>) -> Self {
        let bytes: Vec<&[u8]> = words.iter().map(Word::bytes).collect();
        match bytes.as_slice() {
            [] | [b""] => Self::Nothing,
            [b"true"] => Self::Check,
            // What stands before it, a script that looks for xssh in several places, says nothing that counts here: this program
            // does the work itself.
            [_, .., b"serve", b"--sync"] => Self::Sync,
            [_, .., b"serve", b"--sync-join"] => Self::SyncJoin,
            [b"rsync", b"--server", ..] => Self::Rsync(words.split_off(2)),
            [program, options @ .., b"server"] if is_cvs(program) && options.iter().all(is_cvs_option) => Self::Cvs,
            _ => Self::Other(words),
        }
    }

    /// What [`Self::parse`] reads as a tunnel.
    pub fn of_tunnel(host: &str, port: u32) -> Vec<u8> {
        [TUNNEL, format!("[{host}]:{port}").as_bytes()].concat()
    }

    /// What [`Self::parse`] reads as a subsystem.
    pub fn of_subsystem(name: &str) -> Vec<u8> {
        [SUBSYSTEM, name.as_bytes()].concat()
    }

    /// In a word or two, for logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nothing => "login",
            Self::Check => "check",
            Self::Sync => "sync",
            Self::SyncJoin => "sync-join",
            Self::Rsync(_) => "rsync",
            Self::Cvs => "cvs",
            Self::Tunnel(..) => "tunnel",
            Self::Subsystem(_) => "subsystem",
            Self::Other(_) | Self::Unreadable(_) => "other",
        }
    }

    /// A client's command as it may be logged.
    pub fn shown(command: &[u8]) -> String {
        shown(command)
    }
}

/// `[host]:port`.
fn tunnel(to: &[u8]) -> ServedCommand {
    let parts = std::str::from_utf8(to).ok().and_then(|to| to.strip_prefix('[')?.rsplit_once("]:"));
    let port = parts.and_then(|(_, port)| port.parse().ok());
    let (host, port) = parts.map(|(host, _)| host).zip(port).unwrap_or_default();
    ServedCommand::Tunnel(host.to_owned(), port)
}

/// What clients call cvs by, which `CVS_SERVER` may say. It says nothing that counts: this host's own is run.
fn is_cvs(program: &[u8]) -> bool {
    program.rsplit(|byte| *byte == b'/').next() == Some(b"cvs")
}

/// What a client may have put between: `cvs -R` has its server be one, `-f` reads no start-up file, which ours never does.
fn is_cvs_option(option: &&[u8]) -> bool {
    matches!(*option, b"-R" | b"-f")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(command: &str) -> ServedCommand {
        ServedCommand::parse(Some(command.as_bytes()))
    }

    #[test]
    fn each_program_is_known_by_its_own_words() {
        assert_eq!(parse("true"), ServedCommand::Check);
        for command in ["cvs server", "cvs -R server", "/usr/local/bin/cvs -f server"] {
            assert_eq!(parse(command), ServedCommand::Cvs, "{command}");
        }
        assert_eq!(parse("xssh serve --sync"), ServedCommand::Sync);
        assert_eq!(parse("sh -c 'command -v \"$0\" && exec \"$0\" \"$@\"' xssh serve --sync"), ServedCommand::Sync);
        assert_eq!(parse("/opt/xssh serve --sync-join"), ServedCommand::SyncJoin);
        let ServedCommand::Rsync(words) = parse("rsync --server --sender -e.L . dir") else { unreachable!() };
        assert_eq!(words.len(), 4);
    }

    #[test]
    fn a_tunnel_is_read_as_it_is_written() {
        for (host, port) in [("inner", 22), ("::1", 65_535), ("a]:b", 1)] {
            let asked = ServedCommand::parse(Some(&ServedCommand::of_tunnel(host, port.into())));
            assert_eq!(asked, ServedCommand::Tunnel(host.to_owned(), port));
        }
        for (host, port) in [("inner", 0), ("inner", 65_536), ("", 0)] {
            let asked = ServedCommand::parse(Some(&ServedCommand::of_tunnel(host, port)));
            assert!(matches!(asked, ServedCommand::Tunnel(_, 0)), "{asked:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_tunnel_and_a_subsystem_are_never_commands(text: String, port: u32) {
            let asked = ServedCommand::parse(Some(&ServedCommand::of_tunnel(&text, port)));
            let is_tunnel = matches!(asked, ServedCommand::Tunnel(..));
            proptest::prop_assert!(is_tunnel, "{:?}", asked);
            let asked = ServedCommand::parse(Some(&ServedCommand::of_subsystem(&text)));
            let is_subsystem = matches!(asked, ServedCommand::Subsystem(_));
            proptest::prop_assert!(is_subsystem, "{:?}", asked);
        }
    }

    #[test]
    fn a_login_and_an_empty_command_are_nothing() {
        for command in [None, Some(&b""[..]), Some(b"  "), Some(b"''")] {
            assert_eq!(ServedCommand::parse(command), ServedCommand::Nothing);
        }
    }

    #[test]
    fn everything_else_is_something_else() {
        for command in [
            "/bin/sh",
            "sh -c id",
            "scp -t /etc",
            "/usr/lib/openssh/sftp-server",
            "internal-sftp",
            "rsync",
            "rsync --daemon",
            "/tmp/rsync --server . x",
            "sudo rsync --server . x",
            "rsync --sender --server . x",
            "cvs",
            "cvs pserver",
            "cvs -d/tmp server",
            "cvs --allow-root=/ server",
            "cvs server x",
            "cvs -ffR server",
            "xcvs server",
            "true x",
            "serve --sync",
            "xssh serve --sync x",
            "xssh serve",
        ] {
            assert!(matches!(parse(command), ServedCommand::Other(_)), "{command}");
        }
    }

    #[test]
    fn a_script_around_the_helper_is_words_or_nothing() {
        for command in
            ["id; xssh serve --sync", "$(id) serve --sync", "sh -c \"id\" xssh serve --sync", "a\nserve --sync"]
        {
            assert!(matches!(parse(command), ServedCommand::Unreadable(_)), "{command}");
        }
    }
}
