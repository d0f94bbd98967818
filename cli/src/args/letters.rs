//! What each letter means: a line of configuration, a wish of the caller's, or a refusal.

use xssh_ssh::config::option_line;

use super::walk::Given;
use super::{Invocation, UsageError};

/// Adds what one option says.
pub(super) fn apply(given: &Given, invocation: &mut Invocation) -> Result<(), UsageError> {
    let value = given.value.as_str();
    match given.letter {
        'o' => option(given, value.to_owned(), invocation),
        'i' => option(given, option_line("IdentityFile", value), invocation),
        'J' => option(given, option_line("ProxyJump", value), invocation),
        'l' if given.after => option(given, option_line("User", value), invocation),
        'p' if given.after => option(given, option_line("Port", value), invocation),
        'l' => first(&mut invocation.user, value.to_owned()),
        'p' => first(&mut invocation.port, port(value)?),
        'P' => first(&mut invocation.tag, value.to_owned()),
        'F' => invocation.config_file = Some(value.to_owned()),
        'E' => invocation.log_file = Some(value.into()),
        'G' => invocation.dump = true,
        'W' => forward(value, invocation)?,
        's' => {
            invocation.subsystem = true;
            invocation.overrides.push("SessionType=subsystem".to_owned());
        }
        't' => invocation.tty_wishes += 1,
        'v' => invocation.verbosity += 1,
        'q' => invocation.overrides.push("LogLevel=QUIET".to_owned()),
        '2' => {}
        letter => match line(letter, value) {
            Some(line) => invocation.overrides.push(line),
            None => return Err(refusal(letter, value)),
        },
    }
    Ok(())
}

fn option(given: &Given, line: String, invocation: &mut Invocation) {
    let lines = if given.after { &mut invocation.options_after } else { &mut invocation.options };
    lines.push(line);
}

/// The first one wins.
fn first<T>(slot: &mut Option<T>, value: T) {
    slot.get_or_insert(value);
}

fn port(value: &str) -> Result<u16, UsageError> {
    value.parse().ok().filter(|&port| port != 0).ok_or_else(|| UsageError::BadPort(value.to_owned()))
}

/// Letters that only set a keyword.
fn line(letter: char, value: &str) -> Option<String> {
    Some(match letter {
        '4' => "AddressFamily=inet".to_owned(),
        '6' => "AddressFamily=inet6".to_owned(),
        'a' => "ForwardAgent=no".to_owned(),
        'b' => option_line("BindAddress", value),
        'B' => option_line("BindInterface", value),
        'c' => option_line("Ciphers", value),
        'C' => "Compression=yes".to_owned(),
        'e' => option_line("EscapeChar", value),
        'k' => "GSSAPIDelegateCredentials=no".to_owned(),
        'm' => option_line("MACs", value),
        'N' => "SessionType=none".to_owned(),
        'n' => "StdinNull=yes".to_owned(),
        'S' if value == "none" => "ControlPath=none".to_owned(),
        'T' => "RequestTTY=no".to_owned(),
        'x' => "ForwardX11=no".to_owned(),
        _ => return None,
    })
}

/// Letters of later capabilities, and of what xssh does not do.
fn refusal(letter: char, value: &str) -> UsageError {
    let later = |what: &'static str| UsageError::NotYet { letter, what };
    match letter {
        'L' | 'R' | 'D' | 'g' => later("port forwarding"),
        'X' | 'Y' => later("X11 forwarding"),
        'A' => later("agent forwarding"),
        'M' | 'S' | 'O' => later("connection sharing"),
        'f' => later("going into the background"),
        '1' => UsageError::Never("SSH protocol 1 (-1): it is broken, and no server should speak it".to_owned()),
        'I' => UsageError::Never(format!(
            "PKCS#11 libraries (-I): load {value} into the agent with ssh-add -s, and xssh uses its keys"
        )),
        'K' => UsageError::Never("GSSAPI (-K)".to_owned()),
        'w' => UsageError::Never("tunnel devices (-w)".to_owned()),
        'y' => UsageError::Never("the system's log (-y): use -E file".to_owned()),
        other => UsageError::Unknown(other),
    }
}

/// `-W`: a stream to a port, and nothing else.
fn forward(value: &str, invocation: &mut Invocation) -> Result<(), UsageError> {
    let bad = || UsageError::BadForward(value.to_owned());
    let (host, port_text) = match value.strip_prefix('[') {
        Some(rest) => rest.split_once("]:").ok_or_else(bad)?,
        None => value.rsplit_once([':', '/']).ok_or_else(bad)?,
    };
    if host.is_empty() || (host.contains(':') && !value.starts_with('[')) {
        return Err(bad());
    }
    invocation.stdio_forward = Some((host.to_owned(), port(port_text).map_err(|_| bad())?));
    invocation.overrides.push("RequestTTY=no".to_owned());
    invocation.overrides.push("SessionType=none".to_owned());
    Ok(())
}

/// What `-t` and `-v` add up to.
pub(super) fn counted(invocation: &mut Invocation) {
    match invocation.tty_wishes {
        0 => {}
        1 => invocation.overrides.push("RequestTTY=yes".to_owned()),
        _ => invocation.overrides.push("RequestTTY=force".to_owned()),
    }
    match invocation.verbosity {
        0 => {}
        1 => invocation.overrides.push("LogLevel=DEBUG1".to_owned()),
        2 => invocation.overrides.push("LogLevel=DEBUG2".to_owned()),
        _ => invocation.overrides.push("LogLevel=DEBUG3".to_owned()),
    }
}
