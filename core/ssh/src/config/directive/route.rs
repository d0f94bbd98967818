//! The way to the host.

use super::super::error::{ConfigError, Fault, Stop};
use super::super::keyword::Keyword;
use super::super::reader::Reader;
use super::super::values::Value;
use super::super::{jump, shell_hazard};
use super::Line;

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
    for element in &jumps {
        let hop = jump::parse(element).map_err(|complaint| match complaint {
            jump::Complaint::Password => Fault::Phrase(
                "the address of a proxy holds no password: it would be seen by others; see XsshProxyCredentials",
            ),
            jump::Complaint::Malformed => Fault::value("Invalid ProxyJump \"", written, "\""),
        })?;
        let safe = hop.user.as_deref().is_none_or(|user| shell_hazard::check_user(user).is_ok())
            && shell_hazard::check_host(&hop.host).is_ok();
        if line.source.on_command_line && !safe {
            return Err(Fault::value("Invalid ProxyJump \"", written, "\""));
        }
    }
    if free && line.active {
        reader.values.put(Keyword::ProxyJump, Value::List(jumps));
        reader.values.put(Keyword::ProxyCommand, Value::Text("none".to_owned()));
    }
    Ok(())
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
