//! The remote shell under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Which program the tests are run against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Where it is.
    pub path: PathBuf,
    /// Whose it is.
    pub kind: Kind,
}

/// Tests that ask for more than OpenSSH does ask this first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Xssh,
    /// The yardstick: a test that OpenSSH does not pass is a wrong test.
    OpenSsh,
}

impl Subject {
    /// `XSSH_UNDER_TEST`, or the xssh beside the running test.
    ///
    /// # Panics
    /// If there is no such program.
    #[must_use]
    pub fn get() -> &'static Self {
        static SUBJECT: OnceLock<Subject> = OnceLock::new();
        SUBJECT.get_or_init(|| {
            let named = std::env::var_os("XSSH_UNDER_TEST");
            let path = named.map_or_else(built, PathBuf::from);
            assert!(
                path.is_file(),
                "there is no {}: `cargo build -p xssh` makes it, or XSSH_UNDER_TEST names another",
                path.display()
            );
            let kind = kind_of(&path);
            println!("under test: {} ({kind:?})", path.display());
            Self { path, kind }
        })
    }

    /// Whether the running test is for xssh alone; says so where it is left out.
    #[must_use]
    pub fn is_xssh_or_say(why: &str) -> bool {
        let ours = Self::get().kind == Kind::Xssh;
        if !ours {
            println!("LEFT OUT for OpenSSH: {why}");
        }
        ours
    }
}

/// A test runs in target/PROFILE/deps, the programs are in target/PROFILE.
fn built() -> PathBuf {
    let this = std::env::current_exe().expect("the path of this test");
    let folder = this.parent().and_then(Path::parent).expect("a folder above deps");
    folder.join("xssh")
}

fn kind_of(path: &Path) -> Kind {
    let said = Command::new(path)
        .arg("-V")
        .output()
        .unwrap_or_else(|error| panic!("{} does not run: {error}", path.display()));
    if said.stderr.starts_with(b"OpenSSH_") { Kind::OpenSsh } else { Kind::Xssh }
}
