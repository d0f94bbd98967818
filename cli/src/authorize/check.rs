//! `--check`: what each line lets its key do, and what is wrong with it, as far as the account that asks can tell.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use xssh_gate::line::{Finding, Weight, judge};

use super::given::Given;
use super::{FAILED, file, owner, shown, why_never};
use crate::help;
use crate::serve::fitness::faults;
use crate::serve::grants::Tables;
use crate::serve::own::{Files, Own};
use crate::serve::terms::expired;

/// Explains every line, and what is wrong with it.
pub(super) fn check(file: &Path) -> Result<u8, String> {
    let (lines, mut findings) = judge(&file::read(file)?);
    let mut tables = Tables::default();
    let lines: Vec<(usize, Given<'_>)> = lines.iter().map(|(at, line)| (*at, Given::by(line, &mut tables))).collect();
    let explained = |line: &Given<'_>| format!("{}: {}", line.title(), line.explained());
    let mut told: Vec<(usize, String)> = lines.iter().map(|(at, line)| (*at, explained(line))).collect();
    let files = files(file, lines.iter().map(|(_, line)| line));
    for (at, line) in &lines {
        findings.extend(about(line, &files).into_iter().map(|(weight, words)| Finding { line: *at, weight, words }));
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

/// What no tree of any line may hold: what one key may write says what another may do.
fn files<'a>(file: &Path, lines: impl Iterator<Item = &'a Given<'a>>) -> Files {
    let mut files = Files::of_account();
    files.add(Own::Grants, file);
    for line in lines {
        let program = line.line.served().map(|(program, _)| PathBuf::from(OsString::from_vec(program)));
        if let Some(program) = program.filter(|program| program.is_absolute()) {
            files.add(Own::Program, &program);
        }
        if let Some(serve) = line.known() {
            files = files.with(serve);
        }
    }
    files
}

/// What is wrong with what a line of ours grants.
fn about(Given { line, found: granted, .. }: &Given<'_>, files: &Files) -> Vec<(Weight, String)> {
    let mut found = Vec::new();
    if line.terms().is_ok_and(|terms| expired(&terms)) {
        found.push((Weight::Wrong, "it has expired".to_owned()));
    }
    found.extend(why_never(&line.key).map(|why| (Weight::Wrong, why.to_owned())));
    let Some((program, _)) = line.served() else { return found };
    let program = PathBuf::from(String::from_utf8_lossy(&program).into_owned());
    if !program.is_absolute() {
        found.push((Weight::Loose, format!("{} is looked for in PATH: name it from / on", program.display())));
    } else if !program.is_file() {
        found.push((Weight::Wrong, format!("there is no {}", program.display())));
    }
    match granted {
        Some(Ok(serve)) => found.extend(faults(serve, files)),
        Some(Err(why)) => found.push((Weight::Wrong, why.clone())),
        None => {}
    }
    found
}
