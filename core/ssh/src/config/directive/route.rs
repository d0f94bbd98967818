//! The way to the host.

use super::super::error::{ConfigError, Fault, Stop};
use super::super::keyword::Keyword;
use super::super::reader::Reader;
use super::super::values::Value;
use super::super::{jump, shell_hazard};
use super::Line;
use crate::destination::Destination;
use crate::hop::Hop;

/// Skipped where `ProxyCommand` was set before it; otherwise it keeps a later one from being set.
pub(super) fn proxy_jump(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let written = line.rest.trim_start_matches([' ', '\t', '\r', '\n', '=']);
    // What follows a blank is ignored.
    let list = written.split(['#', ' ', '\t', '\r', '\n']).next().unwrap_or_default();
    line.consume();
    if list.eq_ignore_ascii_case("none") {
        reader.set(line, Keyword::ProxyJump, Value::Text("none".to_owned()));
        return Ok(());
    }
    let free = !reader.values.has(Keyword::ProxyCommand) && !reader.values.has(Keyword::ProxyJump);
    let jumps: Vec<String> = list.split(',').map(str::to_owned).collect();
    // Another element may hold a password that must not be shown.
    let mixed = jumps.iter().any(|element| jump::has_own_scheme(element));
    for element in &jumps {
        let invalid = || Fault::value("Invalid ProxyJump \"", if mixed { element } else { written }, "\"");
        let hop = jump::parse(element);
        let hop = hop.map_err(|error| match jump::has_own_scheme(element) {
            true => Fault::value("", error.to_string(), ""),
            false => invalid(),
        })?;
        if line.source.on_command_line && !is_safe(&hop) {
            return Err(invalid());
        }
    }
    if free && line.active {
        reader.values.put(Keyword::ProxyJump, Value::List(jumps));
        reader.values.put(Keyword::ProxyCommand, Value::Text("none".to_owned()));
    }
    Ok(())
}

/// Whether a host is safe in a command. No command is made of a proxy.
fn is_safe(hop: &Hop) -> bool {
    match hop {
        Hop::Proxy(_) => true,
        Hop::Ssh(Destination { user, host, .. }) => {
            let user = user.as_deref().is_none_or(|user| shell_hazard::check_user(user).is_ok());
            user && shell_hazard::check_host(host).is_ok()
        }
    }
}

/// Ends everything where its block applies.
pub(super) fn refuse(line: &mut Line<'_>) -> Result<(), Stop> {
    let reason = line.required("Missing argument.")?;
    if line.active {
        return Err(Stop::Everything(ConfigError::Refused {
            file: line.source.file.to_owned(),
            line: line.source.line,
            reason,
        }));
    }
    Ok(())
}
