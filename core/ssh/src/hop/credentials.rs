//! Where a proxy's password comes from: the environment's URI, a file, or a person. Never from an argument.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use log::{debug, warn};
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::error::system_words;
use super::netrc::{self, Login};
use super::{HopError, Proxy};
use crate::limits;
use crate::prompt::Prompt;
use crate::terminal::visible::visible;

/// What a proxy is told about who we are.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({:?}, ***)", self.user)
    }
}

impl Credentials {
    /// Takes copies of both.
    #[must_use]
    pub fn new(user: &str, password: &str) -> Self {
        Self { user: user.to_owned(), password: Zeroizing::new(password.to_owned()) }
    }

    /// The length of both together.
    pub(super) fn len(&self) -> usize {
        self.user.len() + self.password.len()
    }
}

/// A file that may know a proxy's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store<'a> {
    /// `~/.netrc`. That there is none is nothing to speak of.
    Netrc(&'a Path),
    /// The file that XsshProxyCredentials names: a netrc file, or a password on its first line and nothing else, for the
    /// user of the proxy's URI.
    Named(&'a Path),
}

/// What is known without asking anyone. Reads a small file; blocks no longer than that takes.
///
/// A file that others may read, or that is no credentials file, is named in a warning and left alone.
#[must_use]
pub fn stored(proxy: &Proxy, store: Option<Store<'_>>) -> Option<Credentials> {
    if !proxy.scheme.takes_password() {
        return None;
    }
    if let Some(password) = &proxy.password {
        return Some(Credentials { user: proxy.user.clone().unwrap_or_default(), password: password.clone() });
    }
    let (path, named) = match store? {
        Store::Netrc(path) => (path, false),
        Store::Named(path) => (path, true),
    };
    let shown_path = visible(path.as_os_str().as_encoded_bytes());
    let text = match private_text(path) {
        Ok(text) => text,
        Err(Unusable::Io(error)) if error.kind() == io::ErrorKind::NotFound && !named => return None,
        Err(why) => {
            warn!("No proxy password from {shown_path}: {why}");
            return None;
        }
    };
    if named && !netrc::looks_like_netrc(&text) {
        return bare_password(proxy, &text, &shown_path);
    }
    match netrc::lookup(&text, &proxy.host, proxy.user.as_deref()) {
        Ok(Some(Login { user, password })) => {
            debug!("Password for {proxy} found in {shown_path}.");
            Some(Credentials { user, password })
        }
        Ok(None) => None,
        Err(netrc::OpenQuote { line }) => {
            warn!("No proxy password from {shown_path}: line {line} has a quote that is not closed");
            None
        }
    }
}

/// Asks a person: for the user too, unless the proxy's URI names one. None where nobody answers.
///
/// # Errors
/// [`HopError::Local`] where the asking itself failed.
pub async fn ask(proxy: &Proxy, prompt: Arc<dyn Prompt>) -> Result<Option<Credentials>, HopError> {
    let (name, user) = (proxy.to_string(), proxy.user.clone());
    let asked = tokio::task::spawn_blocking(move || {
        let user = match user {
            Some(user) => user,
            None => prompt.line(&format!("User for {name}: "))?,
        };
        let password = prompt.secret(&format!("Password of {} for {name}: ", visible(user.as_bytes())))?;
        Some(Credentials { user, password })
    });
    asked.await.map_err(|error| HopError::Local {
        what: format!("ask for the password of {proxy}"),
        source: io::Error::other(error),
    })
}

fn bare_password(proxy: &Proxy, text: &str, shown_path: &str) -> Option<Credentials> {
    let Some(user) = &proxy.user else {
        warn!(
            "No proxy password from {shown_path}: it names no user; write {}://USER@{}",
            proxy.scheme.name(),
            proxy.host
        );
        return None;
    };
    let password = text.lines().next().unwrap_or_default();
    Some(Credentials::new(user, password))
}

/// Why a credentials file is left alone.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("{}", system_words(.0))]
    Io(#[from] io::Error),
    #[error("it is not a plain file")]
    NotAFile,
    #[error("others may read it (mode {0:04o}); chmod 600 it")]
    Open(u32),
    #[error("it is longer than {} bytes", limits::NETRC)]
    TooLong,
    #[error("it is not UTF-8")]
    NotUtf8,
}

fn private_text(path: &Path) -> Result<Zeroizing<String>, Unusable> {
    // A FIFO must not hold us up.
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file: File = OpenOptions::new().read(true).custom_flags(nonblocking).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Unusable::NotAFile);
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Unusable::Open(mode));
    }
    if metadata.len() > limits::NETRC {
        return Err(Unusable::TooLong);
    }
    // Room for all of it at once, so that growing leaves no copy behind.
    let room = usize::try_from(metadata.len()).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(room.saturating_add(1)));
    file.take(limits::NETRC).read_to_end(&mut bytes)?;
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        Unusable::NotUtf8
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::super::proxy::Passwords;
    use super::*;

    struct Kept {
        _directory: tempfile::TempDir,
        path: PathBuf,
    }

    fn kept(text: &str, mode: u32) -> Kept {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        Kept { _directory: directory, path }
    }

    fn proxy(uri: &str) -> Proxy {
        Proxy::parse(uri, Passwords::Accepted).unwrap()
    }

    const NETRC: &str = "machine proxy login me password secret\n";

    #[test]
    fn netrc_knows_the_proxys_user_and_password() {
        let file = kept(NETRC, 0o600);
        for store in [Store::Netrc(&file.path), Store::Named(&file.path)] {
            let found = stored(&proxy("http://proxy"), Some(store));
            assert_eq!(found, Some(Credentials::new("me", "secret")));
        }
        assert_eq!(stored(&proxy("http://other"), Some(Store::Netrc(&file.path))), None);
        assert_eq!(stored(&proxy("socks4a://proxy"), Some(Store::Netrc(&file.path))), None);
    }

    #[test]
    fn a_file_that_others_may_read_is_not_used() {
        for mode in [0o640, 0o604, 0o666] {
            let file = kept(NETRC, mode);
            assert_eq!(stored(&proxy("http://proxy"), Some(Store::Named(&file.path))), None, "{mode:o}");
        }
    }

    #[test]
    fn a_password_may_stand_alone_in_a_named_file() {
        let file = kept("pass word\r\nignored\n", 0o400);
        let named = Some(Store::Named(&file.path));
        assert_eq!(stored(&proxy("http://me@proxy"), named), Some(Credentials::new("me", "pass word")));
        assert_eq!(stored(&proxy("http://proxy"), named), None);
        assert_eq!(stored(&proxy("http://me@proxy"), Some(Store::Netrc(&file.path))), None);
    }

    #[test]
    fn the_environments_password_comes_first() {
        let file = kept(NETRC, 0o600);
        let found = stored(&proxy("http://you:theirs@proxy"), Some(Store::Netrc(&file.path)));
        assert_eq!(found, Some(Credentials::new("you", "theirs")));
    }

    #[test]
    fn what_is_no_credentials_file_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing");
        let fifo = directory.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let long = kept(&" ".repeat(limits::NETRC as usize + 1), 0o600);
        for path in [directory.path(), &missing, &fifo, &long.path] {
            assert_eq!(stored(&proxy("http://proxy"), Some(Store::Named(path))), None, "{path:?}");
        }
    }

    struct Person;

    impl Prompt for Person {
        fn secret(&self, question: &str) -> Option<Zeroizing<String>> {
            assert_eq!(question, "Password of me for proxy http://proxy:1080: ");
            Some(Zeroizing::new("pw".to_owned()))
        }
        fn line(&self, question: &str) -> Option<String> {
            assert_eq!(question, "User for proxy http://proxy:1080: ");
            Some("me".to_owned())
        }
        fn show(&self, _: &str) {}
    }

    #[test]
    fn a_person_is_asked_for_what_is_missing() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for uri in ["http://proxy", "http://me@proxy"] {
            let found = runtime.block_on(ask(&proxy(uri), Arc::new(Person))).unwrap();
            assert_eq!(found, Some(Credentials::new("me", "pw")));
        }
        assert_eq!(runtime.block_on(ask(&proxy("http://p"), Arc::new(crate::prompt::Nobody))).unwrap(), None);
    }

    #[test]
    fn debug_shows_no_password() {
        assert!(!format!("{:?}", Credentials::new("me", "hunter2")).contains("hunter2"));
    }
}
