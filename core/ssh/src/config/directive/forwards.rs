//! Forwards of ports and sockets, and where remote SOCKS clients may go.

use super::super::error::{Fault, Stop};
use super::super::forward::{self, Shape};
use super::super::keyword::Keyword;
use super::super::reader::Reader;
use super::super::values::Value;
use super::Line;
use crate::destination::parse_port;
use crate::settings::{Connect, Forward, Permitted};

pub(super) fn forward(reader: &mut Reader<'_>, keyword: Keyword, line: &mut Line<'_>) -> Result<(), Fault> {
    let listen = line.required("Missing argument.")?;
    let remote = keyword == Keyword::RemoteForward;
    let connect = match keyword {
        Keyword::DynamicForward => None,
        _ => line.arguments.next().filter(|argument| !argument.is_empty()),
    };
    if connect.is_none() && keyword == Keyword::LocalForward {
        return Err(Fault::Phrase("Missing target argument."));
    }
    let shape = Shape { dynamic: connect.is_none(), remote };
    let specification = connect.map_or_else(|| listen.clone(), |connect| format!("{listen}:{connect}"));
    let parsed =
        forward::parse(&specification, shape, reader.context).ok_or(Fault::Phrase("Bad forwarding specification."))?;
    if line.active {
        reader.values.add_forward(remote, parsed);
    }
    Ok(())
}

/// Whether a forward in the local list is a dynamic one.
pub(in super::super) fn is_dynamic(forward: &Forward) -> bool {
    forward.connect == Connect::Socks
}

/// Ends everything where it is bad, as in OpenSSH.
pub(super) fn permit_remote_open(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Stop> {
    let mut permitted = Vec::new();
    while let Some(argument) = line.arguments.next() {
        if is_word(&argument) {
            line.alone(&argument, permitted.len())?;
        } else {
            target(&argument).map_err(|complaint| line.end(complaint))?;
        }
        permitted.push(argument);
    }
    if permitted.is_empty() {
        return Err(line.end("missing permitremoteopen specification"));
    }
    reader.set(line, Keyword::PermitRemoteOpen, Value::List(permitted));
    Ok(())
}

fn is_word(argument: &str) -> bool {
    argument.eq_ignore_ascii_case("none") || argument.eq_ignore_ascii_case("any")
}

/// What the line of [`permit_remote_open`] permits.
pub(in super::super) fn permitted(arguments: &[String]) -> Permitted {
    match arguments {
        [] => Permitted::Any,
        [only] if only.eq_ignore_ascii_case("any") => Permitted::Any,
        // `none` is no target, so nothing is left of it.
        targets => Permitted::Only(targets.iter().filter_map(|argument| target(argument).ok()).collect()),
    }
}

/// `host:port`, where the host may stand in brackets and the port may be `*`.
fn target(text: &str) -> Result<(String, Option<u16>), &'static str> {
    const NO_HOST: &str = "missing host in permitremoteopen";
    let (host, after) = match text.strip_prefix('[') {
        Some(inner) => inner.split_once(']').ok_or(NO_HOST)?,
        None => text.split_at(text.find([':', '/']).unwrap_or(text.len())),
    };
    let port = match after.strip_prefix(':') {
        Some("*") => None,
        Some(port) => Some(parse_port(port).map_err(|_| "bad port number in permitremoteopen")?),
        None if !after.is_empty() => return Err(NO_HOST),
        None => return Err("bad port number in permitremoteopen"),
    };
    Ok((host.to_owned(), port))
}
