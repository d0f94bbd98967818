//! The first words: each side says what it is, and the client what is to be done.
//!
//! A magic number opens each direction, so that words of a login script are recognised as what they are.

use std::io::{self, Read, Write};

use xssh_filter::Rules;

use super::WireError;
use super::bytes::{Put, Take};
use super::frame;
use crate::limits::{FRAME, TEXT};
use crate::options::Options;

/// Opens each direction.
pub(crate) const MAGIC: &[u8; 8] = b"xssh\x00syn";
/// The protocol's version. Each side takes its own and the one before it.
pub(crate) const VERSION: u32 = 1;
/// How much of a chatty login script is kept, to be shown.
const CHATTER: usize = 1024;

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
    /// What both are to do.
    pub options: Options,
    /// Which names take part.
    pub rules: Rules,
    /// The key of the page digests, chosen anew for each run.
    pub key: [u8; 32],
}

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

pub(crate) fn write_start(output: &mut impl Write, start: &Start) -> io::Result<()> {
    let mut put = Put::default();
    put.byte(matches!(start.role, Role::Target).into());
    put.raw(&start.key);
    put_options(&start.options, &mut put);
    put.string(&start.rules.to_bytes());
    put_strings(&start.paths, &mut put);
    put_strings(&start.names, &mut put);
    frame::write(output, START, &put.0, false)?;
    output.flush()
}

/// Says that we are ready, and under which names a source shows what it was asked for; or why not.
pub(crate) fn write_ready(output: &mut impl Write, answer: Result<&[Vec<u8>], &str>) -> io::Result<()> {
    match answer {
        Ok(names) => {
            let mut put = Put::default();
            put_strings(names, &mut put);
            frame::write(output, READY, &put.0, false)?
        }
        Err(why) => frame::write(output, REFUSED, &why.as_bytes()[..why.len().min(TEXT)], false)?,
    };
    output.flush()
}

pub(crate) fn read_start(input: &mut impl Read) -> Result<Greeting<Start>, WireError> {
    greeting(input, |kind, take| {
        if kind != START {
            return Err(WireError::Kind(kind));
        }
        let role = if take.byte()? == 1 { Role::Target } else { Role::Source };
        let key = take.array()?;
        let options = take_options(take)?;
        let rules = Rules::from_bytes(&take.string(FRAME)?).map_err(|_| WireError::Value("rule"))?;
        let (paths, names) = (take_strings(take)?, take_strings(take)?);
        Ok(Greeting::Here(Start { role, paths, names, options, rules, key }))
    })
}

pub(crate) fn read_ready(input: &mut impl Read) -> Result<Greeting<Vec<Vec<u8>>>, WireError> {
    greeting(input, |kind, take| match kind {
        READY => Ok(Greeting::Here(take_strings(take)?)),
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

/// The switches, in the order of their bits.
fn switches(options: &mut Options) -> [&mut bool; 15] {
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
    ]
}

fn put_options(options: &Options, put: &mut Put) {
    let mut copy = options.clone();
    let bits = switches(&mut copy).iter().enumerate().fold(0, |bits, (at, on)| bits | u64::from(**on) << at);
    put.number(bits);
    put.number(options.max_delete.map_or(0, |most| most.saturating_add(1)));
    put.number(options.modify_window.into());
    put.byte(match options.compress {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    });
}

fn take_options(take: &mut Take) -> Result<Options, WireError> {
    let mut options = Options::default();
    let bits = take.number()?;
    for (at, on) in switches(&mut options).into_iter().enumerate() {
        *on = bits >> at & 1 == 1;
    }
    options.max_delete = take.number()?.checked_sub(1);
    options.modify_window = take.number32()?;
    options.compress = match take.byte()? {
        0 => None,
        1 => Some(false),
        2 => Some(true),
        _ => return Err(WireError::Value("way of compression")),
    };
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_asks_for_arrives() {
        let options =
            Options { delete: true, max_delete: Some(7), compress: Some(true), fsync: true, ..Options::default() };
        let mut rules = xssh_filter::Builder::new(xssh_filter::Options::default());
        rules.exclude(b"*.o").unwrap();
        let rules = rules.finish();
        let start = Start {
            role: Role::Target,
            paths: vec![b"/a b/\xff".to_vec()],
            names: vec![b"n".to_vec()],
            rules,
            options,
            key: [3; 32],
        };
        let mut line = Vec::new();
        open(&mut line).unwrap();
        write_start(&mut line, &start).unwrap();
        match read_start(&mut line.as_slice()).unwrap() {
            Greeting::Here(read) => assert_eq!(read, start),
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
