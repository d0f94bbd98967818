//! Forwards of ports and sockets, and where remote SOCKS clients may go.

use super::super::error::Fault;
use super::super::forward::{self, End, Forward, Shape};
use super::super::keyword::Keyword;
use super::super::reader::Reader;
use super::super::values::Value;
use super::Line;
use crate::destination::{Destination, parse_port};

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

pub(super) fn permit_remote_open(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let mut permitted = Vec::new();
    while let Some(argument) = line.arguments.next() {
        if argument.eq_ignore_ascii_case("none") || argument.eq_ignore_ascii_case("any") {
            line.alone(&argument, permitted.len())?;
        } else {
            check_target(&argument)?;
        }
        permitted.push(argument);
    }
    if permitted.is_empty() {
        return Err(Fault::Phrase("missing permitremoteopen specification"));
    }
    reader.set(line, Keyword::PermitRemoteOpen, Value::List(permitted));
    Ok(())
}

/// `host:port`, where the port may be `*`.
fn check_target(target: &str) -> Result<(), Fault> {
    let bad_port = Fault::Phrase("bad port number in permitremoteopen");
    let (host, port) = target.rsplit_once(':').ok_or(bad_port.clone())?;
    if host.contains(':') && Destination::parse_jump(&format!("{host}:1")).is_err() {
        return Err(Fault::Phrase("missing host in permitremoteopen"));
    }
    if port != "*" && parse_port(port).is_err() {
        return Err(bad_port);
    }
    Ok(())
}
