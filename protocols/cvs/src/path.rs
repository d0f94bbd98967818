//! Where in a repository a name leads. Names only: the repository's disk is not looked at.

use crate::hooks::Triggers;
use crate::modules::Modules;
use crate::refusal::{Refusal, shown};

/// The directory that holds what a repository does: whoever writes there can run programs at the server.
pub(crate) const ADMIN: &[u8] = b"CVSROOT";
/// Stands in for directories of a working copy that are in no repository (the CVS manual, "The modules file").
const EMPTY: &[u8] = b"Emptydir";

/// What the gate must know of the repository that a client chose.
#[derive(Debug, Clone, Default)]
pub struct Repository {
    /// What its `CVSROOT/modules` says.
    pub modules: Modules,
    /// Which of its files name programs.
    pub triggers: Triggers,
    /// Names at its top, beside `CVSROOT`, that lead to `CVSROOT` or to the root.
    pub links: Vec<Vec<u8>>,
    /// Its disk does not tell `cvsroot` from `CVSROOT`.
    pub folds_case: bool,
}

/// Where a name leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The root itself, so all there is.
    Top,
    /// `CVSROOT` or something in it.
    Admin,
    /// Anything else.
    Ordinary,
}

impl Repository {
    /// Whether there is a program that a command could run.
    #[must_use]
    pub fn names_programs(&self) -> bool {
        !self.triggers.is_empty() || self.modules.name_programs()
    }

    /// Where a directory of the repository is, from its root on.
    pub(crate) fn place<'a>(&self, mut parts: impl Iterator<Item = &'a [u8]>) -> Place {
        match parts.next() {
            None => Place::Top,
            Some(first) if self.is_admin(first) => Place::Admin,
            Some(_) => Place::Ordinary,
        }
    }

    /// Whether this directory only stands in for one that is in no repository.
    pub(crate) fn is_empty_directory<'a>(&self, parts: impl Iterator<Item = &'a [u8]>) -> bool {
        parts.eq([ADMIN, EMPTY])
    }

    /// Whether this name at the top is `CVSROOT`.
    pub(crate) fn is_admin(&self, name: &[u8]) -> bool {
        let is_same = if self.folds_case { name.eq_ignore_ascii_case(ADMIN) } else { name == ADMIN };
        is_same || self.links.iter().any(|link| link == name)
    }
}

/// The parts of a path that mean something.
pub(crate) fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
}

/// What a `Directory`'s second line names, from the root on: absolute, it must begin with the root; it never leads up, nor
/// into a directory `CVS`, where a repository keeps who watches. A client that expands modules leaves it empty, which is the root.
pub(crate) fn within<'a>(root: &[u8], path: &'a [u8], relative: bool) -> Result<&'a [u8], Refusal> {
    let refuse = || Refusal::Path(shown(path));
    if parts(path).any(|part| part == b".." || part == b"CVS") {
        return Err(refuse());
    }
    match path.strip_prefix(root) {
        Some(rest) if !relative && (rest.is_empty() || rest.starts_with(b"/") || root.ends_with(b"/")) => Ok(rest),
        _ if path.starts_with(b"/") => Err(refuse()),
        _ => Ok(path),
    }
}

/// Whether a name stays in the working directory, or leads up no further than so many levels, and only at its beginning. It may
/// not lead into a directory `CVS`, where a server keeps what a directory is of.
pub(crate) fn check_working(path: &[u8], dotdot: u32) -> Result<(), Refusal> {
    let up = parts(path).take_while(|part| *part == b"..").count();
    let later_up = parts(path).skip(up).any(|part| part == b".." || part == b"CVS");
    if path.starts_with(b"/") || later_up || up as u64 > u64::from(dotdot) {
        return Err(Refusal::Path(shown(path)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cvsroot_is_seen_in_each_of_its_spellings() {
        let repository = Repository { links: vec![b"setup".to_vec()], ..Repository::default() };
        let place = |path: &[u8]| repository.place(parts(path));
        for admin in ["CVSROOT", "/CVSROOT", "//./CVSROOT//", "CVSROOT/x", "setup", "CVSROOT/Emptydir"] {
            assert_eq!(place(admin.as_bytes()), Place::Admin, "{admin}");
        }
        for top in ["", "/", ".", "././/"] {
            assert_eq!(place(top.as_bytes()), Place::Top, "{top}");
        }
        for other in ["project", "project/CVSROOT", "CVSROOT2", "cvsroot"] {
            assert_eq!(place(other.as_bytes()), Place::Ordinary, "{other}");
        }
        let repository = Repository { folds_case: true, ..Repository::default() };
        assert_eq!(repository.place(parts(b"cvsRoot/x")), Place::Admin);
    }

    #[test]
    fn a_directory_is_inside_its_root() {
        let within = |path: &'static str| within(b"/r", path.as_bytes(), false).ok();
        assert_eq!(within("/r"), Some(&b""[..]));
        assert_eq!(within("/r/a"), Some(&b"/a"[..]));
        assert_eq!(within("a/b"), Some(&b"a/b"[..]));
        assert_eq!(within("."), Some(&b"."[..]));
        assert_eq!(within(""), Some(&b""[..]));
        for outside in ["/r2", "/", "/etc", "/r/../etc", "..", "a/..", "//r/a", "/R/a", "/r/a/CVS", "CVS/x"] {
            assert_eq!(within(outside), None, "{outside}");
        }
        assert!(super::within(b"/r", b"/r/a", true).is_err(), "a relative directory is relative");
    }

    #[test]
    fn a_working_path_leads_up_as_far_as_was_said() {
        for fine in ["a", "a/b", ".", "../a", "..", "./../b", "cvs/a", "CVS2"] {
            assert_eq!(check_working(fine.as_bytes(), 1), Ok(()), "{fine}");
        }
        for bad in ["/a", "../../a", "a/../b", "CVS", "a/CVS", "a/CVS/b", "../a/.."] {
            assert!(check_working(bad.as_bytes(), 1).is_err(), "{bad}");
        }
    }
}
