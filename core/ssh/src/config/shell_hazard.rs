//! Users and hosts of a command line that could do harm in a command: ProxyCommand and LocalCommand give their `%r` and
//! `%h` to a shell unquoted (CVE-2023-51385). What configuration files say is their owner's own affair.

use thiserror::Error;

/// A name that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Hazard {
    /// The host begins with `-`, or holds a blank, a control character, or one that a shell reads.
    #[error("hostname contains invalid characters")]
    Host,
    /// The same of the user; there `\` and blanks within are let through.
    #[error("remote username contains invalid characters")]
    User,
}

/// Checks a host that came from a command line (ssh.c, valid_hostname).
///
/// # Errors
/// Where a shell could read it as more than a name.
pub fn check_host(host: &str) -> Result<(), Hazard> {
    let bad = |c: char| "'`\"$\\;&<>|(){},".contains(c) || c.is_ascii_whitespace() || c.is_ascii_control();
    if host.starts_with('-') || host.contains(bad) { Err(Hazard::Host) } else { Ok(()) }
}

/// Checks a user that came from a command line (ssh.c, valid_ruser).
///
/// # Errors
/// Where a shell could read it as more than a name.
pub fn check_user(user: &str) -> Result<(), Hazard> {
    let bad = |c: char| "'`\";&<>|(){}".contains(c) || c.is_ascii_control();
    if user.starts_with('-') || user.contains(bad) || user.contains(" -") || user.ends_with('\\') {
        return Err(Hazard::User);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_shell_could_misread_are_refused() {
        for host in ["-oProxyCommand=x", "a;b", "a b", "$(id)", "`id`", "a\nb", "a,b", "a'b", "a\x7fb"] {
            assert_eq!(check_host(host), Err(Hazard::Host), "{host:?}");
        }
        for user in ["-l", "a;b", "${FOO}", "`id`", "a\x07b", "a -b", "a\\", "a|b", "a\tb"] {
            assert_eq!(check_user(user), Err(Hazard::User), "{user:?}");
        }
    }

    #[test]
    fn ordinary_names_pass() {
        for host in ["host", "h-1_x.example.org", "fe80::1%eth0", "10.0.0.1", "xn--bcher-kva.example", "h*?"] {
            assert_eq!(check_host(host), Ok(()), "{host}");
        }
        for user in ["me", "me@my.org", "DOMAIN\\me", "first last", "$me", ""] {
            assert_eq!(check_user(user), Ok(()), "{user}");
        }
    }
}
