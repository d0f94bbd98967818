//! The options of a run, as the client says them.

use xssh_fs::RelPath;

use super::WireError;
use super::above::{put_above, take_above};
use super::bytes::{Put, Take};
use super::entry::{put_path, take_path};
use super::start::{put_strings, take_strings};
use crate::chmod::Chmod;
use crate::limits::{REFERENCES, TEXT};
use crate::mapping::Mapping;
use crate::options::{Backup, BackupPlace, Options, References, Reuse};

/// The longest suffix of a backup (NAME_MAX).
const SUFFIX: usize = 255;

/// How many switches this release knows that are yes or no and nothing else.
const SWITCHES: usize = 33;

/// The switches that say what follows at the end: references, where backups go outside the target, who becomes who, git's rules
/// from outside of the source.
const REFERENCES_FOLLOW: u64 = 1 << 48;
const OUTSIDE_FOLLOWS: u64 = 1 << 49;
const MAPPING_FOLLOWS: u64 = 1 << 50;
const ABOVE_FOLLOWS: u64 = 1 << 51;

/// The switches, in the order of their bits.
fn switches(options: &mut Options) -> [&mut bool; SWITCHES] {
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
        &mut options.wait,
        &mut options.progress,
        &mut options.copy_links,
        &mut options.copy_unsafe_links,
        &mut options.copy_dirlinks,
        &mut options.fake_super,
        &mut options.omit_dir_times,
        &mut options.prune_empty_dirs,
        &mut options.ignore_missing_args,
    ]
}

pub(super) fn put_options(options: &Options, put: &mut Put) {
    let mut copy = options.clone();
    let bits = switches(&mut copy).iter().enumerate().fold(0, |bits, (at, on)| bits | u64::from(**on) << at);
    let references = if options.references.is_some() { REFERENCES_FOLLOW } else { 0 };
    let outside = outside(options);
    let backups = if outside.is_some() { OUTSIDE_FOLLOWS } else { 0 };
    let mapping = if options.mapping.is_some() { MAPPING_FOLLOWS } else { 0 };
    let above = if options.git_above.is_some() { ABOVE_FOLLOWS } else { 0 };
    put.number(bits | references | backups | mapping | above);
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
    let root = RelPath::root();
    match &options.backup {
        None => put.byte(0),
        Some(Backup { suffix, place }) => {
            put.byte(1);
            put.string(suffix);
            // The root itself stands for no directory.
            put_path(if let BackupPlace::Inside(directory) = place { directory } else { &root }, put);
        }
    }
    if let Some(references) = &options.references {
        put_references(references, put);
    }
    if let Some(path) = outside {
        put.string(path);
    }
    for text in options.mapping.iter().flat_map(Mapping::texts) {
        put.string(text.as_bytes());
    }
    if let Some(above) = &options.git_above {
        put_above(above, put);
    }
}

/// The directory outside the target where backups go.
fn outside(options: &Options) -> Option<&[u8]> {
    match &options.backup.as_ref()?.place {
        BackupPlace::Outside(path) => Some(path),
        _ => None,
    }
}

fn put_references(References { reuse, directories }: &References, put: &mut Put) {
    put.byte(match reuse {
        Reuse::Link => 1,
        Reuse::Copy => 2,
        Reuse::Leave => 3,
    });
    put_strings(directories, put);
}

fn take_references(take: &mut Take) -> Result<References, WireError> {
    let reuse = match take.byte()? {
        1 => Reuse::Link,
        2 => Reuse::Copy,
        3 => Reuse::Leave,
        _ => return Err(WireError::Value("way to use other directories")),
    };
    let directories = take_strings(take)?;
    if directories.len() > REFERENCES {
        return Err(WireError::TooLong { length: directories.len(), limit: REFERENCES });
    }
    Ok(References { reuse, directories })
}

/// The options; none where they have a switch that this release does not know.
pub(super) fn take_options(take: &mut Take) -> Result<Option<Options>, WireError> {
    let mut options = Options::default();
    let bits = take.number()?;
    if (bits & !(REFERENCES_FOLLOW | OUTSIDE_FOLLOWS | MAPPING_FOLLOWS | ABOVE_FOLLOWS)) >> SWITCHES != 0 {
        return Ok(None);
    }
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
        let directory = take_path(take)?;
        let place = if directory.is_root() { BackupPlace::Beside } else { BackupPlace::Inside(directory) };
        options.backup = Some(Backup { suffix, place });
    }
    if bits & REFERENCES_FOLLOW != 0 {
        options.references = Some(take_references(take)?);
    }
    if let Some(Backup { suffix, place }) = &mut options.backup {
        if bits & OUTSIDE_FOLLOWS != 0 {
            *place = BackupPlace::Outside(take.string(TEXT)?.to_vec());
        }
        if suffix.contains(&b'/') || (suffix.is_empty() && *place == BackupPlace::Beside) {
            return Err(WireError::Value("suffix"));
        }
    }
    if bits & MAPPING_FOLLOWS != 0 {
        let (users, groups) = (take.string(TEXT)?, take.string(TEXT)?);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mapping = Mapping::parse(&text(&users), &text(&groups));
        options.mapping = Some(mapping.map_err(|_| WireError::Value("owners that become others"))?);
    }
    if bits & ABOVE_FOLLOWS != 0 {
        options.git_above = Some(take_above(take)?);
    }
    Ok(Some(options))
}
