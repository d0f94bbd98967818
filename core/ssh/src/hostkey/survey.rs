//! What the user's files have of a host and of the keys that it announced: what UpdateHostKeys would change, and whether
//! it may (clientloop.c, client_input_hostkeys).

use std::fs;

use log::{debug, trace};

use super::HostKeyError;
use super::key::Key;
use super::known_hosts::read;
use super::line::{Line, Marker, Read, numbered};
use super::policy::Policy;

/// The host's names, in the order in which a line has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) name: String,
    /// Where CheckHostIP is on.
    pub(super) address: Option<String>,
}

/// Which of the names a line stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) name: bool,
    pub(super) address: bool,
}

impl Match {
    pub(super) fn any(self) -> bool {
        self.name || self.address
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.name |= other.name;
        self.address |= other.address;
    }
}

impl Identity {
    /// `None` for a line whose hashed name is none.
    pub(super) fn in_line(&self, line: &Line<'_>) -> Option<Match> {
        let address = match &self.address {
            Some(address) => line.names.stand_for(address).ok()?,
            None => false,
        };
        Some(Match { name: line.names.stand_for(&self.name).ok()?, address })
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// For each announced key, under which of the host's names it stands.
    pub(super) standing: Vec<Match>,
    /// Keys that stand under the host's name, and that it no longer has.
    pub(super) deprecated: Vec<Key>,
    /// Why nothing may be changed.
    pub(super) obstacle: Option<&'static str>,
}

const COMPLEX: &str = "CA/revocation marker, manual host list or wildcard host pattern found";
const OTHER_NAME: &str = "host key found matching a different name/address";
const NO_FILE: &str = "UserKnownHostsFile is not a regular file";
const SHARED: &str = "deprecated key(s) exist under other names";

impl Survey {
    /// Reads the user's files.
    pub(super) fn new(policy: &Policy, identity: &Identity, announced: &[Key]) -> Result<Self, HostKeyError> {
        let mut survey = Self { standing: vec![Match::default(); announced.len()], ..Self::default() };
        let texts: Vec<Option<Vec<u8>>> =
            policy.user_files.iter().map(|file| read(file)).collect::<Result<_, HostKeyError>>()?;
        let first = policy.user_files.first().and_then(|file| fs::metadata(file).ok());
        if first.is_some_and(|first| !first.is_file()) {
            // It keeps nothing, as /dev/null.
            survey.obstacle = Some(NO_FILE);
        }
        let announced_texts: Vec<String> = announced.iter().map(Key::text).collect();
        for text in texts.iter().flatten() {
            survey.find(text, identity, announced, &announced_texts);
        }
        if !survey.deprecated.is_empty() && survey.obstacle.is_none() {
            let deprecated: Vec<String> = survey.deprecated.iter().map(Key::text).collect();
            let mut texts = texts.iter().flatten();
            if texts.any(|text| is_shared(text, identity, &deprecated)) {
                survey.obstacle = Some(SHARED);
            }
        }
        Ok(survey)
    }

    fn find(&mut self, text: &[u8], identity: &Identity, announced: &[Key], announced_texts: &[String]) {
        for (number, bytes) in numbered(text) {
            let Read::Line(line) = Line::read(bytes) else { continue };
            let Some(found) = identity.in_line(&line) else { continue };
            if !found.any() {
                // As text, so that the keys of other hosts need not be decoded.
                if announced_texts.iter().any(|key| key.as_bytes() == line.key_text) {
                    trace!("found announced key under different name/addr at line {number}");
                    self.obstacle = Some(OTHER_NAME);
                }
                continue;
            }
            let Ok(written) = line.key() else { continue };
            if line.marker != Marker::Plain || line.names.is_complex() || written.certified {
                trace!("complex host specification at line {number}");
                self.obstacle = Some(COMPLEX);
                continue;
            }
            if identity.address.is_some() && line.names.0.contains(&b',') && !(found.name && found.address) {
                trace!("found name or address with another beside it at line {number}");
                self.obstacle.get_or_insert(OTHER_NAME);
                if !found.name {
                    continue;
                }
            }
            let position = announced.iter().position(|key| *key == written.key);
            match position.and_then(|position| self.standing.get_mut(position)) {
                Some(standing) => standing.merge(found),
                None => {
                    trace!("deprecated {} key at line {number}", written.key.name());
                    self.deprecated.push(written.key);
                }
            }
        }
    }

    /// Which of the announced keys stand nowhere.
    pub(super) fn is_new(&self) -> impl Iterator<Item = bool> {
        self.standing.iter().map(|standing| !standing.any())
    }

    /// Whether there is something to do; says in the log why not.
    pub(super) fn is_to_be_done(&self) -> bool {
        if self.deprecated.is_empty() && !self.is_new().any(|new| new) {
            debug!("no new or deprecated keys from server");
            return false;
        }
        if let Some(obstacle) = self.obstacle {
            debug!("{obstacle}, skipping UserKnownHostsFile update");
            return false;
        }
        true
    }
}

/// Whether a line that is not the host's has one of the keys.
fn is_shared(text: &[u8], identity: &Identity, keys: &[String]) -> bool {
    numbered(text).any(|(_, bytes)| {
        let Read::Line(line) = Line::read(bytes) else {
            return false;
        };
        let has_one = keys.iter().any(|key| key.as_bytes() == line.key_text);
        has_one && identity.in_line(&line).is_some_and(|found| !found.any())
    })
}
