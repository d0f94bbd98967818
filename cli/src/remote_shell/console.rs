//! `~#` and `~C` at a terminal: what is forwarded, and forwards that are made and taken back while a session runs; or a command that
//! is run here, with PermitLocalCommand.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use xssh_ssh::config::{ForwardKind, LocalContext};
use xssh_ssh::exec::Console;
use xssh_ssh::forward::{Forwards, Order, Place};
use xssh_ssh::settings::{Forward, Listen};

use super::local_command::in_a_shell;

/// The forwards of a connection, for whoever sits before it.
pub(super) struct PortConsole {
    forwards: Arc<Forwards>,
    context: LocalContext,
    /// PermitLocalCommand.
    runs_commands: bool,
}

/// A line behind `~C` (ssh(1), ESCAPE CHARACTERS).
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// Nothing.
    Empty,
    /// `-h`, `?`.
    Help,
    /// `-L`, `-R`, `-D` with a specification.
    Forward(ForwardKind, Forward),
    /// `-KL`, `-KR`, `-KD` with where it listens.
    Cancel(ForwardKind, Listen),
    /// `!command`.
    Run(String),
    /// None of these, and what to say about it.
    Wrong(&'static str),
}

const HELP: [&str; 5] = [
    "Commands:",
    "      -L, -R, -D and a specification, as on the command line: forward",
    "      -KL, -KR, -KD and [bind_address:]port, or a path: forward no more",
    "      !command: run a command here, with PermitLocalCommand yes",
    "      -h: this list",
];

fn read(line: &str, context: &LocalContext) -> Line {
    let line = line.trim();
    if let Some(command) = line.strip_prefix('!').filter(|command| !command.is_empty()) {
        return Line::Run(command.to_owned());
    }
    let line = line.strip_prefix('-').unwrap_or(line);
    let (cancels, line) = line.strip_prefix('K').map_or((false, line), |rest| (true, rest));
    let mut chars = line.chars();
    let kind = match chars.next() {
        None if !cancels => return Line::Empty,
        Some('h' | 'H' | '?') if !cancels => return Line::Help,
        Some('L') => ForwardKind::Local,
        Some('R') => ForwardKind::Remote,
        Some('D') => ForwardKind::Dynamic,
        _ => return Line::Wrong("Invalid command."),
    };
    let specification = chars.as_str().trim_start();
    if cancels {
        // Only where it listens is said, as of a dynamic one.
        let place = ForwardKind::Dynamic.parse(specification, context).map(|forward| forward.listen);
        return place.map_or(Line::Wrong("Bad forwarding close specification."), |listen| Line::Cancel(kind, listen));
    }
    match (kind.parse(specification, context), kind) {
        (Some(forward), _) => Line::Forward(kind, forward),
        (None, ForwardKind::Remote) => Line::Wrong("Bad remote forwarding specification."),
        (None, _) => Line::Wrong("Bad local forwarding specification."),
    }
}

impl PortConsole {
    pub(super) fn new(forwards: Arc<Forwards>, context: LocalContext, runs_commands: bool) -> Self {
        Self { forwards, context, runs_commands }
    }

    async fn act(&self, line: &str) -> Vec<String> {
        let told = match read(line, &self.context) {
            Line::Empty => return Vec::new(),
            Line::Help => return HELP.map(str::to_owned).into(),
            Line::Wrong(what) => what.to_owned(),
            Line::Run(_) if !self.runs_commands => {
                "Invalid command: a command is run here with PermitLocalCommand yes alone.".to_owned()
            }
            Line::Run(command) => match tokio::task::spawn_blocking(move || in_a_shell(&command)).await {
                Ok(Ok(_)) | Err(_) => return Vec::new(),
                Ok(Err(error)) => format!("it cannot be run: {error}"),
            },
            Line::Forward(kind, forward) => self.forward(kind, &forward).await,
            Line::Cancel(kind, listen) => self.cancel(kind, listen).await,
        };
        vec![told]
    }

    async fn forward(&self, kind: ForwardKind, forward: &Forward) -> String {
        // There are no tokens in what is typed: what stands there is meant.
        let order = Order::literal(forward);
        let done = match kind {
            ForwardKind::Remote => self.forwards.remote(&order).await,
            _ => self.forwards.local(&order).await.map(|_| None),
        };
        match done {
            Ok(Some(port)) => format!("Allocated port {port} for remote forward to {}", order.target),
            Ok(None) => "Forwarding port.".to_owned(),
            Err(error) => format!("Port forwarding failed: {error}"),
        }
    }

    async fn cancel(&self, kind: ForwardKind, listen: Listen) -> String {
        let place = Place::literal(&listen);
        let done = match kind {
            ForwardKind::Remote => self.forwards.cancel_remote(&place, None).await,
            _ => self.forwards.cancel_local(&place),
        };
        match done {
            Ok(()) => "Canceled forwarding.".to_owned(),
            Err(error) => format!("Unknown port forwarding: {error}"),
        }
    }
}

impl Console for PortConsole {
    fn connections(&self) -> Vec<String> {
        self.forwards.connections()
    }

    fn runs_here(&self, line: &str) -> bool {
        self.runs_commands && matches!(read(line, &self.context), Line::Run(_))
    }

    fn obey(&self, line: String) -> Pin<Box<dyn Future<Output = Vec<String>> + Send + '_>> {
        Box::pin(async move { self.act(&line).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_ssh_reads_them() {
        let context = crate::environment::context();
        let of = |line: &str| read(line, &context);
        assert_eq!(of("  "), Line::Empty);
        assert_eq!(of("-h"), Line::Help);
        assert_eq!(of("?"), Line::Help);
        assert_eq!(of(" !ls -l "), Line::Run("ls -l".to_owned()));
        for line in ["-L 80:h:81", "L80:h:81", " -L80:h:81 "] {
            assert!(matches!(of(line), Line::Forward(ForwardKind::Local, _)), "{line}");
        }
        assert!(matches!(of("-R 0"), Line::Forward(ForwardKind::Remote, _)));
        assert!(matches!(of("-D *:1080"), Line::Forward(ForwardKind::Dynamic, _)));
        for (line, kind) in
            [("-KL 80", ForwardKind::Local), ("KR h:80", ForwardKind::Remote), ("-KD/sock", ForwardKind::Dynamic)]
        {
            assert!(matches!(of(line), Line::Cancel(found, _) if found == kind), "{line}");
        }
        for line in ["-L 80", "-X", "K", "-KX 1", "-KL 80:h:81", "-R x:y:z", "!"] {
            assert!(matches!(of(line), Line::Wrong(_)), "{line}");
        }
    }
}
