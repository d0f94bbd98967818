use super::{Fault, Invocation};

/// A call of `xssh tunnel`.
#[derive(Debug, Clone)]
pub(crate) enum Tunnel {
    /// Keep the forwards of a host up.
    Keep(Box<Invocation>),
    /// Tell how tunnels stand.
    Status {
        /// One of them, or all.
        name: Option<String>,
        /// As JSON.
        json: bool,
    },
}

impl Tunnel {
    pub(super) fn new(invocation: Option<Invocation>, status: bool, json: bool) -> Result<Self, Fault> {
        if let Some(invocation) = &invocation {
            let excess = match invocation {
                Invocation { command: Some(_), .. } => Some("command"),
                Invocation { stdio_forward: Some(_), .. } | Invocation { dump: true, .. } => Some("-G or -W"),
                Invocation { control: Some(_), .. } => Some("-O"),
                _ => None,
            };
            if let Some(excess) = excess {
                return Err(Fault::NotForTunnel(excess));
            }
        }
        match invocation {
            Some(invocation) if !status && !json => Ok(Self::Keep(Box::new(invocation))),
            Some(_) if !status => Err(Fault::NotForTunnel("--json without --status")),
            named => Ok(Self::Status { name: named.map(|named| named.command_line.destination.host), json }),
        }
    }
}
