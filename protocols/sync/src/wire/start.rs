//! The first words: each side says what it is, and the client what is to be done.
//!
//! A magic number opens each direction, so that words of a login script are recognised as what they are.

use std::io::{self, Read, Write};

use xssh_filter::Rules;
use xssh_fs::RelPath;

use super::WireError;
use super::bytes::{Put, Take};
use super::entry::{Before, put_path, take_path};
use super::frame;
use crate::chmod::Chmod;
use crate::limits::{FRAME, TEXT};
use crate::options::{Backup, Options};
use crate::owners::Rights;
use crate::selection::Selection;

/// Opens each direction.
pub(crate) const MAGIC: &[u8; 8] = b"xssh\x00syn";
/// The protocol's version. Each side takes its own and the one before it.
pub(crate) const VERSION: u32 = 1;
/// How much of a chatty login script is kept, to be shown.
const CHATTER: usize = 1024;

/// The longest suffix of a backup (NAME_MAX).
const SUFFIX: usize = 255;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// What the helper is to be.
    pub role: Role,
    /// The tree, as the user wrote it: bytes of a path on the helper's side. Several for a source only.
    pub paths: Vec<Vec<u8>>,
    /// For a target: the names that it will get below the path; none where the path itself becomes like the source.
    pub names: Vec<Vec<u8>>,
    /// What the source directory is called, where the target is to refuse if it holds a directory of that name: then somebody may
    /// have meant to copy into that.
    pub own_name: Option<Vec<u8>>,
    /// Where not the whole tree is meant.
    pub selection: Option<Selection>,
    /// What both are to do.
    pub options: Options,
    /// Which names take part.
    pub rules: Rules,
    /// The key of the page digests, chosen anew for each run.
    pub key: [u8; 32],
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
        }
    }
}

/// What a helper is ready with: the names under which a source shows what it was asked for, and what a target may set.
pub(crate) type Ready = (Vec<Vec<u8>>, Rights);

/// What the other side said first.
#[derive(Debug)]
pub(crate) enum Greeting<T> {
    /// What was expected.
    Here(T),
    /// It refuses, in its own words.
    Refused(String),
    /// Something that is none of ours: the first of what it said.
    Chatter(Vec<u8>),
    /// It speaks another version of the protocol.
    Version(u32),
}

/// Opens our direction.
pub(crate) fn open(output: &mut impl Write) -> io::Result<()> {
    output.write_all(MAGIC)?;
    output.write_all(&VERSION.to_le_bytes())
}

/// `rights` are the client's, which count where it is the target.
pub(crate) fn write_start(output: &mut impl Write, start: &Start, rights: &Rights) -> io::Result<()> {
    let mut put = Put::default();
    put.byte(matches!(start.role, Role::Target).into());
    put.raw(&start.key);
    put_options(&start.options, &mut put);
    put.string(&start.rules.to_bytes());
    put_strings(&start.paths, &mut put);
    put_strings(&start.names, &mut put);
    put.string(start.own_name.as_deref().unwrap_or_default());
    put_selection(start.selection.as_ref(), &mut put);
    put_rights(rights, &mut put);
    frame::write(output, START, &put.0, None)?;
    output.flush()
}

/// Says that we are ready, under which names a source shows what it was asked for, and what a target may set; or why not.
pub(crate) fn write_ready(output: &mut impl Write, answer: Result<(&[Vec<u8>], &Rights), &str>) -> io::Result<()> {
    match answer {
        Ok((names, rights)) => {
            let mut put = Put::default();
            put_strings(names, &mut put);
            put_rights(rights, &mut put);
            frame::write(output, READY, &put.0, None)?
        }
        Err(why) => frame::write(output, REFUSED, &why.as_bytes()[..why.len().min(TEXT)], None)?,
    };
    output.flush()
}

pub(crate) fn read_start(input: &mut impl Read) -> Result<Greeting<(Start, Rights)>, WireError> {
    greeting(input, |kind, take| {
        if kind != START {
            return Err(WireError::Kind(kind));
        }
        let role = if take.byte()? == 1 { Role::Target } else { Role::Source };
        let key = take.array()?;
        let options = take_options(take)?;
        let rules = Rules::from_bytes(&take.string(FRAME)?).map_err(|_| WireError::Value("rule"))?;
        let (paths, names) = (take_strings(take)?, take_strings(take)?);
        let own_name = Some(take.string(TEXT)?.to_vec()).filter(|name| !name.is_empty());
        let selection = take_selection(take)?;
        let rights = take_rights(take)?;
        Ok(Greeting::Here((Start { role, paths, names, own_name, selection, options, rules, key }, rights)))
    })
}

pub(crate) fn read_ready(input: &mut impl Read) -> Result<Greeting<Ready>, WireError> {
    greeting(input, |kind, take| match kind {
        READY => Ok(Greeting::Here((take_strings(take)?, take_rights(take)?))),
        REFUSED => Ok(Greeting::Refused(String::from_utf8_lossy(&take.rest()).into_owned())),
        unknown => Err(WireError::Kind(unknown)),
    })
}

fn greeting<T>(
    input: &mut impl Read,
    message: impl FnOnce(u8, &mut Take) -> Result<Greeting<T>, WireError>,
) -> Result<Greeting<T>, WireError> {
    let mut opening = Vec::new();
    input.by_ref().take(MAGIC.len() as u64).read_to_end(&mut opening).map_err(WireError::Line)?;
    if opening != MAGIC {
        return chatter(input, opening);
    }
    let mut version = [0; 4];
    input.read_exact(&mut version).map_err(WireError::Line)?;
    let version = u32::from_le_bytes(version);
    if version != VERSION {
        return Ok(Greeting::Version(version));
    }
    let (frame, _) = frame::read(input)?.ok_or(WireError::Truncated)?;
    message(frame.kind, &mut Take::new(frame.payload))
}

/// Reads a little more of what is none of ours, without waiting for an end that may never come.
fn chatter<T>(input: &mut impl Read, mut said: Vec<u8>) -> Result<Greeting<T>, WireError> {
    if !said.is_empty() {
        let mut more = [0; CHATTER];
        let n = input.read(&mut more).unwrap_or(0);
        said.extend_from_slice(&more[..n]);
    }
    Ok(Greeting::Chatter(said))
}

fn put_strings(strings: &[Vec<u8>], put: &mut Put) {
    put.number(strings.len() as u64);
    strings.iter().for_each(|string| put.string(string));
}

fn take_strings(take: &mut Take) -> Result<Vec<Vec<u8>>, WireError> {
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
    put.byte(rights.root.into());
    put_strings(&rights.groups, put);
}

fn take_rights(take: &mut Take) -> Result<Rights, WireError> {
    Ok(Rights { root: take.byte()? == 1, groups: take_strings(take)? })
}

/// The switches, in the order of their bits.
fn switches(options: &mut Options) -> [&mut bool; 24] {
    [
        &mut options.delete,
        &mut options.dry_run,
        &mut options.checksum,
        &mut options.update,
        &mut options.existing,
        &mut options.ignore_existing,
        &mut options.whole_file,
        &mut options.modes,
        &mut options.times,
        &mut options.owners,
        &mut options.devices,
        &mut options.specials,
        &mut options.one_file_system,
        &mut options.fsync,
        &mut options.itemize,
        &mut options.groups,
        &mut options.numeric_ids,
        &mut options.hard_links,
        &mut options.sparse,
        &mut options.xattrs,
        &mut options.acls,
        &mut options.safe_links,
        &mut options.gitignore,
        &mut options.inplace,
    ]
}

fn put_options(options: &Options, put: &mut Put) {
    let mut copy = options.clone();
    let bits = switches(&mut copy).iter().enumerate().fold(0, |bits, (at, on)| bits | u64::from(**on) << at);
    put.number(bits);
    for number in [options.max_delete, options.min_size, options.max_size, options.bandwidth] {
        put.number(number.map_or(0, |number| number.saturating_add(1)));
    }
    put.number(options.modify_window.into());
    put.byte(match options.compress {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    });
    put.signed(options.compress_level.unwrap_or_default().into());
    put.string(options.chmod.as_ref().map_or("", Chmod::as_str).as_bytes());
    match &options.backup {
        None => put.byte(0),
        Some(Backup { suffix, directory }) => {
            put.byte(1);
            put.string(suffix);
            // The root itself stands for no directory.
            put_path(directory.as_ref().unwrap_or(&RelPath::root()), put);
        }
    }
}

fn take_options(take: &mut Take) -> Result<Options, WireError> {
    let mut options = Options::default();
    let bits = take.number()?;
    for (at, on) in switches(&mut options).into_iter().enumerate() {
        *on = bits >> at & 1 == 1;
    }
    for number in [&mut options.max_delete, &mut options.min_size, &mut options.max_size, &mut options.bandwidth] {
        *number = take.number()?.checked_sub(1);
    }
    options.modify_window = take.number32()?;
    options.compress = match take.byte()? {
        0 => None,
        1 => Some(false),
        2 => Some(true),
        _ => return Err(WireError::Value("way of compression")),
    };
    let level = i32::try_from(take.signed()?).map_err(|_| WireError::Number)?;
    options.compress_level = (level != 0).then_some(level);
    let chmod = take.string(TEXT)?;
    if !chmod.is_empty() {
        let text = std::str::from_utf8(&chmod).map_err(|_| WireError::Value("change of permissions"))?;
        options.chmod = Some(Chmod::parse(text).map_err(|_| WireError::Value("change of permissions"))?);
    }
    if take.byte()? == 1 {
        let suffix = take.string(SUFFIX)?.to_vec();
        let directory = Some(take_path(take)?).filter(|path| !path.is_root());
        if suffix.contains(&b'/') || (suffix.is_empty() && directory.is_none()) {
            return Err(WireError::Value("suffix"));
        }
        options.backup = Some(Backup { suffix, directory });
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            backup: Some(Backup { suffix: b"~".to_vec(), directory: None }),
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
        };
        let mut line = Vec::new();
        open(&mut line).unwrap();
        let rights = Rights { root: false, groups: vec![b"staff".to_vec()] };
        write_start(&mut line, &start, &rights).unwrap();
        match read_start(&mut line.as_slice()).unwrap() {
            Greeting::Here(read) => assert_eq!(read, (start, rights)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn words_of_a_login_script_are_not_taken_for_a_greeting() {
        match read_ready(&mut &b"Welcome to host!\n"[..]).unwrap() {
            Greeting::Chatter(said) => assert_eq!(said, b"Welcome to host!\n"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refusal_arrives_in_its_own_words() {
        let mut line = Vec::new();
        open(&mut line).unwrap();
        write_ready(&mut line, Err("no such directory")).unwrap();
        assert!(
            matches!(read_ready(&mut line.as_slice()).unwrap(), Greeting::Refused(why) if why == "no such directory")
        );
    }
}
