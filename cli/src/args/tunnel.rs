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
    /// Remove what a tunnel has left behind.
    Forget {
        /// Which.
        name: String,
    },
}

/// The long options of `xssh tunnel` that were given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wishes {
    /// `--status`
    pub(super) status: bool,
    /// `--json`
    pub(super) json: bool,
    /// `--forget`
    pub(super) forget: bool,
}

impl Tunnel {
    pub(super) fn new(invocation: Option<Invocation>, wishes: Wishes) -> Result<Self, Fault> {
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
        let name = |invocation: Invocation| invocation.command_line.destination.host;
        match (invocation, wishes) {
            (_, Wishes { status: true, forget: true, .. }) => Err(Fault::NotForTunnel("--status with --forget")),
            (named, Wishes { status: true, json, .. }) => Ok(Self::Status { name: named.map(name), json }),
            (_, Wishes { json: true, .. }) => Err(Fault::NotForTunnel("--json without --status")),
            (None, _) => Err(Fault::NoDestination),
            (Some(named), Wishes { forget: true, .. }) => Ok(Self::Forget { name: name(named) }),
            (Some(invocation), _) => Ok(Self::Keep(Box::new(invocation))),
        }
    }
}
