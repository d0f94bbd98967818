//! A file of this thread's own for parsers that read files, and a runtime for those that wait.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static FOLDER: TempDir = tempfile::Builder::new().tempdir_in(memory()).expect("a folder");
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
}

/// Files are written thousands of times a second.
fn memory() -> &'static Path {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory } else { Path::new("/tmp") }
}

/// Runs `use_it` with a folder that lives as long as this thread.
pub(super) fn folder<T>(use_it: impl FnOnce(&Path) -> T) -> T {
    FOLDER.with(|folder| use_it(folder.path()))
}

/// Runs `use_it` with a file that holds `data` and that nobody else may read.
pub(super) fn file<T>(name: &str, data: &[u8], use_it: impl FnOnce(&Path) -> T) -> T {
    folder(|folder| {
        let path = folder.join(name);
        fs::write(&path, data).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
        use_it(&path)
    })
}

/// Runs `future` to its end.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.with(|runtime| runtime.block_on(future))
}
