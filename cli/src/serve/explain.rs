//! `xssh serve … --explain COMMAND`: what would be done, and why.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;

use xssh_gate::{Authority, ServedCommand};

use super::journal::REFUSED;
use super::own::Files;
use super::rsync;
use crate::args::serve::Serve;
use crate::help;

/// Says it on standard output. Ends with 0 where it would be served.
pub(super) fn explain(call: &Serve, command: &OsStr) -> u8 {
    let grant = &call.grant;
    let command = command.as_bytes();
    let asked = ServedCommand::parse(Some(command));
    let mut text = format!("asked for: {} ({})\n", asked.kind(), ServedCommand::shown(command));
    let told = match grant.admit(asked, Some(command)) {
        Ok(Authority::Check) => Ok("nothing is run: it is true".to_owned()),
        Ok(Authority::Sync(tree)) => {
            Ok(format!("the helper of a sync runs in {}: it may {}", tree.root().display(), tree.access().words()))
        }
        Ok(Authority::SyncJoin) => Ok("a further connection is handed to the sync that it belongs to".to_owned()),
        Ok(Authority::Rsync(tree, words)) => rsync::prepare(tree, &words).map(|job| {
            let (direction, root) = (if job.plan.is_sender { "sends from" } else { "receives into" }, tree.root());
            format!(
                "rsync {direction} {}: it may {}\nruns: {}\nin: {}",
                root.display(),
                tree.access().words(),
                job.plan.shown(&job.program),
                job.plan.place()
            )
        }),
        Ok(Authority::Cvs(granted)) => Ok(format!("it reaches {}", granted.words())),
        Ok(Authority::Relay(relay)) => Ok(match (relay.is_through(), relay.command()) {
            (true, _) => format!("the client speaks with the sshd of {}", relay.destination()),
            (false, Some(command)) => format!("{} runs there: {}", relay.destination(), command.escape_ascii()),
            (false, None) => format!("a shell of {}", relay.destination()),
        }),
        Err(refusal) => Err(refusal.to_string()),
    };
    let held = Files::of_account().with(call).held_by_any(grant);
    let told = held.map_or(told, |(root, held)| Err(held.details(&root)));
    let (verdict, why, code) = match told {
        Ok(what) => ("served", what, 0),
        Err(why) => ("refused", why, REFUSED),
    };
    let _ = writeln!(text, "{verdict}: {why}");
    help::stdout(&text).max(code)
}
