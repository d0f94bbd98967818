//! Forwards of ports and sockets, and where remote SOCKS clients may go.

use super::super::error::{Fault, Stop};
use super::super::forward::{self, End, Forward, Shape};
use super::super::keyword::Keyword;
use super::super::reader::Reader;
use super::super::values::Value;
use super::Line;
use crate::destination::parse_port;

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
        let forwards = if remote { &mut reader.values.remote_forwards } else { &mut reader.values.local_forwards };
        add(forwards, parsed);
    }
    Ok(())
}

fn add(forwards: &mut Vec<Forward>, forward: Forward) {
    if !forwards.contains(&forward) {
        forwards.push(forward);
    }
}

/// Whether a forward in the local list is a dynamic one.
pub(in super::super) fn is_dynamic(forward: &Forward) -> bool {
    forward.connect == End::Socks
}

/// Ends everything where it is bad, as in OpenSSH.
pub(super) fn permit_remote_open(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Stop> {
    let mut permitted = Vec::new();
    while let Some(argument) = line.arguments.next() {
        if argument.eq_ignore_ascii_case("none") || argument.eq_ignore_ascii_case("any") {
            line.alone(&argument, permitted.len())?;
        } else {
            check_target(&argument).map_err(|complaint| line.end(complaint))?;
        }
        permitted.push(argument);
    }
    if permitted.is_empty() {
        return Err(line.end("missing permitremoteopen specification"));
    }
    reader.set(line, Keyword::PermitRemoteOpen, Value::List(permitted));
    Ok(())
}

/// `host:port`, where the host may stand in brackets and the port may be `*`.
fn check_target(target: &str) -> Result<(), &'static str> {
    const NO_HOST: &str = "missing host in permitremoteopen";
    let after = match target.strip_prefix('[') {
        Some(inner) => inner.split_once(']').ok_or(NO_HOST)?.1,
        None => target.find([':', '/']).and_then(|at| target.get(at..)).unwrap_or_default(),
    };
    match after.strip_prefix(':') {
        Some(port) if port == "*" || parse_port(port).is_ok() => Ok(()),
        None if !after.is_empty() => Err(NO_HOST),
        _ => Err("bad port number in permitremoteopen"),
    }
}
