//! Files that say who may do what: nobody but their account and root may be able to change them, as sshd has it of authorized_keys
//! (sshd_config(5), StrictModes).

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Bits by which others than the owner may write.
const OTHERS: u32 = 0o022;
/// In a directory that has it, nobody takes the names of others away.
const STICKY: u32 = 0o1000;

/// Whether nobody but this account and root may change a file, or put another in its place. Directories above `top` do not count.
///
/// # Errors
/// Who else may, and where; or it is not there.
pub(crate) fn is_of(account: u32, path: &Path, top: &Path) -> Result<(), String> {
    let failed = |place: &Path, error| format!("{}: {error}", place.display());
    // A pipe that a shell has made (`<(...)`) is in no directory.
    let is_named = fs::metadata(path).map_err(|error| failed(path, error))?.file_type();
    let is_named = is_named.is_file() || is_named.is_dir();
    let real = if is_named { path.canonicalize().map_err(|error| failed(path, error))? } else { path.to_owned() };
    let places = real.ancestors().take(if is_named { usize::MAX } else { 1 });
    for place in places.take_while(|place| !is_named || place.starts_with(top)) {
        let stat = fs::metadata(place).map_err(|error| failed(place, error))?;
        if stat.uid() != 0 && stat.uid() != account {
            return Err(format!("{} belongs to another account (uid {})", place.display(), stat.uid()));
        }
        if stat.mode() & OTHERS != 0 && !(stat.is_dir() && stat.mode() & STICKY != 0) {
            return Err(format!(
                "others may write to {} (mode {:o}): chmod go-w it",
                place.display(),
                stat.mode() & 0o7777
            ));
        }
    }
    Ok(())
}

/// The same for a file that this account goes by.
///
/// # Errors
/// As above.
pub(crate) fn is_ours(path: &Path) -> Result<(), String> {
    is_of(rustix::process::geteuid().as_raw(), path, Path::new("/"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_as_safe_as_what_it_is_in() {
        let folder = tempfile::tempdir().unwrap();
        let (within, path) = (folder.path().join("a"), folder.path().join("a/b"));
        fs::create_dir(&within).unwrap();
        fs::write(&path, "x").unwrap();
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        mode(&within, 0o755);
        mode(&path, 0o644);
        let own = rustix::process::geteuid().as_raw();
        let top = folder.path().canonicalize().unwrap();
        let is_ours = || is_of(own, &path, &top);
        assert_eq!(is_ours(), Ok(()));
        for (place, bits, safe) in
            [(&path, 0o664, 0o644), (&path, 0o646, 0o644), (&within, 0o775, 0o755), (&within, 0o757, 0o755)]
        {
            mode(place, bits);
            let why = is_ours().unwrap_err();
            assert!(why.contains(&format!("others may write to {}", place.display())), "{why}");
            mode(place, safe);
        }
        // A file with such a mode is none the safer by the bit that a directory is.
        mode(&path, 0o1666);
        assert!(is_ours().is_err());
        mode(&path, 0o600);
        mode(&within, 0o1777);
        assert_eq!(is_ours(), Ok(()));
        // A link counts for what it leads to, and what lies above does not count.
        mode(&within, 0o777);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(is_of(own, &link, &top).is_err());
        assert!(is_of(own, &path, &path).is_ok());
        assert!(is_of(own, &folder.path().join("missing"), &top).is_err());
    }
}
