use super::Fault;

/// What `-O` tells the master of a shared connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    /// Say whether it runs.
    Check,
    /// Open forwards.
    Forward,
    /// Close forwards.
    Cancel,
    /// End, and every call on it.
    Exit,
    /// Take no further calls.
    Stop,
    /// Pass packets on, for a client that speaks SSH's connection protocol.
    Proxy,
}

impl Control {
    /// Reads the word behind `-O`.
    pub(super) fn parse(word: &str) -> Result<Self, Fault> {
        match word {
            "check" => Ok(Self::Check),
            "forward" => Ok(Self::Forward),
            "cancel" => Ok(Self::Cancel),
            "exit" => Ok(Self::Exit),
            "stop" => Ok(Self::Stop),
            "proxy" => Ok(Self::Proxy),
            _ => Err(Fault::Control),
        }
    }
}
