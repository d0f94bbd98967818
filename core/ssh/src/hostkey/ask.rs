//! The questions about a host.

use std::path::Path;

use log::{debug, error};

use super::HostKeyError;
use super::known_hosts::{files, read};
use super::line::{Line, Marker, Read, numbered};
use super::randomart;
use super::subject::Subject;
use crate::limits;
use crate::prompt::Prompt;
use crate::terminal::visible::visible;

/// How many names the question lists (sshconnect.c, MAX_OTHER_NAMES).
const NAMES_SHOWN: usize = 8;

/// Asks for yes or no until one is given, or the fingerprint, which is a yes too. `None`: nobody answers.
pub(super) fn yes_or_no(prompt: &dyn Prompt, question: &str, fingerprint: Option<&str>) -> Option<bool> {
    let mut answer = prompt.line(question)?;
    let again = match fingerprint {
        Some(_) => "Please type 'yes', 'no' or the fingerprint: ",
        None => "Please type 'yes' or 'no': ",
    };
    for _ in 0..limits::QUESTIONS {
        let word = answer.trim_start_matches([' ', '\t']);
        let word = word.split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
        if word.is_empty() || word.eq_ignore_ascii_case("no") {
            return Some(false);
        }
        if word.eq_ignore_ascii_case("yes") || Some(word) == fingerprint {
            return Some(true);
        }
        answer = prompt.line(again)?;
    }
    None
}

/// Asks whether to go on with a key that is not known. It blocks.
pub(super) fn about_unknown(subject: &Subject<'_>, prompt: &dyn Prompt) -> Result<bool, HostKeyError> {
    let fingerprint = subject.fingerprint();
    let answer = yes_or_no(prompt, &question(subject, &fingerprint)?, Some(&fingerprint));
    if answer.is_none() {
        error!(
            "No {} host key is known for {} and nobody answers whether {fingerprint} is it.",
            subject.word(),
            subject.name()
        );
    }
    Ok(answer.unwrap_or(false))
}

fn question(subject: &Subject<'_>, fingerprint: &str) -> Result<String, HostKeyError> {
    let mut text = format!(
        "The authenticity of host '{} ({})' can't be established.\n{} key fingerprint is {fingerprint}.\n",
        visible(subject.name().as_bytes()),
        subject.host.address_shown(),
        subject.word()
    );
    if subject.policy.visual {
        text.push_str(&randomart::draw(&subject.presented.key, false, subject.policy.fingerprint_hash));
        text.push('\n');
    }
    let names = other_names(subject)?;
    if names.is_empty() {
        text.push_str("This key is not known by any other names.\n");
    } else {
        text.push_str("This host key is known by the following other names/addresses:\n");
    }
    for name in names.iter().take(NAMES_SHOWN) {
        text.push_str(&format!("    {name}\n"));
    }
    if let Some(omitted) = names.len().checked_sub(NAMES_SHOWN).filter(|omitted| *omitted > 0) {
        text.push_str(&format!("    ({omitted} additional names omitted)\n"));
    }
    text.push_str("Are you sure you want to continue connecting (yes/no/[fingerprint])? ");
    Ok(text)
}

/// Other names under which the key is written down, each with its place.
fn other_names(subject: &Subject<'_>) -> Result<Vec<String>, HostKeyError> {
    let (name, key) = (subject.name(), subject.presented.key.text());
    let mut found = Vec::new();
    for (file, _) in files(subject.policy) {
        let Some(text) = read(file)? else { continue };
        let shown = from_home(file, subject.policy.home.as_deref());
        for (number, bytes) in numbered(&text) {
            let Read::Line(line) = Line::read(bytes) else { continue };
            // Keys are compared as text, which is canonical, so that few lines have to be hashed.
            let same = line.marker == Marker::Plain && line.key_text == key.as_bytes() && line.key().is_ok();
            if !same || line.names.stand_for(&name) == Ok(true) {
                continue;
            }
            debug!("found matching key in {shown}:{number}");
            let names = if line.names.is_hashed() { "[hashed name]".to_owned() } else { visible(line.names.0) };
            found.push(format!("{shown}:{number}: {names}"));
        }
    }
    Ok(found)
}

/// A path with `~/` in the home's place.
fn from_home(file: &Path, home: Option<&Path>) -> String {
    match home.and_then(|home| file.strip_prefix(home).ok()) {
        Some(rest) => format!("~/{}", rest.display()),
        None => file.display().to_string(),
    }
}
