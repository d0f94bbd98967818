//! Whether what is granted can be served at all, as far as this account can tell before anybody comes.

use std::path::Path;

use xssh_cvs::Login;
use xssh_gate::line::Weight;
use xssh_gate::{Grant, Name, Repositories};

use super::journal::try_log;
use super::own::Files;
use crate::args::serve::Serve;

/// What is wrong, and how much.
pub(crate) type Faults = Vec<(Weight, String)>;

/// All that is wrong with a grant, and with where it is logged.
pub(crate) fn faults(call: &Serve, files: &Files) -> Faults {
    let repositories = call.grant.repositories.iter().flat_map(|all| of_repositories(all, &call.grant, files));
    of_session(call, files).into_iter().chain(repositories).collect()
}

/// What is wrong with the tree, and with the log.
pub(crate) fn of_session(call: &Serve, files: &Files) -> Faults {
    let log = call.log.as_ref().and_then(|log| try_log(log).err()).map(|why| (Weight::Wrong, why));
    let tree = call.grant.tree.iter().flat_map(|tree| of_root(&tree.root, tree.access.writes(), files));
    log.into_iter().chain(tree).collect()
}

/// What is wrong with a directory that is served.
fn of_root(root: &Path, may_write: bool, files: &Files) -> Faults {
    let is_missing = !root.is_dir();
    let missing = is_missing.then(|| (Weight::Wrong, format!("{} is not there, or no directory", root.display())));
    let own = match files.held_by(root, may_write) {
        Some(held) => Some((Weight::Wrong, held.details(root))),
        None if files.holds_home(root) => {
            Some((Weight::Loose, "its keys and everything else of the account may be read".to_owned()))
        }
        None => None,
    };
    missing.into_iter().chain(own).collect()
}

/// What is wrong with repositories, and with the name under which they would be changed.
fn of_repositories(repositories: &Repositories, grant: &Grant, files: &Files) -> Faults {
    let may_write = !repositories.is_read_only;
    let mut found = Faults::new();
    for root in &repositories.roots {
        found.extend(of_root(root, may_write, files));
        if root.is_dir() && !root.join("CVSROOT").is_dir() {
            found.push((Weight::Wrong, format!("{} has no CVSROOT: it is no repository of cvs's", root.display())));
        }
    }
    let name = grant.name.as_ref().map(Name::as_str);
    if let Some(name) = name.filter(|name| may_write && !Login::is_name(name)) {
        found.push((Weight::Wrong, format!("{name} cannot be an author: that has letters, digits and . _ - + alone")));
    }
    found
}
