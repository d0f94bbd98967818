use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// A way to one other host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Where to: the administrator's own word.
    pub destination: RelayTo,
    /// How.
    pub way: Way,
    /// The ssh_config(5) that counts for it instead of the account's.
    pub config: Option<PathBuf>,
}

/// How the other host is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// This command is run there, whatever the client says.
    Fixed(String),
    /// The client's command is run there.
    Passed,
    /// The client speaks with that host's sshd.
    Through,
}

impl Way {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Fixed(command) => format!("{} runs there", command.as_bytes().escape_ascii()),
            Self::Passed => "the client's command runs there".to_owned(),
            Self::Through => "the client speaks with its sshd".to_owned(),
        }
    }
}

/// `[user@]host[:port]`, of letters that stand for nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayTo {
    user: Option<String>,
    host: String,
    port: Option<u16>,
}

/// Why a text is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a host to go to is [user@]host[:port] or [user@][address]:port, of letters, digits and . _ - : only")]
pub struct RelayToError;

impl RelayTo {
    /// As whom.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Which host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// At which port.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// At which port by itself: ssh's where none is named.
    pub fn reached(&self) -> u16 {
        self.port.unwrap_or(22)
    }

    /// Whether that is it. The case of a name does not count.
    pub fn is(&self, host: &str, port: u16) -> bool {
        self.host.eq_ignore_ascii_case(host) && self.reached() == port
    }
}

impl FromStr for RelayTo {
    type Err = RelayToError;

    fn from_str(text: &str) -> Result<Self, RelayToError> {
        let (user, rest) = match text.rsplit_once('@') {
            Some((user, rest)) => (Some(user.to_owned()), rest),
            None => (None, text),
        };
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or(RelayToError)?)),
            // More than one colon is an address of IPv6.
            None if rest.matches(':').count() > 1 => (rest, None),
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let port =
            port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0).ok_or(RelayToError)).transpose()?;
        let is_plain = |text: &str, more: &str| {
            !text.is_empty()
                && text.len() <= 253
                && !text.starts_with('-')
                && text.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
        };
        let user_is_plain = user.as_deref().is_none_or(|user| is_plain(user, "._-+"));
        if !user_is_plain || !is_plain(host, "._-:%") {
            return Err(RelayToError);
        }
        Ok(Self { user, host: host.to_owned(), port })
    }
}

impl fmt::Display for RelayTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match (self.host.contains(':'), self.port) {
            (true, Some(port)) => write!(f, "[{}]:{port}", self.host),
            (false, Some(port)) => write!(f, "{}:{port}", self.host),
            (_, None) => f.write_str(&self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_and_written_the_same() {
        for text in ["h", "u@h", "h:22", "u@h.example:2222", "[::1]:22", "u@fe80::1%eth0"] {
            assert_eq!(text.parse::<RelayTo>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_could_be_an_option_or_a_shells_is_none() {
        for text in [
            "",
            "-oProxyCommand=x",
            "u@-h",
            "-u@h",
            "@h",
            "h:",
            "h:0",
            "h:99999",
            "h:x",
            "a b",
            "$(id)",
            "h;id",
            "u v@h",
            "[h",
            "[h]x",
        ] {
            assert_eq!(text.parse::<RelayTo>(), Err(RelayToError), "{text}");
        }
    }
}
