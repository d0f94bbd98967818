//! What several messages hold: files, flags, words, lists.

use xssh_fs::RelPath;

use super::WireError;
use super::bytes::{Put, Take};
use super::entry::put_path;
use super::message::FileId;
use crate::limits::{LANES, TEXT};
use crate::watch::Outlook;

/// Everything up to the payload's end. The bound is the frame's: each value takes at least a byte of it.
pub(super) fn each<T>(
    take: &mut Take,
    mut one: impl FnMut(&mut Take) -> Result<T, WireError>,
) -> Result<Vec<T>, WireError> {
    let mut all = Vec::new();
    while !take.is_empty() {
        all.push(one(take)?);
    }
    Ok(all)
}

pub(super) fn finish<T>(take: &Take, message: T) -> Result<T, WireError> {
    if take.is_empty() { Ok(message) } else { Err(WireError::Trailing) }
}

pub(super) fn flag(take: &mut Take) -> Result<bool, WireError> {
    match take.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(WireError::Value("yes or no")),
    }
}

/// Numbers of lanes: each once, and no more than there may be.
pub(super) fn take_lanes(take: &mut Take) -> Result<Vec<u8>, WireError> {
    let numbers = take.rest();
    let is_list =
        numbers.len() <= usize::from(LANES) && (1..numbers.len()).all(|at| !numbers[..at].contains(&numbers[at]));
    if is_list { Ok(numbers.to_vec()) } else { Err(WireError::Value("list of lanes")) }
}

pub(super) fn put_file(file: FileId, put: &mut Put) {
    put.number(file.range.into());
    put.number(file.index.into());
}

pub(super) fn take_file(take: &mut Take) -> Result<FileId, WireError> {
    Ok(FileId { range: take.number32()?, index: take.number32()? })
}

pub(super) fn put_text(text: &str, put: &mut Put) {
    let mut end = text.len().min(TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    put.string(&text.as_bytes()[..end]);
}

pub(super) fn take_text(take: &mut Take) -> Result<String, WireError> {
    Ok(String::from_utf8_lossy(&take.string(TEXT)?).into_owned())
}

pub(super) fn put_problem(path: &RelPath, why: &str, put: &mut Put) {
    put_path(path, put);
    put_text(why, put);
}

pub(super) fn put_outlook(outlook: &Outlook, put: &mut Put) {
    [outlook.files, outlook.bytes, outlook.saved].into_iter().for_each(|number| put.number(number));
    put.byte(outlook.complete.into());
}

pub(super) fn take_outlook(take: &mut Take) -> Result<Outlook, WireError> {
    let (files, bytes, saved) = (take.number()?, take.number()?, take.number()?);
    Ok(Outlook { files, bytes, saved, complete: flag(take)? })
}
