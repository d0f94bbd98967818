//! The long options that rsync's clients send, with what each takes. What is not here is refused.

use crate::limits::{BLOCK, THREADS, TIMEOUT};
use crate::option::PathUse;
use crate::value::Kind;

/// An option that may be sent.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// For a path: what it is for.
    pub(crate) path: Option<PathUse>,
}

const fn flag(name: &'static str) -> Known {
    Known { name, kind: Kind::Flag, path: None }
}

const fn takes(name: &'static str, kind: Kind) -> Known {
    Known { name, kind, path: None }
}

const fn path(name: &'static str, of: PathUse) -> Known {
    Known { name, kind: Kind::Path, path: Some(of) }
}

const LARGE: i64 = i64::MAX;
/// Names of algorithms, several with commas between them.
const NAMES: Kind = Kind::Text(b",:-_");
/// rsync(1), --usermap: names, numbers, ranges, `*`, pairs with colons between them.
const MAP: Kind = Kind::Text(b",:-_*.@");

pub(crate) const KNOWN: &[Known] = &[
    flag("append"),
    path("backup-dir", PathUse::Made),
    takes("block-size", Kind::Number(1, BLOCK)),
    takes("bwlimit", Kind::Size),
    takes("checksum-choice", NAMES),
    takes("checksum-seed", Kind::Number(0, u32::MAX as i64)),
    path("compare-dest", PathUse::Looked),
    takes("compress-choice", NAMES),
    takes("compress-level", Kind::Number(-131_072, 22)),
    takes("compress-threads", Kind::Number(0, THREADS)),
    path("copy-dest", PathUse::Looked),
    flag("delay-updates"),
    flag("delete"),
    flag("delete-after"),
    flag("delete-before"),
    flag("delete-delay"),
    flag("delete-during"),
    flag("delete-excluded"),
    flag("delete-missing-args"),
    flag("devices"),
    flag("dirs"),
    flag("existing"),
    flag("fake-super"),
    path("files-from", PathUse::List),
    flag("force"),
    flag("from0"),
    flag("fsync"),
    flag("fuzzy"),
    flag("group"),
    takes("groupmap", MAP),
    flag("hard-links"),
    takes("iconv", NAMES),
    flag("ignore-errors"),
    flag("ignore-existing"),
    flag("ignore-missing-args"),
    flag("ignore-times"),
    takes("info", Kind::Text(b",")),
    takes("debug", Kind::Text(b",")),
    flag("inplace"),
    path("link-dest", PathUse::Looked),
    flag("links"),
    flag("list-only"),
    path("log-file", PathUse::Log),
    takes("log-format", Kind::Text(b"%' .,:_-")),
    takes("max-alloc", Kind::Size),
    takes("max-delete", Kind::Number(-1, LARGE)),
    takes("max-size", Kind::Size),
    takes("min-size", Kind::Size),
    flag("mkpath"),
    takes("modify-window", Kind::Number(-1, TIMEOUT)),
    flag("msgs2stderr"),
    flag("munge-links"),
    flag("new-compress"),
    flag("no-W"),
    flag("no-implied-dirs"),
    flag("no-msgs2stderr"),
    flag("no-r"),
    flag("no-relative"),
    flag("no-specials"),
    flag("numeric-ids"),
    flag("old-compress"),
    flag("one-file-system"),
    // What the client writes is its own; the server hears the letter only.
    takes("only-write-batch", Kind::Word(&["X"])),
    flag("open-noatime"),
    flag("owner"),
    flag("partial"),
    path("partial-dir", PathUse::Partial),
    flag("perms"),
    flag("preallocate"),
    flag("recursive"),
    flag("relative"),
    flag("remove-sent-files"),
    flag("remove-source-files"),
    flag("safe-links"),
    flag("size-only"),
    takes("skip-compress", Kind::Text(b"/[]-.,_")),
    flag("specials"),
    flag("stats"),
    takes("stderr", Kind::Word(&["e", "a", "c", "errors", "all", "client"])),
    takes("suffix", Kind::Suffix),
    flag("super"),
    path("temp-dir", PathUse::Temporary),
    takes("timeout", Kind::Number(0, TIMEOUT)),
    flag("times"),
    flag("use-qsort"),
    takes("usermap", MAP),
];

/// Options that are refused with more than that.
pub(crate) const REFUSED: &[(&str, &str)] = &[
    ("secluded-args", ": add --no-secluded-args"),
    ("protect-args", ": add --no-secluded-args"),
    ("copy-links", ": links lead where they lead; copy them as links"),
    ("copy-unsafe-links", ": links may lead out of the tree"),
    ("copy-dirlinks", ": links may lead out of the tree"),
    ("keep-dirlinks", ": links may lead out of the tree"),
    ("rsync-path", ": the server chooses its rsync"),
    ("rsh", ": no program is run for a client"),
    ("daemon", ": there is no daemon here"),
    ("config", ": there is no daemon here"),
    ("copy-devices", ": a device is not read"),
    ("write-devices", ": a device is not written to"),
];

/// Letters without a value, of which several may stand in one word.
pub(crate) const LETTERS: &[u8] = b"ACDEHIJNORSUWXbcdgilmnopqrtuvxyz";

/// Letters that are refused with more than that.
pub(crate) const REFUSED_LETTERS: &[(u8, &str)] = &[
    (b'L', " (--copy-links): links lead where they lead; copy them as links"),
    (b'k', " (--copy-dirlinks): links may lead out of the tree"),
    (b'K', " (--keep-dirlinks): links may lead out of the tree"),
    (b'M', " (--remote-option)"),
];
