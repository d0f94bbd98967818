//! Keys, certificates, and the agent.

use super::super::choice;
use super::super::context::LocalContext;
use super::super::error::Fault;
use super::super::keyword::Keyword;
use super::super::measure;
use super::super::reader::Reader;
use super::super::tokens::{Facts, Scope, Tokens};
use super::super::values::{NamedFile, Value};
use super::Line;
use crate::settings::Template;

/// As many as OpenSSH takes (ssh.h, SSH_MAX_IDENTITY_FILES and SSH_MAX_CERTIFICATE_FILES).
const MOST_FILES: usize = 100;
const MISSING: &str = "Missing argument.";

pub(super) fn file(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let named = NamedFile { path: line.required(MISSING)?, by_user: line.source.by_user };
    let complaint = "Too many identity files specified (max 100).";
    if line.active { add(&mut reader.values.identity_files, named, complaint) } else { Ok(()) }
}

pub(super) fn certificate_file(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let named = NamedFile { path: line.required(MISSING)?, by_user: line.source.by_user };
    let complaint = "Too many certificate files specified (max 100).";
    if line.active { add(&mut reader.values.certificate_files, named, complaint) } else { Ok(()) }
}

fn add(files: &mut Vec<NamedFile>, file: NamedFile, complaint: &'static str) -> Result<(), Fault> {
    if files.len() >= MOST_FILES {
        return Err(Fault::Phrase(complaint));
    }
    if !files.contains(&file) {
        files.push(file);
    }
    Ok(())
}

pub(super) fn agent(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let path = line.required(MISSING)?;
    check_path(&path, reader.context)?;
    reader.set(line, Keyword::IdentityAgent, Value::Text(path));
    Ok(())
}

/// A path says yes, and names the socket apart: an earlier `yes` lets a later line name it.
pub(super) fn forward_agent(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let argument = line.required("missing argument.")?;
    if let Some(word) = choice::choose(choice::FLAG, &argument) {
        reader.set(line, Keyword::ForwardAgent, Value::Word(word));
        return Ok(());
    }
    check_path(&argument, reader.context)?;
    reader.set(line, Keyword::ForwardAgent, Value::Word("yes"));
    reader.set(line, Keyword::ForwardAgentPath, Value::Text(argument));
    Ok(())
}

/// The variables of an agent's path must be there already when it is read.
fn check_path(path: &str, context: &LocalContext) -> Result<(), Fault> {
    let variables = Tokens::from_facts(Facts::default(), context);
    if variables.expand(&Template(path.to_owned()), Scope::VARIABLES).is_err() {
        return Err(Fault::value("Invalid environment expansion ", path, "."));
    }
    if let Some(name) = path.strip_prefix('$').filter(|name| !name.starts_with('{'))
        && (name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
    {
        return Err(Fault::value("Invalid environment name ", path, "."));
    }
    Ok(())
}

/// `yes`, `no`, `ask`, `confirm` with an optional lifetime, or a lifetime alone.
pub(super) fn add_keys(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    const UNSUPPORTED: Fault = Fault::Phrase("unsupported option");
    let argument = line.required("missing argument.")?;
    let second = line.arguments.next();
    let (word, lifetime) = match (choice::choose(choice::ADD_KEYS, &argument), second) {
        (Some("confirm"), Some(time)) => {
            ("confirm", measure::seconds(&time).ok_or(Fault::Phrase("invalid time value."))?)
        }
        (Some(word), None) => (word, 0),
        (None, None) => ("true", measure::seconds(&argument).ok_or(UNSUPPORTED)?),
        (_, Some(_)) => return Err(UNSUPPORTED),
    };
    if line.active && !reader.values.has(Keyword::AddKeysToAgent) {
        reader.values.put(Keyword::AddKeysToAgent, Value::Word(word));
        reader.values.put(Keyword::AddKeysLifetime, Value::Number(lifetime));
    }
    Ok(())
}
