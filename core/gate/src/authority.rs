//! Where a command meets a grant. No other place makes an authority.

use std::path::{Path, PathBuf};

use crate::{
    Access, Grant, Limits, Name, Protocol, Refusal, Relay, RelayTo, Repositories, ServedCommand, Tree, Way, Word,
};

/// What a session may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority<'a> {
    /// End with success.
    Check,
    /// Be the helper of a sync in this tree.
    Sync(TreeAuthority<'a>),
    /// Bring a further connection to a helper.
    SyncJoin,
    /// Run the system's rsync in this tree, as far as these words allow.
    Rsync(TreeAuthority<'a>, Vec<Word>),
    /// Run the system's cvs, behind a gate, for these repositories.
    Cvs(CvsAuthority<'a>),
    /// Reach another host, with this command.
    Relay(RelayAuthority<'a>),
}

/// The right to a tree. Only [`Grant::admit`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeAuthority<'a>(&'a Tree, &'a Limits);

impl<'a> TreeAuthority<'a> {
    /// The top of the tree.
    pub fn root(self) -> &'a Path {
        &self.0.root
    }

    /// What may be done.
    pub fn access(self) -> Access {
        self.0.access
    }

    /// How much may be taken.
    pub fn limits(self) -> &'a Limits {
        self.1
    }

    /// Whether device nodes, FIFOs and sockets may be made.
    pub fn devices(self) -> bool {
        self.0.devices
    }

    /// Whether files may have set-ID bits.
    pub fn set_id(self) -> bool {
        self.0.set_id
    }

    /// Whether owners travel by name.
    pub fn owner_names(self) -> bool {
        self.0.owner_names
    }

    /// The right to send what is there.
    ///
    /// # Errors
    /// It may not be read.
    pub fn reading(self) -> Result<Self, Refusal> {
        if self.access().read { Ok(self) } else { Err(Refusal::WriteOnly) }
    }

    /// The right to receive.
    ///
    /// # Errors
    /// Nothing may change.
    pub fn writing(self) -> Result<Self, Refusal> {
        if self.access().writes() { Ok(self) } else { Err(Refusal::ReadOnly) }
    }
}

/// The right to repositories. Only [`Grant::admit`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CvsAuthority<'a> {
    repositories: &'a Repositories,
    name: Option<&'a Name>,
    limits: &'a Limits,
}

impl<'a> CvsAuthority<'a> {
    /// Their roots, as clients must name them, byte for byte.
    pub fn roots(self) -> &'a [PathBuf] {
        &self.repositories.roots
    }

    /// Whether they may be changed.
    pub fn may_write(self) -> bool {
        !self.repositories.is_read_only
    }

    /// Whether `CVSROOT` may be changed.
    pub fn is_admin(self) -> bool {
        self.repositories.is_admin
    }

    /// Whether programs that `CVSROOT` names run.
    pub fn runs_hooks(self) -> bool {
        self.repositories.runs_hooks
    }

    /// How much may be taken.
    pub fn limits(self) -> &'a Limits {
        self.limits
    }

    /// What may be done, in words.
    pub fn words(self) -> String {
        self.repositories.words()
    }

    /// Whose key it is, who is the author of what it changes.
    pub fn name(self) -> Option<&'a str> {
        self.name.map(Name::as_str)
    }
}

/// The right to one way to another host. Only [`Grant::admit`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayAuthority<'a> {
    relay: &'a Relay,
    passed: Option<Vec<u8>>,
}

impl<'a> RelayAuthority<'a> {
    /// The host, as the administrator wrote it.
    pub fn destination(&self) -> &'a RelayTo {
        &self.relay.destination
    }

    /// What is run there; none for a login.
    pub fn command(&self) -> Option<&[u8]> {
        match &self.relay.way {
            Way::Fixed(command) => Some(command.as_bytes()),
            Way::Passed => self.passed.as_deref(),
            Way::Through => None,
        }
    }

    /// The configuration that counts.
    pub fn config(&self) -> Option<&'a Path> {
        self.relay.config.as_deref()
    }

    /// Whether the client speaks with that host's sshd.
    pub fn is_through(&self) -> bool {
        self.relay.way == Way::Through
    }
}

impl Grant {
    /// Matches what a client asks for with what its key may do. `command` is the same as it came, for a relay that passes it on.
    ///
    /// # Errors
    /// It may not.
    pub fn admit<'a>(&'a self, asked: ServedCommand, command: Option<&[u8]>) -> Result<Authority<'a>, Refusal> {
        // What is no command is never run as one, here or on the other host.
        match &asked {
            ServedCommand::Tunnel(host, port) => return self.tunnel(host, *port).map(Authority::Relay),
            ServedCommand::Subsystem(name) => return Err(Refusal::Subsystem(name.clone(), self.serves())),
            _ => {}
        }
        if let Some(relay) = &self.relay {
            let passed = command.map(<[u8]>::to_vec);
            return Ok(Authority::Relay(RelayAuthority { relay, passed }));
        }
        match asked {
            ServedCommand::Nothing => Err(Refusal::NoCommand(self.serves())),
            ServedCommand::Check => Ok(Authority::Check),
            ServedCommand::Sync => self.tree(Protocol::Sync).map(Authority::Sync),
            ServedCommand::SyncJoin => self.tree(Protocol::Sync).map(|_| Authority::SyncJoin),
            ServedCommand::Rsync(words) => self.tree(Protocol::Rsync).map(|tree| Authority::Rsync(tree, words)),
            ServedCommand::Cvs => {
                let granted = self.repositories.as_ref();
                let granted = granted.map(|repositories| CvsAuthority {
                    repositories,
                    name: self.name.as_ref(),
                    limits: &self.limits,
                });
                granted.map(Authority::Cvs).ok_or_else(|| Refusal::Protocol(Protocol::Cvs, self.serves()))
            }
            ServedCommand::Tunnel(..) => Err(Refusal::Tunnel(self.serves())),
            ServedCommand::Subsystem(name) => Err(Refusal::Subsystem(name, self.serves())),
            ServedCommand::Other(words) => Err(self.other(&words)),
            ServedCommand::Unreadable(refusal) => Err(refusal),
        }
    }

    /// Matches a channel to a host and a port with what the key may do.
    ///
    /// # Errors
    /// It does not reach that.
    pub fn tunnel(&self, host: &str, port: u16) -> Result<RelayAuthority<'_>, Refusal> {
        match self.relay.as_ref().filter(|relay| relay.way == Way::Through) {
            Some(relay) if relay.destination.is(host, port) => Ok(RelayAuthority { relay, passed: None }),
            Some(relay) => Err(Refusal::Elsewhere(relay.destination.host().to_owned(), relay.destination.reached())),
            None => Err(Refusal::Tunnel(self.serves())),
        }
    }

    fn tree(&self, protocol: Protocol) -> Result<TreeAuthority<'_>, Refusal> {
        let granted = self.tree.as_ref().filter(|tree| tree.protocols.contains(&protocol));
        granted.map(|tree| TreeAuthority(tree, &self.limits)).ok_or_else(|| Refusal::Protocol(protocol, self.serves()))
    }

    fn other(&self, words: &[Word]) -> Refusal {
        let first = words.first().map(Word::shown).unwrap_or_default();
        let is_rsync = |word: &Word| word.bytes().rsplit(|byte| *byte == b'/').next() == Some(b"rsync");
        match words {
            [first, ..] if first.bytes() == b"rsync" => Refusal::RsyncForm,
            [.., last] if words.iter().any(is_rsync) && last.bytes() != b"rsync" => Refusal::RsyncPath(first),
            _ => Refusal::Program(first, self.serves()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn grant(protocols: &[Protocol]) -> Grant {
        let tree = Tree {
            root: "/srv".into(),
            access: Access::ALL,
            protocols: protocols.to_vec(),
            devices: false,
            set_id: false,
            owner_names: false,
        };
        Grant {
            name: None,
            tree: Some(tree),
            repositories: None,
            relay: None,
            limits: Limits::default(),
            require_landlock: false,
        }
    }

    fn admit<'a>(grant: &'a Grant, command: &str) -> Result<Authority<'a>, Refusal> {
        grant.admit(ServedCommand::parse(Some(command.as_bytes())), Some(command.as_bytes()))
    }

    #[test]
    fn a_protocol_is_served_where_it_is_granted() {
        let both = grant(&[Protocol::Sync, Protocol::Rsync]);
        assert!(matches!(admit(&both, "xssh serve --sync"), Ok(Authority::Sync(_))));
        assert!(matches!(admit(&both, "rsync --server . x"), Ok(Authority::Rsync(..))));
        let rsync = grant(&[Protocol::Rsync]);
        let refused = Refusal::Protocol(Protocol::Sync, "rsync".to_owned());
        assert_eq!(admit(&rsync, "xssh serve --sync"), Err(refused.clone()));
        assert_eq!(admit(&rsync, "xssh serve --sync-join"), Err(refused));
        assert_eq!(admit(&both, "cvs server"), Err(Refusal::Protocol(Protocol::Cvs, "sync and rsync".to_owned())));
    }

    #[test]
    fn a_shell_is_granted_to_nobody() {
        let grant = grant(&Protocol::ALL);
        assert_eq!(admit(&grant, ""), Err(Refusal::NoCommand("sync and rsync and cvs".to_owned())));
        for command in ["/bin/sh", "scp -t /", "sftp-server", "bash -c id"] {
            assert!(matches!(admit(&grant, command), Err(Refusal::Program(..))), "{command}");
        }
    }

    #[test]
    fn another_rsync_is_refused_with_the_cure() {
        let grant = grant(&Protocol::ALL);
        for command in ["sudo rsync --server . x", "/tmp/rsync --server . x", "env A=b /usr/bin/rsync --server . x"] {
            assert!(admit(&grant, command).unwrap_err().to_string().contains("--rsync-path"), "{command}");
        }
        assert_eq!(admit(&grant, "rsync --daemon"), Err(Refusal::RsyncForm));
    }

    #[test]
    fn a_relay_says_its_own_command_or_the_clients() {
        let relay = |way: Way| Grant {
            tree: None,
            relay: Some(Relay { destination: "inner".parse().unwrap(), way, config: None }),
            ..grant(&[])
        };
        let told = |grant: &Grant, command| match admit(grant, command) {
            Ok(Authority::Relay(relay)) => relay.command().map(<[u8]>::to_vec),
            other => panic!("{other:?}"),
        };
        assert_eq!(told(&relay(Way::Fixed("uptime".to_owned())), "rm -rf /").as_deref(), Some(&b"uptime"[..]));
        assert_eq!(told(&relay(Way::Passed), "a; b | c").as_deref(), Some(&b"a; b | c"[..]));
        assert_eq!(told(&relay(Way::Through), "a"), None);
        for way in [Way::Fixed("uptime".to_owned()), Way::Passed] {
            let grant = relay(way);
            for asked in ["-W [inner]:22", "-W [a b]:1", "-W ["] {
                assert_eq!(admit(&grant, asked), Err(Refusal::Tunnel("one other host".to_owned())), "{asked}");
            }
            assert!(matches!(admit(&grant, "-s sftp"), Err(Refusal::Subsystem(..))));
        }
    }
}
