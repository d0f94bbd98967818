//! The trees that rules are tried on.

use std::io;
use std::path::{Path, PathBuf};

use xssh_filter::{Directory, MergeFiles, RuleFiles};

pub(crate) const NAMES: [&str; 24] = [
    "foo",
    "bar",
    "x.o",
    "y.o~",
    "tags",
    "a/foo",
    "a/bar",
    "a/x.o",
    "a/b/c",
    "a/b/foo",
    "a/b/x.o",
    "b/a/foo",
    "b/foo/bar",
    "b/c/d/e",
    "deep/a/b/c/d",
    "deep/foo/x.o",
    "foo.d/foo",
    "foo.d/a",
    "we*ird/a[b]",
    "we*ird/back\\slash",
    "sp ace/- foo",
    ".git/config",
    "abab/aa",
    "CVS/Root",
];

/// The rule files, the same at both ends.
const RULES: [(&str, &str); 12] = [
    (".r", "- *.o\n"),
    ("a/.r", "+ x.o\n- /foo\n# comment\n"),
    ("a/b/.r", "!\n- c\n"),
    ("b/.r", "P bar\n: .nested\n"),
    ("b/c/.nested", "- d\n"),
    ("deep/.r", "- a/b\n-p x.o\n"),
    ("we*ird/.r", "- /a*\n"),
    (".cvsignore", "foo bar\n"),
    ("b/.cvsignore", "! c"),
    ("foo.d/.sided", "- a\n"),
    ("inner", "- /foo\n"),
    ("deep/.in", ". ./.r\n. inner\n"),
];

pub(crate) fn build(dir: &Path) {
    std::fs::create_dir(dir.join("empty")).unwrap();
    for side in ["src", "dst"] {
        let root = dir.join(side);
        for (name, text) in NAMES.iter().map(|name| (*name, "")).chain(RULES) {
            put(&root.join(name), text);
        }
    }
    for name in
        ["gone", "a/gone.o", "old/a/foo", "old/x.o", "old/deep/c", "b/c/d/gone", "foo.d/old/foo", "oldtags/tags"]
    {
        put(&dir.join("dst").join(name), "");
    }
    put(&dir.join(".r"), "- /src/tags\n- /dst/tags\n- c\n");
    put(&dir.join("list"), "- foo\n+ bar\n\n# note\n;note\n- /a/b\r\n");
    put(&dir.join("words"), "foo x.o  ! bar");
    put(&dir.join("null"), "foo\0*.o\0#x\0");
    put(&dir.join("sided"), "H foo\n");
}

fn put(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Reads below a directory.
pub(crate) struct Files(pub(crate) PathBuf);

impl RuleFiles for Files {
    fn read(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        std::fs::read(self.0.join(String::from_utf8_lossy(name).as_ref()))
    }
}

impl MergeFiles for Files {
    fn read(&self, directory: Directory<'_>, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let (Directory::Inside(path) | Directory::Above(path)) = directory;
        let path = self.0.join(String::from_utf8_lossy(path).as_ref());
        match std::fs::read(path.join(String::from_utf8_lossy(name).as_ref())) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
