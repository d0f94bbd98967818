//! Faults for real: processes that are killed at a given byte, calls of the system that fail, files that may not grow. The
//! target is usable after each, and the next run ends what this one began.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use xssh_tests::call::{Call, Outcome};
use xssh_tests::peer;
use xssh_tests::terminal::Terminal;

use super::{Noise, Subject, World, assert_alike, on_host, sync, sync_by, text};

/// Files by path; what is staged is no file.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.file_name().is_some_and(|name| name.as_bytes().starts_with(b".xssh-staged-")) {
                let bytes = fs::read(&path).expect("a file");
                files.insert(path.strip_prefix(root).expect("a path below").to_owned(), bytes);
            }
        }
    }
    files
}

/// A source, and a target that has old versions of what is there.
fn prepare(world: &World, large: u64) -> [PathBuf; 2] {
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    for (root, version) in [(&here, 10), (&there, 20)] {
        fs::create_dir_all(root.join("d/e")).expect("a folder");
        for number in 0..12 {
            let bytes = Noise { seed: version + number, length: 100 * (number + 1) + version }.bytes();
            fs::write(root.join(format!("d/{number}")), bytes).expect("a file");
        }
        fs::write(root.join("d/e/large"), Noise { seed: version, length: large + version }.bytes()).expect("a file");
    }
    fs::write(there.join("d/gone"), "gone").expect("a file");
    [here, there]
}

/// Every file is old or new and whole; what is to go may be gone.
fn assert_usable(old: &BTreeMap<PathBuf, Vec<u8>>, new: &BTreeMap<PathBuf, Vec<u8>>, there: &Path, what: &str) {
    let now = files(there);
    for path in old.keys().chain(new.keys()).chain(now.keys()) {
        let now = now.get(path);
        let may_lack = !old.contains_key(path) || !new.contains_key(path);
        let is_right = now.map_or(may_lack, |now| old.get(path) == Some(now) || new.get(path) == Some(now));
        assert!(is_right, "{}: neither old nor new after {what}", path.display());
    }
}

/// Either end is killed when so many bytes went to the helper or came from it, until a run gets through.
#[test]
fn either_end_is_killed_at_a_byte() {
    let world = World::direct();
    let [here, there] = prepare(&world, 3_000_000);
    let own = text(&Subject::get().path);
    let folder = text(world.home.path());
    let (old, new) = (files(&there), files(&here));
    for (round, bytes) in [300, 700, 1_100, 40_000, 900_000, 2_100_000, 2_900_000].into_iter().enumerate() {
        // The helper gets no more than so many bytes, and is killed then. Its own end is the end of the fifo.
        let target = format!(
            "sh -c 'mkfifo {folder}/f{round}; {own} serve --sync < {folder}/f{round} & p=$!; stdbuf -o0 head -c {bytes} > {folder}/f{round}; kill -9 $p'; :"
        );
        let _ = sync_by(
            &world,
            &target,
            &["--delete", "--no-compress", "--connections", "1", text(&here), &on_host(&there)],
        )
        .run();
        assert_usable(&old, &new, &there, &format!("{bytes} bytes to a killed target"));
        // Nobody is left who holds the target.
        super::wait_until(|| {
            Call::new(peer::require("flock")).args(["-n", text(&there), "true"]).run().code() == Some(0)
        });
        // The client has the target; it is killed when the helper has said so much.
        let mark = world.home.path().join(format!("pid{round}"));
        let source = format!(
            "sh -c '{own} serve --sync | {{ stdbuf -o0 head -c {bytes}; until [ -s {0} ]; do :; done; kill -9 $(cat {0}); }}'; :",
            text(&mark)
        );
        let back = [on_host(&here), text(&there).to_owned()];
        let running =
            sync_by(&world, &source, &["--delete", "--no-compress", "--connections", "1", &back[0], &back[1]]).start();
        fs::write(&mark, running.pid().to_string()).expect("a mark");
        let _ = running.wait();
        assert_usable(&old, &new, &there, &format!("{bytes} bytes from a source to a killed client"));
    }
    let _ = sync(&world, &["--delete", text(&here), &on_host(&there)]).run().ok();
    assert_alike(&here, &there);
    assert_eq!(super::staged(&there.join("d/e")), None);
}

/// Half of a large file that replaces another has come when the target is killed: the next run brings the other half.
#[test]
fn a_killed_change_of_a_large_file_is_gone_on_with() {
    const LENGTH: u64 = 64 << 20;
    let world = World::direct();
    let [here, there, counted] = ["here", "there", "counted"].map(|name| world.home.path().join(name));
    for (seed, root) in [(1, &here), (2, &there)] {
        fs::create_dir(root).expect("a folder");
        fs::write(root.join("image"), Noise { seed, length: LENGTH }.bytes()).expect("a file");
    }
    let (own, folder) = (text(&Subject::get().path), text(world.home.path()));
    // On a busy machine the line may look long: what counts bytes is there once.
    let args = ["--checksum", "--no-compress", "--connections", "1", text(&here), &on_host(&there)];
    let killed = format!(
        "sh -c 'mkfifo {folder}/f; {own} serve --sync < {folder}/f & p=$!; stdbuf -o0 head -c {} > {folder}/f; kill -9 $p'; :",
        LENGTH / 2
    );
    let _ = sync_by(&world, &killed, &args).run();
    let old = fs::read(there.join("image")).expect("the old file");
    assert!(old == (Noise { seed: 2, length: LENGTH }.bytes()), "the old file changed");
    super::wait_until(|| Call::new(peer::require("flock")).args(["-n", text(&there), "true"]).run().code() == Some(0));
    let tee = format!("sh -c 'tee {} | {own} serve --sync'; :", text(&counted));
    let _ = sync_by(&world, &tee, &args).run().ok();
    assert_alike(&here, &there);
    assert_eq!(super::staged(&there), None);
    let bytes = fs::metadata(&counted).expect("what travelled").len();
    assert!((LENGTH / 2..LENGTH / 2 + (4 << 20)).contains(&bytes), "{bytes} bytes");
}

/// Calls of the system fail, one at a time: what failed is told, the old file stays, and the next run has it.
#[test]
fn calls_that_fail() {
    let world = World::direct();
    let own = &Subject::get().path;
    let calls = "pwrite64 write read pread64 openat openat2 renameat renameat2 fchmod utimensat getdents64 statx unlinkat ftruncate";
    for call in calls.split(' ') {
        for when in [1, 3, 8] {
            let [here, there] = prepare(&world, 400_000);
            let (old, new) = (files(&there), files(&here));
            let inject = format!("inject={call}:error=EIO:when={when}");
            let strace = Call::new(peer::require("strace")).args(["-f", "-qq", "-o", "/dev/null", "-e", &inject]);
            let outcome = strace.arg(own).args(["sync", "--delete", text(&here), text(&there)]).run();
            assert_usable(&old, &new, &there, &inject);
            let is_told = outcome.code().is_some_and(|code| code != 0) && !outcome.stderr.is_empty();
            assert!(is_told || outcome.code() == Some(0) && files(&there) == new, "{inject}: {outcome}");
            let _ = Call::new(own).args(["sync", "--delete", text(&here), text(&there)]).run().ok();
            assert_alike(&here, &there);
            fs::remove_dir_all(&here).expect("a folder");
            fs::remove_dir_all(&there).expect("a folder");
        }
    }
}

/// A disk on the network, and a quota, say only at the end that what was written is not there: whatever is told not to be done
/// has not got its name.
#[test]
fn errors_that_come_late() {
    let world = World::direct();
    let own = &Subject::get().path;
    let cases = [
        // The loader of programs closes what it loads, in the first thread.
        ("close:error=EIO:when=6+", "Input/output error", &[][..]),
        ("close:error=EDQUOT:when=6+", "quota exceeded", &["--inplace"]),
        ("fsync,fdatasync:error=ENOSPC", "No space left", &["--fsync"]),
        ("fsync,fdatasync:error=EIO", "Input/output error", &["--fsync", "--inplace"]),
        ("syncfs:error=ENOSPC", "No space left", &["--fsync"]),
    ];
    for (inject, words, options) in cases {
        let [here, there] = prepare(&world, 400_000);
        fs::create_dir(here.join("new")).expect("a folder");
        for number in 0..100 {
            fs::write(here.join(format!("new/{number}")), "new").expect("a file");
        }
        let (old, new) = (files(&there), files(&here));
        let strace = Call::new(peer::require("strace")).args(["-f", "-qq", "-o", "/dev/null", "-e"]);
        let strace = strace.arg(format!("inject={inject}")).arg(own).arg("sync").args(options);
        let outcome = strace.args([text(&here), text(&there)]).run();
        // Where the last word on the whole disk is a bad one, the side cannot go on.
        let outcome = outcome.ends(if inject.starts_with("syncfs") { 11 } else { 23 }).says(words);
        let now = files(&there);
        let told: Vec<&Path> = new.keys().map(PathBuf::as_path).filter(|path| is_told(&outcome, path)).collect();
        assert!(!told.is_empty() || inject.starts_with("syncfs"), "{inject}: {outcome}");
        let is_in_place = |path: &Path| options.contains(&"--inplace") && old.contains_key(path);
        for path in told.iter().filter(|path| !is_in_place(path)) {
            assert_eq!(now.get(*path), old.get(*path), "{inject}: {} got its name all the same", path.display());
        }
        let _ = Call::new(own).args(["sync", "--delete", "--checksum", text(&here), text(&there)]).run().ok();
        assert_alike(&here, &there);
        fs::remove_dir_all(&here).expect("a folder");
        fs::remove_dir_all(&there).expect("a folder");
    }
}

/// Whether a problem with this path was told.
fn is_told(outcome: &Outcome, path: &Path) -> bool {
    let path = format!("xssh: {}", path.display());
    outcome.errors().lines().any(|line| line.strip_prefix(&path).is_some_and(|rest| rest.starts_with([' ', ':'])))
}

/// The close of a large file is told to fail, and no other.
#[test]
fn a_large_file_whose_close_fails() {
    let world = World::direct();
    let own = &Subject::get().path;
    let [here, there] = prepare(&world, 400_000);
    // Its third component, and FNV-1a of "large".
    let partial = there.join("d/e/.xssh-staged-part-3-b0408fec4209f8d4");
    let strace = Call::new(peer::require("strace")).args(["-f", "-qq", "-o", "/dev/null", "-P", text(&partial), "-e"]);
    let strace = strace.arg("inject=close:error=EDQUOT").arg(own);
    let outcome =
        strace.args(["sync", "--whole-file", text(&here), text(&there)]).run().ends(23).says("quota exceeded");
    assert!(is_told(&outcome, Path::new("d/e/large")), "{outcome}");
    assert_eq!(fs::read(there.join("d/e/large")).ok(), Some(Noise { seed: 20, length: 400_020 }.bytes()));
    assert_eq!(fs::read(there.join("d/1")).ok(), fs::read(here.join("d/1")).ok());
    assert_eq!(super::staged(&there.join("d/e")), None);
}

/// A write that is cut short, and the next that is refused: the old file stays.
#[test]
fn short_writes() {
    let world = World::direct();
    let [here, there] = prepare(&world, 3_000_000);
    let (old, new) = (files(&there), files(&here));
    // Ignored, the signal becomes an error of the call.
    let helper =
        format!("sh -c 'trap \"\" XFSZ; ulimit -f 2000; exec {} serve --sync'; :", Subject::get().path.display());
    let outcome = sync_by(&world, &helper, &["--delete", text(&here), &on_host(&there)]).run().ends(23);
    let _ = outcome.says("File too large");
    assert_usable(&old, &new, &there, "a file that may not grow");
    assert_eq!(fs::read(there.join("d/e/large")).ok().as_ref(), old.get(Path::new("d/e/large")));
    let _ = sync(&world, &["--delete", text(&here), &on_host(&there)]).run().ok();
    assert_alike(&here, &there);
}

/// Contents are on the disk before they get their name, and everything is before the run says that it is done.
#[test]
fn trap_11_contents_before_names_and_names_before_the_claim() {
    let world = World::direct();
    let [here, there] = prepare(&world, 400_000);
    let log = world.home.path().join("calls");
    let trace = "trace=fsync,fdatasync,syncfs,renameat,renameat2,rename";
    let strace = Call::new(peer::require("strace")).args(["-f", "-y", "-qq", "-o", text(&log), "-e", trace]);
    let _ = strace.arg(&Subject::get().path).args(["sync", "--fsync", text(&here), text(&there)]).run().ok();
    let log = fs::read_to_string(log).expect("a log");
    let mut flushed = std::collections::HashSet::new();
    let mut named = 0;
    let mut claimed = false;
    for line in log.lines() {
        let staged = line.split([' ', '"', '/', '>', '<']).find(|word| word.starts_with(".xssh-staged-"));
        match staged {
            Some(staged) if line.contains("sync(") => drop(flushed.insert(staged.to_owned())),
            Some(staged) if line.contains("rename") => {
                assert!(flushed.contains(staged), "{line} came before its contents were on the disk");
                (named, claimed) = (named + 1, false);
            }
            _ => claimed |= line.contains("syncfs("),
        }
    }
    assert!(named == 13 && claimed, "{named} names, and everything on the disk behind them: {claimed}\n{log}");
}

/// Names that would steer a terminal are shown as what they are.
#[test]
fn trap_12_names_on_a_terminal() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    let names =
        [&b"\x1b]0;evil title\x07"[..], b"\x1b[31mred", b"line\rback", b"\xe2\x80\xaegnp.exe", b"\xc2\x9b2J", b"\xff"];
    for name in names {
        fs::write(here.join(std::ffi::OsStr::from_bytes(name)), "x").expect("a file");
    }
    // One that cannot become a file, because a directory is there: it is named as a problem.
    fs::create_dir_all(there.join(std::ffi::OsStr::from_bytes(names[1])).join("in")).expect("a folder");
    let mut terminal = Terminal::new();
    let words = [Terminal::owner().to_vec(), vec![Subject::get().path.clone().into_os_string()]].concat();
    let mut words = words.into_iter();
    let call = world.home.call(words.next().unwrap_or_default()).args(words);
    let args = ["sync", "--itemize", "--contents", text(&here), text(&there)].map(OsString::from);
    let running = terminal.start(call.args(args));
    terminal.wait_for("a directory is in its place");
    terminal.wait_for("changed");
    let _ = running.wait();
    let seen = terminal.seen();
    for bad in ["\x1b]0;", "\x1b[31m", "\rback", "\u{202e}", "\u{9b}", "\x07"] {
        assert!(!seen.contains(bad), "{bad:?} reached the terminal: {seen:?}");
    }
    assert!(seen.contains("evil title") && seen.contains("red"), "{seen:?}");
}
