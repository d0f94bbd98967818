//! What the gate and the server's domain must know of a repository before a server runs: what its `CVSROOT` says of modules,
//! programs and locks.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use xssh_cvs::{Modules, Repository, Trigger, Triggers, limits};

/// Looks at the repository below this root.
pub(super) fn survey(root: &Path) -> io::Result<Repository> {
    let admin = root.join("CVSROOT");
    let metadata = fs::metadata(&admin)?;
    if !metadata.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let modules = Modules::read(&text(&admin.join("modules"))?);
    let mut triggers = Triggers::default();
    for trigger in Trigger::ALL {
        triggers.read(trigger, &text(&admin.join(trigger.file()))?);
    }
    let folded = fs::metadata(root.join("cvsroot"));
    let is_same = |other: fs::Metadata| (other.dev(), other.ino()) == (metadata.dev(), metadata.ino());
    Ok(Repository { modules, triggers, links: links(root, &admin)?, folds_case: folded.is_ok_and(is_same) })
}

/// Names at the top that lead to `CVSROOT` or to the root once more.
fn links(root: &Path, admin: &Path) -> io::Result<Vec<Vec<u8>>> {
    let watched = [fs::canonicalize(root)?, fs::canonicalize(admin)?];
    let mut links = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let leads =
            || fs::canonicalize(entry.path()).is_ok_and(|place| watched.iter().any(|one| place.starts_with(one)));
        if entry.file_type()?.is_symlink() && leads() {
            links.push(entry.file_name().into_vec());
        }
    }
    Ok(links)
}

/// Where the repository's locks are, if not in itself: `LockDir` of `CVSROOT/config`.
pub(super) fn lock_directory(root: &Path) -> io::Result<Option<PathBuf>> {
    let text = text(&root.join("CVSROOT/config"))?;
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    // The last one counts, as it does for cvs.
    let value = lines.filter_map(|line| line.strip_prefix(b"LockDir=")).next_back();
    let value = value.map(|value| PathBuf::from(std::ffi::OsStr::from_bytes(value.trim_ascii())));
    // What is not there is called as it was written.
    let leads = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    Ok(value.filter(|path| path.is_absolute() && !leads(path).starts_with(leads(root))))
}

/// A file of the administrator's; nothing where it is not there.
fn text(path: &Path) -> io::Result<Vec<u8>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let mut text = Vec::new();
    file.take(limits::MODULES as u64 + 1).read_to_end(&mut text)?;
    if text.len() > limits::MODULES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{} is too large", path.display())));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planted(config: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("CVSROOT")).unwrap();
        fs::write(root.path().join("CVSROOT/config"), config).unwrap();
        root
    }

    #[test]
    fn locks_are_where_the_last_line_says() {
        let locks = |config: &str| lock_directory(planted(config).path()).unwrap();
        assert_eq!(
            locks("# LockDir=/a\nLockDir=/b\n  LockDir=/var/lock/c \nLogHistory=all\n"),
            Some("/var/lock/c".into())
        );
        assert_eq!(locks("LockDir=relative\n"), None);
        assert_eq!(locks(""), None);
        let (root, outside) = (planted(""), tempfile::tempdir().unwrap());
        fs::create_dir(root.path().join("locks")).unwrap();
        let named = |path: &Path| {
            fs::write(root.path().join("CVSROOT/config"), format!("LockDir={}\n", path.display())).unwrap();
            lock_directory(root.path()).unwrap()
        };
        assert_eq!(named(&root.path().join("locks")), None);
        assert_eq!(named(&root.path().join("CVSROOT/../locks")), None);
        let dotted = root.path().join("..").join(outside.path().file_name().unwrap());
        assert_eq!(named(&dotted), Some(dotted));
        std::os::unix::fs::symlink(root.path(), outside.path().join("link")).unwrap();
        assert_eq!(named(&outside.path().join("link/locks")), None);
    }

    #[test]
    fn links_to_cvsroot_are_found() {
        let root = planted("");
        assert!(!survey(root.path()).unwrap().folds_case);
        for (name, leads) in [("setup", "CVSROOT"), ("self", "."), ("other", "/tmp"), ("file", "CVSROOT/config")] {
            std::os::unix::fs::symlink(leads, root.path().join(name)).unwrap();
        }
        let mut links = survey(root.path()).unwrap().links;
        links.sort();
        assert_eq!(links, [&b"file"[..], b"self", b"setup"]);
    }

    #[test]
    fn what_is_no_repository_is_an_error() {
        assert!(survey(tempfile::tempdir().unwrap().path()).is_err());
    }
}
