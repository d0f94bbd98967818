//! The first words after the opening: what is to be done, and what the helper is ready with, or why not.
//!
//! Two adjacent releases understand each other because these messages only ever grow at their ends. What a `Start` grows by
//! belongs to a switch of its options, and a helper that does not know a switch refuses; so a client is understood as long as
//! nothing new is asked for. What a reader does not know behind what it knows, it passes over.

use std::fmt;
use std::io::{self, Read, Write};

use xssh_filter::Rules;

use super::WireError;
use super::above::{put_above, take_above};
use super::bytes::{Put, Take};
use super::entry::Before;
use super::frame;
use super::opening::{self, Opening, Speaker};
use super::options::{put_options, take_options};
use crate::above::GitAbove;
use crate::limits::{FRAME, TEXT};
use crate::options::Options;
use crate::owners::Rights;
use crate::selection::Selection;

const START: u8 = 64;
const READY: u8 = 65;
const REFUSED: u8 = 66;

/// Which end of the line the helper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It has the tree that is copied.
    Source,
    /// It has the tree that is changed.
    Target,
}

/// What the client asks of the helper.
#[derive(Clone, PartialEq, Eq)]
pub struct Start {
    /// What the helper is to be.
    pub role: Role,
    /// The tree, as the user wrote it: bytes of a path on the helper's side. Several for a source only.
    pub paths: Vec<Vec<u8>>,
    /// For a target: the names that it will get below the path; none where the path itself becomes like the source.
    pub names: Vec<Vec<u8>>,
    /// For a target: what the source directory is called, where it is to refuse if it holds a directory of that name, because
    /// somebody may have meant to copy into that.
    pub own_name: Option<Vec<u8>>,
    /// Where not the whole tree is meant.
    pub selection: Option<Selection>,
    /// What both are to do.
    pub options: Options,
    /// Which names take part.
    pub rules: Rules,
    /// The key of the page digests, chosen anew for each run.
    pub key: [u8; 32],
    /// The client is the target, and has nothing there at all.
    pub vacant: bool,
    /// A source may tell the client what git's rules say from outside of it.
    pub hears_above: bool,
    /// After so many seconds without a word the client gives the line up; 0 where it never does.
    pub patience: u32,
}

impl Start {
    /// The whole of a place that is still to be named, without options and rules.
    pub fn new(role: Role, key: [u8; 32]) -> Self {
        Self {
            role,
            paths: Vec::new(),
            names: Vec::new(),
            own_name: None,
            selection: None,
            options: Options::default(),
            rules: Rules::default(),
            key,
            vacant: false,
            hears_above: true,
            patience: 0,
        }
    }
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { role, paths, names, own_name, selection, options, rules, vacant, patience, hears_above: _, key: _ } =
            self;
        let mut shown = f.debug_struct("Start");
        shown.field("role", role).field("paths", paths).field("names", names).field("own_name", own_name);
        shown.field("selection", selection).field("options", options).field("rules", rules).field("vacant", vacant);
        shown.field("patience", patience);
        shown.finish_non_exhaustive()
    }
}

/// What a helper is ready with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Ready {
    /// Of a source.
    pub(crate) shown: Shown,
    /// What a target may set.
    pub(crate) rights: Rights,
    /// Of a target: it has nothing at all.
    pub(crate) vacant: bool,
}

/// How a source shows what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// The names under which it does; none where that is one directory's content.
    pub names: Vec<Vec<u8>>,
    /// What that directory is called, where somebody who named it may have meant to copy it under its name: it holds nothing
    /// of that name itself.
    pub own_name: Option<Vec<u8>>,
    /// What git's rules say of it from outside.
    pub git_above: Option<GitAbove>,
}

/// Why a helper refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of reason it is.
    pub reason: Reason,
    /// Its words, for the user.
    pub words: String,
}

/// Reasons that the user's side treats in a way of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Any other.
    Other,
    /// Another run is changing the target.
    Held,
    /// The target holds a directory that is called like the source.
    OwnName,
    /// Something is asked for that only newer releases know.
    Newer,
}

impl Reason {
    const ALL: [Self; 4] = [Self::Other, Self::Held, Self::OwnName, Self::Newer];

    fn number(self) -> u8 {
        Self::ALL.iter().position(|reason| *reason == self).unwrap_or_default() as u8
    }

    /// A reason that a newer release knows is any other one.
    fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Other)
    }
}

impl From<String> for Refusal {
    fn from(words: String) -> Self {
        Self { reason: Reason::Other, words }
    }
}

/// What the other side said first.
#[derive(Debug)]
pub(crate) enum Greeting<T> {
    /// What was expected.
    Here(T),
    /// It refuses.
    Refused(Refusal),
    /// Something that is none of ours: the first of what it said, which may be nothing.
    Chatter(Vec<u8>),
    /// It speaks no version of the protocol that we do.
    Foreign(Speaker),
    /// It asks for what only newer releases know.
    Newer(Speaker),
}

/// `rights` are the client's, which count where it is the target.
pub(crate) fn write_start(output: &mut impl Write, start: &Start, rights: &Rights) -> io::Result<()> {
    let mut put = Put::default();
    put.byte(matches!(start.role, Role::Target).into());
    put.raw(&start.key);
    let mut options = Put::default();
    put_options(&start.options, &mut options);
    put.string(&options.0);
    put.string(&start.rules.to_bytes());
    put_strings(&start.paths, &mut put);
    put_strings(&start.names, &mut put);
    put.string(start.own_name.as_deref().unwrap_or_default());
    put_selection(start.selection.as_ref(), &mut put);
    put_rights(rights, &mut put);
    put.byte(start.vacant.into());
    put.byte(start.hears_above.into());
    put.number(start.patience.into());
    frame::write(output, START, &put.0, None)?;
    output.flush()
}

pub(crate) fn write_ready(output: &mut impl Write, ready: &Ready) -> io::Result<()> {
    let mut put = Put::default();
    put_strings(&ready.shown.names, &mut put);
    put_rights(&ready.rights, &mut put);
    put.string(ready.shown.own_name.as_deref().unwrap_or_default());
    put.byte(ready.vacant.into());
    if let Some(above) = &ready.shown.git_above {
        put.byte(1);
        put_above(above, &mut put);
    }
    frame::write(output, READY, &put.0, None)?;
    output.flush()
}

pub(crate) fn write_refusal(output: &mut impl Write, refusal: &Refusal) -> io::Result<()> {
    let mut put = Put::default();
    put.byte(refusal.reason.number());
    put.raw(&refusal.words.as_bytes()[..refusal.words.len().min(TEXT)]);
    frame::write(output, REFUSED, &put.0, None)?;
    output.flush()
}

pub(crate) fn read_start(input: &mut impl Read) -> Result<Greeting<(Start, Rights)>, WireError> {
    greeting(input, |theirs, kind, take| {
        if kind != START {
            return Err(WireError::Kind(kind));
        }
        let role = if take.byte()? == 1 { Role::Target } else { Role::Source };
        let key = take.array()?;
        let Some(options) = take_options(&mut Take::new(take.string(FRAME)?))? else {
            return Ok(Greeting::Newer(theirs));
        };
        let rules = Rules::from_bytes(&take.string(FRAME)?).map_err(|_| WireError::Value("rule"))?;
        let (paths, names) = (take_strings(take)?, take_strings(take)?);
        let own_name = take_name(take)?;
        let selection = take_selection(take)?;
        let rights = take_rights(take)?;
        let (vacant, hears_above) = (take_flag(take)?, take_flag(take)?);
        let patience = if take.is_empty() { 0 } else { take.number32()? };
        let start =
            Start { role, paths, names, own_name, selection, options, rules, key, vacant, hears_above, patience };
        Ok(Greeting::Here((start, rights)))
    })
}

pub(crate) fn read_ready(input: &mut impl Read) -> Result<Greeting<Ready>, WireError> {
    greeting(input, |_, kind, take| match kind {
        READY => {
            let (names, rights) = (take_strings(take)?, take_rights(take)?);
            let (own_name, vacant) = (take_name(take)?, take_flag(take)?);
            let git_above = if take_flag(take)? { Some(take_above(take)?) } else { None };
            Ok(Greeting::Here(Ready { shown: Shown { names, own_name, git_above }, rights, vacant }))
        }
        REFUSED => {
            let reason = Reason::from_number(take.byte()?);
            Ok(Greeting::Refused(Refusal { reason, words: String::from_utf8_lossy(&take.rest()).into_owned() }))
        }
        unknown => Err(WireError::Kind(unknown)),
    })
}

fn greeting<T>(
    input: &mut impl Read,
    message: impl FnOnce(Speaker, u8, &mut Take) -> Result<Greeting<T>, WireError>,
) -> Result<Greeting<T>, WireError> {
    let theirs = match opening::read(input)? {
        Opening::Understood(theirs) => theirs,
        Opening::Foreign(theirs) => return Ok(Greeting::Foreign(theirs)),
        Opening::Chatter(said) => return Ok(Greeting::Chatter(said)),
    };
    let (frame, _) = frame::read(input)?.ok_or(WireError::Truncated)?;
    message(theirs, frame.kind, &mut Take::new(frame.payload))
}

fn take_name(take: &mut Take) -> Result<Option<Vec<u8>>, WireError> {
    Ok(Some(take.string(TEXT)?.to_vec()).filter(|name| !name.is_empty()))
}

/// A side that says nothing of it is not, or does not.
fn take_flag(take: &mut Take) -> Result<bool, WireError> {
    Ok(!take.is_empty() && take.byte()? == 1)
}

pub(super) fn put_strings(strings: &[Vec<u8>], put: &mut Put) {
    put.number(strings.len() as u64);
    strings.iter().for_each(|string| put.string(string));
}

pub(super) fn take_strings(take: &mut Take) -> Result<Vec<Vec<u8>>, WireError> {
    let count = take.number()?;
    let mut strings = Vec::new();
    for _ in 0..count {
        strings.push(take.string(TEXT)?.to_vec());
    }
    Ok(strings)
}

fn put_selection(selection: Option<&Selection>, put: &mut Put) {
    let Some(selection) = selection else { return put.byte(0) };
    put.byte(if selection.is_recursive() { 2 } else { 1 });
    put.number(selection.paths().len() as u64);
    let mut before = Before::default();
    selection.paths().iter().for_each(|path| before.put(path, put));
}

fn take_selection(take: &mut Take) -> Result<Option<Selection>, WireError> {
    let recursive = match take.byte()? {
        0 => return Ok(None),
        1 => false,
        2 => true,
        _ => return Err(WireError::Value("selection")),
    };
    let mut before = Before::default();
    let mut paths = Vec::new();
    for _ in 0..take.number()? {
        paths.push(before.take(take)?);
    }
    Ok(Some(Selection::new(paths, recursive)))
}

fn put_rights(rights: &Rights, put: &mut Put) {
    put.byte(match (rights.root, rights.owners) {
        (true, _) => 1,
        (false, owners) => u8::from(owners) * 2,
    });
    put_strings(&rights.groups, put);
}

fn take_rights(take: &mut Take) -> Result<Rights, WireError> {
    let byte = take.byte()?;
    Ok(Rights { root: byte == 1, owners: matches!(byte, 1 | 2), groups: take_strings(take)? })
}

#[cfg(test)]
mod tests {
    use xssh_fs::RelPath;

    use super::*;
    use crate::chmod::Chmod;
    use crate::options::{Backup, BackupPlace, References, Reuse};

    #[test]
    fn what_a_client_asks_for_arrives() {
        let options = Options {
            delete: true,
            max_delete: Some(7),
            compress: Some(true),
            fsync: true,
            inplace: true,
            max_size: Some(0),
            compress_level: Some(-3),
            chmod: Some(Chmod::parse("go-w").unwrap()),
            backup: Some(Backup { suffix: b"~".to_vec(), place: BackupPlace::Outside(b"../old".to_vec()) }),
            mapping: Some(crate::mapping::Mapping::parse("a:b", "*:7").unwrap()),
            git_above: Some(above()),
            references: Some(References { reuse: Reuse::Leave, directories: vec![b"../prev".to_vec()] }),
            ..Options::default()
        };
        let mut rules = xssh_filter::Builder::new(xssh_filter::Options::default());
        rules.exclude(b"*.o").unwrap();
        let rules = rules.finish();
        let start = Start {
            role: Role::Target,
            paths: vec![b"/a b/\xff".to_vec()],
            names: vec![b"n".to_vec()],
            own_name: Some(b"x".to_vec()),
            selection: Some(Selection::new(vec![RelPath::parse(b"a/b").unwrap()], true)),
            rules,
            options,
            key: [3; 32],
            vacant: true,
            hears_above: true,
            patience: 300,
        };
        let rights = Rights { root: false, owners: true, groups: vec![b"staff".to_vec()] };
        match read_start(&mut said(&start, &rights).as_slice()).unwrap() {
            Greeting::Here(read) => assert_eq!(read, (start, rights)),
            other => panic!("{other:?}"),
        }
    }

    fn above() -> GitAbove {
        let within = RelPath::parse(b"a/b").unwrap();
        let (gitignores, info_exclude) = (vec![b"*.o".to_vec(), Vec::new()], b"x".to_vec());
        GitAbove { within, gitignores, info_exclude, ..GitAbove::none() }
    }

    fn said(start: &Start, rights: &Rights) -> Vec<u8> {
        let mut line = Vec::new();
        opening::write(&mut line).unwrap();
        write_start(&mut line, start, rights).unwrap();
        line
    }

    #[test]
    fn what_a_helper_says_arrives() {
        let shown = Shown { names: vec![b"a".to_vec()], own_name: Some(b"photos".to_vec()), git_above: Some(above()) };
        let ready = Ready { shown, rights: Rights { root: true, owners: true, groups: Vec::new() }, vacant: true };
        let mut line = Vec::new();
        opening::write(&mut line).unwrap();
        write_ready(&mut line, &ready).unwrap();
        assert!(matches!(read_ready(&mut line.as_slice()).unwrap(), Greeting::Here(read) if read == ready));
    }

    #[test]
    fn a_refusal_arrives_in_its_own_words() {
        let refusal = Refusal { reason: Reason::Held, words: "no such directory".to_owned() };
        let mut line = Vec::new();
        opening::write(&mut line).unwrap();
        write_refusal(&mut line, &refusal).unwrap();
        assert!(matches!(read_ready(&mut line.as_slice()).unwrap(), Greeting::Refused(read) if read == refusal));
    }

    /// The first words of another release: what this one says, changed in the payload.
    fn of_another_release(start: &Start, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut line = said(start, &Rights::default());
        let mut opened = Vec::new();
        opening::write(&mut opened).unwrap();
        let (mut frame, _) =
            frame::read(&mut &line[opened.len()..]).unwrap().map(|(f, n)| (f.payload.to_vec(), n)).unwrap();
        change(&mut frame);
        line.truncate(opened.len());
        frame::write(&mut line, START, &frame, None).unwrap();
        line
    }

    #[test]
    fn what_a_newer_release_adds_behind_is_passed_over() {
        let start = Start::new(Role::Source, [1; 32]);
        let line = of_another_release(&start, |payload| payload.extend_from_slice(b"an announcement"));
        assert!(matches!(read_start(&mut line.as_slice()).unwrap(), Greeting::Here((read, _)) if read == start));
    }

    #[test]
    fn a_switch_of_a_newer_release_is_refused_by_its_name() {
        let start = Start::new(Role::Source, [1; 32]);
        let line = of_another_release(&start, |payload| {
            // Behind role and key: the length of the options, and the switches, here as a number of one byte more.
            let options = 33;
            let mut rest = payload.split_off(options + 1);
            let length = payload.pop().unwrap();
            let end = rest.iter().position(|byte| byte & 0x80 == 0).unwrap();
            rest[end] |= 0x80;
            rest.splice(end + 1..end + 1, [0x80, 0x80, 0x01]);
            payload.push(length + 3);
            payload.extend(rest);
        });
        assert!(
            matches!(read_start(&mut line.as_slice()).unwrap(), Greeting::Newer(theirs) if theirs == Speaker::here())
        );
    }
}
