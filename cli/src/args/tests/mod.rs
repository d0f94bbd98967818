//! The command line as its callers write it, letter by letter, and its shape.

mod callers;
mod letters;
mod shape;

use std::ffi::OsString;

use super::{Action, Fault, Invocation, parse};

fn words(line: &[&str]) -> Vec<OsString> {
    line.iter().map(OsString::from).collect()
}

fn read(line: &[&str]) -> Result<Action, Fault> {
    parse("xssh", &words(line))
}

/// What a line that calls a host says.
fn call(line: &[&str]) -> Invocation {
    match read(line) {
        Ok(Action::RemoteShell(invocation)) => *invocation,
        other => panic!("{line:?}: {other:?}"),
    }
}

/// Why a line is none.
fn fault(line: &[&str]) -> Fault {
    match read(line) {
        Err(fault) => fault,
        Ok(action) => panic!("{line:?}: {action:?}"),
    }
}

/// The remote command as text.
fn command(invocation: &Invocation) -> Option<&str> {
    invocation.command.as_deref().map(|bytes| std::str::from_utf8(bytes).unwrap())
}

/// All lines of configuration in the order in which they count; the destination's own user and port are left out.
fn lines(invocation: &Invocation) -> Vec<&str> {
    let given = &invocation.command_line;
    let all = [&given.overrides, &given.options, &given.options_after];
    all.into_iter().flatten().map(String::as_str).collect()
}
