//! File systems inside a target, for as long as a test lasts.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::PoisonError;

use crate::pair::CHILDREN;

pub(crate) struct Mounted(PathBuf);

impl Mounted {
    /// Files in memory, no more than `size` of them.
    pub(crate) fn tmpfs(path: &Path, size: &str) -> Self {
        let option = format!("size={size}");
        call("mount", ["-t", "tmpfs", "-o", &option, "none"].map(OsStr::new).into_iter().chain([path.as_os_str()]));
        Self(path.to_owned())
    }

    /// Files in memory that have no extended attributes.
    pub(crate) fn ramfs(path: &Path) -> Self {
        call("mount", ["-t", "ramfs", "none"].map(OsStr::new).into_iter().chain([path.as_os_str()]));
        Self(path.to_owned())
    }

    /// A file system to which `a` and `A` are one name, in the file `image`.
    pub(crate) fn folding(path: &Path, image: &Path) -> Self {
        std::fs::File::create(image).unwrap().set_len(16 << 20).unwrap();
        call("mkntfs", [OsStr::new("-Fqq"), image.as_os_str()]);
        let option = [OsStr::new("-o"), OsStr::new("ignore_case")];
        call("lowntfs-3g", option.into_iter().chain([image.as_os_str(), path.as_os_str()]));
        Self(path.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _no_runs = CHILDREN.write().unwrap_or_else(PoisonError::into_inner);
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn call<'a>(program: &str, args: impl IntoIterator<Item = &'a OsStr>) {
    let _no_runs = CHILDREN.write().unwrap_or_else(PoisonError::into_inner);
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}
