//! Manifests: which crate may depend on which, and that nothing is there for nobody.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::{Text, expect_none, root, texts};

/// A crate, and the only places that may depend on it.
const KEPT_TO: [(&str, &[&str]); 4] =
    [("russh", &["core/ssh"]), ("clap", &["cli", "tests"]), ("xssh-ssh", &["cli", "tests"]), ("xssh-tests", &[])];

impl Text {
    /// The names below a heading that begins like this.
    fn names_below(&self, heading: &str) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        let mut inside = false;
        for line in self.text.lines() {
            if line.starts_with('[') {
                inside = line.starts_with(heading);
            } else if inside && let Some((name, _)) = line.split_once(['.', ' ', '=']) {
                names.insert(name);
            }
        }
        names.remove("");
        names.remove("#");
        names
    }
}

/// Everything a crate depends on, in tests too.
fn dependencies(manifest: &Text) -> BTreeSet<&str> {
    let mut all = manifest.names_below("[dependencies]");
    all.extend(manifest.names_below("[dev-dependencies]"));
    all.extend(manifest.names_below("[build-dependencies]"));
    all
}

fn manifests() -> Vec<Text> {
    texts(&["cli", "core", "protocols", "tests"], "toml")
}

/// What the workspace names, without its own crates.
pub(crate) fn foreign() -> BTreeSet<String> {
    let path = PathBuf::from("Cargo.toml");
    let text = fs::read_to_string(root().join(&path)).unwrap();
    let workspace = Text { path, text };
    let names = workspace.names_below("[workspace.dependencies]");
    names.into_iter().filter(|name| !name.starts_with("xssh")).map(str::to_owned).collect()
}

#[test]
fn a_crate_is_named_only_where_it_may_be() {
    let mut complaints = Vec::new();
    for manifest in manifests() {
        let place = manifest.path.parent().unwrap().to_str().unwrap().to_owned();
        for (name, places) in KEPT_TO {
            if dependencies(&manifest).contains(name)
                && !places.iter().any(|allowed| manifest.path.starts_with(allowed))
            {
                complaints.push(format!("{place}: may not depend on {name}"));
            }
        }
        if place.starts_with("core/os") && dependencies(&manifest).iter().any(|name| name.starts_with("xssh")) {
            complaints.push(format!("{place}: is below all others"));
        }
    }
    expect_none(complaints);
}

#[test]
fn every_dependency_is_used() {
    let manifests = manifests();
    let unused =
        foreign().into_iter().filter(|name| !manifests.iter().any(|file| dependencies(file).contains(name.as_str())));
    expect_none(unused.map(|name| format!("{name}: no crate depends on it")));
}
