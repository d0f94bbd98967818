//! git's rules from outside of the source, as both sides tell one another.

use super::WireError;
use super::bytes::{Put, Take};
use super::entry::{put_path, take_path};
use crate::above::GitAbove;
use crate::limits::{ABOVE, ABOVE_DIRECTORIES};

pub(super) fn put_above(above: &GitAbove, put: &mut Put) {
    put_path(&above.within, put);
    put.string(&above.excludes_file);
    put.string(&above.info_exclude);
    put.number(above.gitignores.len() as u64);
    above.gitignores.iter().for_each(|text| put.string(text));
}

pub(super) fn take_above(take: &mut Take) -> Result<GitAbove, WireError> {
    let within = take_path(take)?;
    let mut left = ABOVE;
    let mut text = |take: &mut Take| {
        let text = take.string(left)?.to_vec();
        left -= text.len();
        Ok::<_, WireError>(text)
    };
    let (excludes_file, info_exclude) = (text(take)?, text(take)?);
    let count = take.number()?;
    if count > ABOVE_DIRECTORIES {
        return Err(WireError::Value("number of directories"));
    }
    let gitignores = (0..count).map(|_| text(take)).collect::<Result<_, _>>()?;
    Ok(GitAbove { excludes_file, info_exclude, within, gitignores })
}
