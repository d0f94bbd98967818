//! Whether a session gets a pseudo-terminal.

use crate::settings::{RequestTty, SessionType};

/// What is said where a pseudo-terminal was asked for and cannot be had, at the level of OpenSSH's INFO.
pub const NO_TERMINAL: &str = "Pseudo-terminal will not be allocated because stdin is not a terminal.";

/// What the decision rests on.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// `RequestTTY` after `-t`, `-tt` and `-T`; `-W` counts as no.
    pub request: RequestTty,
    /// `SessionType`: a `none` has no terminal.
    pub kind: SessionType,
    /// A command, a `RemoteCommand` or a subsystem was named.
    pub has_command: bool,
    /// Standard input is a terminal, and is read (no `-n`).
    pub stdin_is_terminal: bool,
}

/// Whether to ask for a pseudo-terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Ask for one.
    Allocate,
    /// Ask for none.
    Without,
    /// Ask for none, and say [`NO_TERMINAL`].
    Impossible,
}

impl Circumstances {
    /// OpenSSH's rule (ssh.c, main): a shell gets a terminal, a command only where it is asked for; without a terminal
    /// here none is had there, unless forced.
    pub fn decide(self) -> Decision {
        let refused = self.request == RequestTty::No || self.kind == SessionType::None;
        let asked = matches!(self.request, RequestTty::Yes | RequestTty::Force);
        if refused || (self.has_command && !asked) {
            Decision::Without
        } else if self.stdin_is_terminal || self.request == RequestTty::Force {
            Decision::Allocate
        } else {
            Decision::Impossible
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Circumstances, Decision};
    use crate::settings::{RequestTty, SessionType};
    use Decision::{Allocate, Impossible, Without};

    /// For each request: shell on a terminal, shell without one, command on a terminal, command without one.
    #[test]
    fn each_request_decides_as_openssh_does() {
        for (request, decisions) in [
            (RequestTty::Auto, [Allocate, Impossible, Without, Without]),
            (RequestTty::No, [Without; 4]),
            (RequestTty::Yes, [Allocate, Impossible, Allocate, Impossible]),
            (RequestTty::Force, [Allocate; 4]),
        ] {
            let decide = |has_command, stdin_is_terminal| {
                let kind = SessionType::Default;
                Circumstances { request, kind, has_command, stdin_is_terminal }.decide()
            };
            let made = [decide(false, true), decide(false, false), decide(true, true), decide(true, false)];
            assert_eq!(made, decisions, "{request:?}");
        }
    }

    #[test]
    fn a_subsystem_gets_a_terminal_only_where_asked() {
        let subsystem = |request| {
            let kind = SessionType::Subsystem;
            Circumstances { request, kind, has_command: true, stdin_is_terminal: true }.decide()
        };
        assert_eq!(subsystem(RequestTty::Auto), Without);
        assert_eq!(subsystem(RequestTty::Yes), Allocate);
    }

    #[test]
    fn no_session_has_no_terminal_even_where_forced() {
        for request in [RequestTty::Auto, RequestTty::No, RequestTty::Yes, RequestTty::Force] {
            let kind = SessionType::None;
            for stdin_is_terminal in [false, true] {
                let circumstances = Circumstances { request, kind, has_command: false, stdin_is_terminal };
                assert_eq!(circumstances.decide(), Without);
            }
        }
    }
}
