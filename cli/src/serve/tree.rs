//! A sync in the tree of a grant: the helper, below a held root, in a Landlock domain of its own.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use xssh_fs::{Granted, RelPath, Root, Tally, Usage};
use xssh_gate::{Confined, Domain, Right, TreeAuthority};
use xssh_sync::{Nobody, Note, Opened, Refusal, Role, Start, Watch};

use super::conversation;
use super::journal::{Outcome, REFUSED};
use super::ledger::{self, Ledger, Page, Part};
use super::pace::{Meter, Paced};
use crate::environment;
use crate::sync::ground::Ground;

/// How often it is seen whether something passes.
const TICK: Duration = Duration::from_millis(20);
/// How many letters of a problem are logged.
const PROBLEM: usize = 500;

/// Serves a client.
pub(super) fn serve(granted: TreeAuthority<'_>, required: bool, log: &(dyn Fn(&Outcome) + Sync)) -> Outcome {
    let output = match conversation::own_output() {
        Ok(output) => output,
        Err(error) => return Outcome::refused(format!("standard output cannot be used: {error}")),
    };
    let Entered { root, confined, _ledger } = match enter(granted, required) {
        Ok(entered) => entered,
        Err(why) => return answer(output, &why),
    };
    let ground = Ground::Below(root);
    let (mut refused, problems) = (None, Problems::default());
    let meter = Meter::new(granted.limits().rate);
    let over = AtomicBool::new(false);
    let done = thread::scope(|scope| {
        if let Some(idle) = granted.limits().idle {
            let (meter, over) = (&meter, &over);
            scope.spawn(move || watch(idle, meter, over, confined, log));
        }
        let (input, output) = (Paced(io::stdin(), &meter), Paced(output, &meter));
        let done = conversation::serve(input, output, &problems, &mut |start| {
            let opened = permit(granted, start).and_then(|()| {
                // Sums of blocks are short enough to guess what they are of.
                start.options.whole_file |= !granted.access().read;
                conversation::open(&ground, start)
            });
            let opened = opened.map(|opened| shaped(granted, opened));
            refused = opened.as_ref().err().map(|refusal| refusal.words.clone());
            opened
        });
        over.store(true, Ordering::Relaxed);
        done
    });
    let outcome = Outcome { confined: Some(confined), ..Outcome::default() };
    match done {
        Ok(summary) => Outcome { moved: Some((summary.files, summary.bytes)), failed: problems.words(), ..outcome },
        Err(_) if refused.is_some() => Outcome { code: REFUSED, refused, ..outcome },
        Err(error) => Outcome { code: REFUSED, failed: Some(error.to_string()), ..outcome },
    }
}

/// What could not be done, of which the client hears each by itself.
#[derive(Default)]
struct Problems(Mutex<(u64, String)>);

impl Problems {
    /// For the log.
    fn words(&self) -> Option<String> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, first) = (told.0, &told.1);
        (count > 0).then(|| format!("{count} could not be done, the first of them {first}"))
    }
}

impl Watch for Problems {
    fn note(&self, note: Note<'_>) {
        let Note::Problem { path, why, .. } = note else { return };
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.0 += 1;
        if told.0 == 1 {
            told.1 = format!("{path}: {why}").chars().take(PROBLEM).collect();
        }
    }
}

/// Refuses a client in its own words.
pub(super) fn refuse(why: &str) -> Outcome {
    match conversation::own_output() {
        Ok(output) => answer(output, why),
        Err(error) => Outcome::refused(format!("standard output cannot be used: {error}")),
    }
}

fn answer(output: File, why: &str) -> Outcome {
    // Whether the client hears it or not, it is refused.
    let _ = conversation::serve(io::stdin(), output, &Nobody, &mut |_| Err(why.to_owned().into()));
    Outcome::refused(why.to_owned())
}

/// A held root in which this process is confined.
struct Entered {
    root: Root,
    confined: Confined,
    /// What other sessions have of it counts too, as long as this is held.
    _ledger: Option<Ledger>,
}

/// Holds the root and confines this process to it, before a byte of the client's is read.
fn enter(granted: TreeAuthority<'_>, required: bool) -> Result<Entered, String> {
    let access = granted.access();
    let may = Granted { replace: access.replace, remove: access.delete };
    let root = Root::open(granted.root()).map_err(|_| "the tree of this key is not there".to_owned())?;
    let held = root.find(&RelPath::root()).map_err(|error| error.to_string())?;
    let right = match (access.writes(), granted.devices()) {
        (false, _) => Right::Read,
        (true, false) => Right::Write,
        (true, true) => Right::WriteDevices,
    };
    let page = if access.writes() { Page::open(granted.limits(), &root)? } else { None };
    // Further lanes come by a socket of this account's, and owners by their names.
    let domain = Domain::new(required).open_to_others().allow_system().allow_names();
    let confined = domain.allow(&held, right).and_then(Domain::enter).map_err(|error| error.to_string())?;
    let ledger = page.map(|page| Ledger::join(page, &root, Part::Takes, |_| true)).transpose()?;
    let root = bounded(granted, root.granting(may), ledger.as_ref());
    Ok(Entered { root, confined, _ledger: ledger })
}

/// Bounds what may be added, by what is there.
fn bounded(granted: TreeAuthority<'_>, root: Root, ledger: Option<&Ledger>) -> Root {
    let limits = granted.limits();
    match ledger {
        Some(ledger) => root.within(Arc::new(ledger.room(limits))),
        None if granted.access().writes() && limits.max_file_size.is_some() => {
            root.within(Arc::new(ledger::room(Arc::new(Tally::new(Usage::default())), limits)))
        }
        None => root,
    }
}

/// Ends the process where nothing passes for too long: a thread that reads or writes cannot be asked to.
fn watch(idle: Duration, meter: &Meter, over: &AtomicBool, confined: Confined, log: &(dyn Fn(&Outcome) + Sync)) {
    while !over.load(Ordering::Relaxed) {
        if meter.idle() > idle {
            let failed = Some(format!("nothing passed for {} seconds", idle.as_secs()));
            log(&Outcome { code: REFUSED, failed, confined: Some(confined), ..Outcome::default() });
            environment::leave(REFUSED);
        }
        thread::sleep(TICK);
    }
}

/// Whether the key may have what the client asks for.
fn permit(granted: TreeAuthority<'_>, start: &Start) -> Result<(), Refusal> {
    let (access, options) = (granted.access(), &start.options);
    let direction = match start.role {
        Role::Source => granted.reading(),
        Role::Target => granted.writing(),
    };
    direction.map_err(|refusal| refusal.to_string())?;
    let refuse = |why: &str| Err(why.to_owned().into());
    if start.role == Role::Source {
        return Ok(());
    }
    if options.delete && !access.read {
        return refuse("this key may not read, and --delete tells what is there: leave it out");
    }
    if options.delete && !access.delete {
        return refuse("this key may not delete: leave out --delete");
    }
    if !access.replace && (options.inplace || options.backup.is_some()) {
        return refuse("this key may only add: leave out --inplace and --backup");
    }
    if (options.devices || options.specials) && !granted.devices() {
        return refuse("this key may not make devices, FIFOs and sockets: leave out --devices and --specials");
    }
    Ok(())
}

/// What the target does otherwise under a grant.
fn shaped(granted: TreeAuthority<'_>, opened: Opened) -> Opened {
    let mut tree = opened.tree;
    if !granted.set_id() {
        tree = tree.without_set_id();
    }
    if !granted.access().read {
        tree = tree.without_telling();
    }
    Opened { tree, ..opened }
}
