//! The files of `-i`.

use std::path::{Path, PathBuf};

use xssh_os::account::{Account, home_of};

/// Why the key of `-i file` cannot be used; none where the file is there. ssh leaves such a file out with a warning, and
/// then tries what it tries by itself.
pub(super) fn trouble(file: &str) -> Option<String> {
    let error = std::fs::metadata(expanded(file)).err()?;
    let words = error.to_string();
    let reason = words.split(" (os error").next().unwrap_or_default();
    Some(format!("Identity file {file} not accessible: {reason}."))
}

/// `~` and `~user`, as a shell does it (misc.c, tilde_expand).
fn expanded(file: &str) -> PathBuf {
    let Some(rest) = file.strip_prefix('~') else { return file.into() };
    let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
    let home = if name.is_empty() {
        let known = std::env::var_os("HOME").map(PathBuf::from);
        Some(Account::current(known, None).home)
    } else {
        home_of(name)
    };
    home.map_or_else(|| Path::new(file).to_owned(), |home| home.join(path))
}

#[cfg(test)]
mod tests {
    use super::{expanded, trouble};

    #[test]
    fn a_file_that_is_missing_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("key");
        let name = file.to_str().unwrap();
        let expected = format!("Identity file {name} not accessible: No such file or directory.");
        assert_eq!(trouble(name), Some(expected));
        std::fs::write(&file, "").unwrap();
        assert_eq!(trouble(name), None);
        assert!(trouble("").is_some());
    }

    #[test]
    fn a_tilde_is_a_home() {
        assert!(expanded("~root/.ssh/x").ends_with("root/.ssh/x"));
        assert!(expanded("~/x").is_absolute());
        assert_eq!(expanded("~no such user/x").to_str(), Some("~no such user/x"));
        assert_eq!(expanded("a~").to_str(), Some("a~"));
    }
}
