//! A sync in the tree of a grant: the helper, below a held root, in a Landlock domain of its own.

use std::fs::File;

use xssh_fs::{Granted, RelPath, Root};
use xssh_gate::{Confined, Domain, Right, TreeAuthority};
use xssh_sync::{Opened, Refusal, Role, Start};

use super::conversation;
use super::journal::{Outcome, REFUSED};
use crate::sync::ground::Ground;

/// Serves a client.
pub(super) fn serve(granted: TreeAuthority<'_>, required: bool) -> Outcome {
    let output = match conversation::own_output() {
        Ok(output) => output,
        Err(error) => return Outcome::refused(format!("standard output cannot be used: {error}")),
    };
    let (root, confined) = match enter(granted, required) {
        Ok(entered) => entered,
        Err(why) => return answer(output, &why),
    };
    let ground = Ground::Below(root);
    let mut refused = None;
    let done = conversation::serve(output, &mut |start| {
        let opened = permit(granted, start).and_then(|()| conversation::open(&ground, start));
        let opened = opened.map(|opened| shaped(granted, opened));
        refused = opened.as_ref().err().map(|refusal| refusal.words.clone());
        opened
    });
    let outcome = Outcome { confined: Some(confined), ..Outcome::default() };
    match done {
        Ok(summary) => Outcome { moved: Some((summary.files, summary.bytes)), ..outcome },
        Err(_) if refused.is_some() => Outcome { code: REFUSED, refused, ..outcome },
        Err(error) => Outcome { code: REFUSED, failed: Some(error.to_string()), ..outcome },
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
    let _ = conversation::serve(output, &mut |_| Err(why.to_owned().into()));
    Outcome::refused(why.to_owned())
}

/// Holds the root and confines this process to it, before a byte of the client's is read.
fn enter(granted: TreeAuthority<'_>, required: bool) -> Result<(Root, Confined), String> {
    let access = granted.access();
    let may = Granted { replace: access.replace, remove: access.delete };
    let root = Root::open(granted.root()).map_err(|_| "the tree of this key is not there".to_owned())?;
    let held = root.find(&RelPath::root()).map_err(|error| error.to_string())?;
    let right = match (access.writes(), granted.devices()) {
        (false, _) => Right::Read,
        (true, false) => Right::Write,
        (true, true) => Right::WriteDevices,
    };
    // Further lanes come by a socket of this account's, and owners by their names.
    let domain = Domain::new(required).open_to_others().allow_system().allow_names();
    let confined = domain.allow(&held, right).and_then(Domain::enter).map_err(|error| error.to_string())?;
    Ok((root.granting(may), confined))
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
    let tree = if granted.set_id() { opened.tree } else { opened.tree.without_set_id() };
    Opened { tree, ..opened }
}
