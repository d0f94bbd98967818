//! Variables that go with a session.

use log::trace;

use super::super::error::Fault;
use super::super::keyword::Keyword;
use super::super::pattern;
use super::super::reader::Reader;
use super::super::values::Value;
use super::Line;

/// Names and patterns accumulate; one that begins with `-` takes earlier ones away.
pub(super) fn send(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    for argument in line.arguments.by_ref() {
        if argument.is_empty() || argument.contains('=') {
            return Err(Fault::Phrase("Invalid environment name."));
        }
        if !line.active {
            continue;
        }
        match argument.strip_prefix('-') {
            Some(pattern) => reader.values.send_env.retain(|name| !pattern::matches(name, pattern)),
            None => reader.values.send_env.push(argument),
        }
    }
    Ok(())
}

/// All of the first line that sets any; within it, the first value of a name.
pub(super) fn set(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let mut assignments: Vec<String> = Vec::new();
    for argument in line.arguments.by_ref() {
        let (name, _) = argument.split_once('=').ok_or(Fault::Phrase("Invalid SetEnv."))?;
        let again = assignments.iter().any(|known| known.split_once('=').is_some_and(|(known, _)| known == name));
        if again {
            trace!("{} line {}: ignoring duplicate env name \"{name}\"", line.source.file, line.source.line);
        } else {
            assignments.push(argument);
        }
    }
    if !assignments.is_empty() {
        reader.set(line, Keyword::SetEnv, Value::List(assignments));
    }
    Ok(())
}
