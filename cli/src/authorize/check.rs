//! `--check`: what each line lets its key do, and what is wrong with it, as far as the account that asks can tell.

use std::path::{Path, PathBuf};

use xssh_cvs::Login;
use xssh_gate::line::{Finding, Line, Weight, judge};
use xssh_gate::{Grant, Name, Repositories};

use super::{FAILED, explained, file, grant, looked_up, owner, shown, title};
use crate::help;
use crate::serve::own::{self, Own};
use crate::serve::terms::expired;
use crate::serve::try_log;

/// Explains every line, and what is wrong with it.
pub(super) fn check(file: &Path) -> Result<u8, String> {
    let (lines, mut findings) = judge(&file::read(file)?);
    let mut told: Vec<(usize, String)> =
        lines.iter().map(|(at, line)| (*at, format!("{}: {}", title(line), explained(line)))).collect();
    for (at, line) in &lines {
        findings.extend(about(line).into_iter().map(|(weight, words)| Finding { line: *at, weight, words }));
    }
    let is_wrong = !findings.is_empty();
    told.extend(findings.into_iter().map(|finding| {
        let weight = if finding.weight == Weight::Wrong { "WRONG" } else { "loose" };
        (finding.line, format!("  {weight}: {}", finding.words))
    }));
    told.sort_by_key(|(at, _)| *at);
    let mut text: String = told.into_iter().map(|(at, words)| format!("{}:{at}: {words}\n", file.display())).collect();
    let modes = owner::modes(file);
    if let Some(finding) = &modes {
        text.push_str(&format!("{}:   WRONG: {finding}\n", file.display()));
    }
    let code = if is_wrong || modes.is_some() { FAILED } else { 0 };
    Ok(help::stdout(&shown(&text)).max(code))
}

/// What is wrong with what a line of ours grants.
fn about(line: &Line) -> Vec<(Weight, String)> {
    let mut found = Vec::new();
    if line.terms().is_ok_and(|terms| expired(&terms)) {
        found.push((Weight::Wrong, "it has expired".to_owned()));
    }
    let Some((program, _)) = line.served() else { return found };
    let program = PathBuf::from(String::from_utf8_lossy(&program).into_owned());
    if !program.is_absolute() {
        found.push((Weight::Loose, format!("{} is looked for in PATH: name it from / on", program.display())));
    } else if !program.is_file() {
        found.push((Weight::Wrong, format!("there is no {}", program.display())));
    }
    match grant(line).map(|said| said.and_then(|serve| looked_up(&serve))) {
        Some(Ok(serve)) => {
            found.extend(serve.log.as_ref().and_then(|log| try_log(log).err()).map(|why| (Weight::Wrong, why)));
            found.extend(serve.grant.tree.iter().flat_map(|tree| about_root(&tree.root, tree.access.writes())));
            found.extend(serve.grant.repositories.iter().flat_map(|all| about_repositories(all, &serve.grant)));
        }
        Some(Err(why)) => found.push((Weight::Wrong, why)),
        None => {}
    }
    found
}

/// What is wrong with a directory that is served.
fn about_root(root: &Path, may_write: bool) -> Vec<(Weight, String)> {
    let is_missing = !root.is_dir();
    let missing = is_missing.then(|| (Weight::Wrong, format!("{} is not there, or no directory", root.display())));
    let own = match own::held_by(root) {
        Some(held) if may_write => Some((Weight::Wrong, held.words().to_owned())),
        Some(Own::Keys) => Some((Weight::Loose, Own::Keys.words().to_owned())),
        Some(Own::Home) => Some((Weight::Loose, "its keys and everything else of the account may be read".to_owned())),
        None => None,
    };
    missing.into_iter().chain(own).collect()
}

/// What is wrong with repositories, and with the name under which they would be changed.
fn about_repositories(repositories: &Repositories, grant: &Grant) -> Vec<(Weight, String)> {
    let may_write = !repositories.is_read_only;
    let mut found: Vec<(Weight, String)> = Vec::new();
    for root in &repositories.roots {
        found.extend(about_root(root, may_write));
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
