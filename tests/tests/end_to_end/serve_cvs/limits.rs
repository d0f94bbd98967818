//! How much a key may add to a repository.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::{Duration, Instant};

use xssh_tests::noise::Noise;

use super::Gated;
use crate::over_both_servers;
use crate::served::Front;

over_both_servers!(
    no_larger_file_reaches_cvs_than_may_be_sent,
    a_commit_is_taken_whole_or_not_at_all,
    an_import_has_room_for_its_files,
    commits_at_once_have_one_quota_together,
    a_program_of_the_repository_is_ended_over_the_quota,
    a_program_of_the_repository_writes_no_file_without_bound,
    what_passes_is_held_to_its_rate,
    what_is_full_can_be_read,
);

/// The bytes of the repository, and its entries.
fn usage<F: Front>(gated: &Gated<F>) -> (u64, u64) {
    let repository = gated.repository();
    let all = gated.snapshot();
    let inside: Vec<_> = all.iter().filter(|(path, _)| path.starts_with(&repository)).collect();
    (inside.iter().map(|(_, (_, contents))| contents.len() as u64).sum(), inside.len() as u64)
}

/// What the options say, counted from what the repository holds.
fn more<F: Front>(gated: &Gated<F>, bytes: u64, entries: u64) -> String {
    let (has, names) = usage(gated);
    format!("--quota {} --max-files {}", has + bytes, names + entries)
}

fn granted<F: Front>(bytes: u64, entries: u64) -> Gated<F> {
    let gated = Gated::<F>::with_nothing();
    // What the gate itself adds for a name, and cvs for a checkout.
    let other = gated.key("other");
    gated.grant(&other, "--name alice");
    let _ = gated.cvs_with(&other, ".", &["-Q", "checkout", "-d", "before", "project"]).run().ok();
    let options = more(&gated, bytes, entries);
    gated.grant(gated.home.key(), &format!("{options} --name alice"));
    gated.check_out();
    gated
}

fn write<F: Front>(gated: &Gated<F>, name: &str, length: u64) {
    fs::write(gated.here("copy").join(name), Noise { seed: length, length }.bytes()).expect("a file");
}

fn no_larger_file_reaches_cvs_than_may_be_sent<F: Front>() {
    let gated = Gated::<F>::with("--max-file-size 5000 --name alice");
    gated.check_out();
    let before = gated.snapshot();
    write(&gated, "README", 5001);
    for args in [&["commit", "-m", "x"][..], &["diff"], &["update"]] {
        let outcome = gated.cvs("copy", args).run();
        gated.assert_refused(&outcome, "README has 5001 bytes, and a file of this key's may have 5000");
    }
    assert_eq!(gated.snapshot(), before);
    write(&gated, "README", 5000);
    let _ = gated.done("copy", &["-Q", "commit", "-m", "x"]);
    let last = gated.journal().pop().expect("a line");
    assert_eq!((&last["files"], &last["bytes"]), (&1.into(), &5000.into()), "{last}");
    // What the client announces is all that is believed, and all that is passed on.
    let words = "Directory .\nproject\nModified x\nu=rw\n5001\n";
    let outcome = gated.say(&format!("{words}{}noop\n", "x".repeat(5001)));
    gated.assert_refused(&outcome, "x has 5001 bytes");
    assert!(outcome.text().ends_with("error  \n"), "{outcome}");
}

fn a_commit_is_taken_whole_or_not_at_all<F: Front>() {
    let gated = granted::<F>(30_000, 5);
    let before = gated.snapshot();
    write(&gated, "README", 15_000);
    write(&gated, "src/main.c", 15_000);
    let outcome = gated.cvs("copy", &["commit", "-m", "x"]).run();
    gated.assert_refused(&outcome, "there is no room for this much: the repository has ");
    assert_eq!(gated.snapshot().keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "a lock is left");
    let (has, _) = usage(&gated);
    let _ = gated.done("copy", &["-Q", "commit", "-m", "x", "README"]);
    assert!(usage(&gated).0 > has + 14_000);
    // What a client has sent and not committed is still there for its next command.
    let sent = format!(
        "Directory .\nproject\nEntry /README/1.2///\nModified README\nu=rw\n16000\n{}update\nArgument -m\nArgument x\nArgument README\nci\n",
        "x".repeat(16_000)
    );
    gated.assert_refused(&gated.say(&sent), "there is no room for this much");
    for number in 0..6 {
        write(&gated, &format!("new{number}"), 10);
    }
    let names: Vec<String> = (0..6).map(|number| format!("new{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let outcome = gated.cvs("copy", &[&["-Q", "add"], &names[..]].concat()).run();
    gated.assert_refused(&outcome, "this may add ");
    let _ = gated.done("copy", &[&["-Q", "add"], &names[..4]].concat());
    let outcome = gated.cvs("copy", &["-Q", "commit", "-m", "x"]).run();
    gated.assert_refused(&outcome, "there is no room for this much");
    fs::remove_file(gated.here("copy/src/main.c")).expect("a file");
    let _ = gated.done("copy", &["-Q", "update", "src/main.c"]);
    let _ = gated.done("copy", &["-Q", "commit", "-m", "x"]);
}

fn an_import_has_room_for_its_files<F: Front>() {
    let gated = granted::<F>(100_000, 20);
    let folder = gated.here("imported");
    fs::create_dir(&folder).expect("a folder");
    for number in 0..30 {
        fs::write(folder.join(format!("f{number}")), "x").expect("a file");
    }
    let args = ["-Q", "import", "-m", "x", "new", "v", "r"];
    gated.assert_refused(&gated.cvs("imported", &args).run(), "there is no room for this much");
    assert!(!gated.repository().join("new").exists());
    for number in 10..30 {
        fs::remove_file(folder.join(format!("f{number}"))).expect("a file");
    }
    let _ = gated.done("imported", &args);
    assert_eq!(fs::read_dir(gated.repository().join("new")).expect("a folder").count(), 10);
}

fn commits_at_once_have_one_quota_together<F: Front>() {
    let gated = Gated::<F>::with_nothing();
    let hold = gated.repository().join("CVSROOT/hold");
    let here = gated.server.folder().join("here");
    // Each commit waits until all have been judged.
    let body = format!(
        "#!/bin/sh\nn=0; while [ ! -e {} ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done\n",
        here.display()
    );
    fs::write(&hold, body).expect("a script");
    fs::set_permissions(&hold, fs::Permissions::from_mode(0o755)).expect("a script");
    gated.administer("commitinfo", &format!("ALL {}\n", hold.display()));
    let options = more(&gated, 100_000, 100);
    gated.grant(gated.home.key(), &format!("{options} --name alice"));
    for name in ["README", "src/main.c"] {
        let copy = format!("copy-{}", name.len());
        let _ = gated.done(".", &["-Q", "checkout", "-d", &copy, "project"]);
        fs::write(gated.here(&copy).join(name), Noise { seed: 1, length: 60_000 }.bytes()).expect("a file");
    }
    let one = gated.cvs("copy-6", &["-Q", "commit", "-m", "x", "README"]).start();
    let late = Instant::now() + Duration::from_secs(60);
    // It has been judged when it has its program.
    while !fs::read_dir("/proc").expect("/proc").any(|entry| runs(&entry.expect("an entry").path(), &hold)) {
        assert!(Instant::now() < late, "the first commit never came so far");
        thread::sleep(Duration::from_millis(20));
    }
    let outcome = gated.cvs("copy-10", &["-Q", "commit", "-m", "x", "src/main.c"]).run();
    gated.assert_refused(&outcome, "there is no room for this much");
    fs::write(here, "").expect("a file");
    let _ = one.finish().ok();
}

fn runs(process: &std::path::Path, program: &std::path::Path) -> bool {
    let words = fs::read(process.join("cmdline")).unwrap_or_default();
    let name = program.as_os_str().as_encoded_bytes();
    words.windows(name.len()).any(|window| window == name)
}

/// A script that runs before each commit.
fn before_commits<F: Front>(gated: &Gated<F>, body: &str) {
    let path = gated.repository().join("CVSROOT/before");
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script");
    gated.administer("commitinfo", &format!("ALL {}\n", path.display()));
}

fn a_program_of_the_repository_is_ended_over_the_quota<F: Front>() {
    let gated = Gated::<F>::with_nothing();
    let folder = gated.repository().join("project");
    let write = format!("head -c 20000 /dev/zero > {}/filler$n", folder.display());
    before_commits(&gated, &format!("n=0; while [ $n -lt 3000 ]; do {write}; n=$((n+1)); sleep 0.02; done"));
    let options = more(&gated, 500_000, 100_000);
    gated.grant(gated.home.key(), &format!("{options} --name alice"));
    gated.check_out();
    fs::write(gated.here("copy/README"), "changed\n").expect("a file");
    let outcome = gated.cvs("copy", &["commit", "-m", "x"]).run();
    gated.assert_refused(&outcome, "bytes, and this key may have ");
    let filled = fs::read_dir(&folder).expect("a folder").count();
    assert!(filled < 3000, "{filled}");
    // The server has cleared up, and its program has ended too.
    let names: Vec<_> = gated.snapshot().into_keys().collect();
    assert!(!names.iter().any(|path| path.to_string_lossy().contains("#cvs.")), "{names:?}");
    thread::sleep(Duration::from_millis(500));
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), filled, "the program goes on");
    let log = gated.locally("repository", &["-q", "rlog", "-h", "project/README"]).text();
    assert!(log.contains("head: 1.1\n"), "{log}");
}

fn a_program_of_the_repository_writes_no_file_without_bound<F: Front>() {
    let gated = Gated::<F>::with_nothing();
    let large = gated.repository().join("project/large");
    before_commits(&gated, &format!("head -c 90000000 /dev/zero > {} || echo it could not; exit 1", large.display()));
    gated.grant(gated.home.key(), "--quota 20000000 --name alice");
    gated.check_out();
    fs::write(gated.here("copy/README"), "changed\n").expect("a file");
    let outcome = gated.cvs("copy", &["commit", "-m", "x"]).run();
    let outcome = outcome.says("File too large");
    assert!(outcome.text().contains("it could not"), "{outcome}");
    assert_eq!(fs::metadata(large).expect("a file").len(), 20_000_000);
}

fn what_passes_is_held_to_its_rate<F: Front>() {
    let gated = Gated::<F>::with("--rate 500k --name alice");
    gated.check_out();
    write(&gated, "large", 1_200_000);
    let _ = gated.done("copy", &["-Q", "add", "-kb", "large"]);
    let least = Duration::from_millis(2000);
    let began = Instant::now();
    let _ = gated.done("copy", &["-Q", "commit", "-m", "x"]);
    assert!(began.elapsed() > least, "{:?}", began.elapsed());
    let began = Instant::now();
    let _ = gated.done(".", &["-Q", "checkout", "-d", "second", "project"]);
    assert!(began.elapsed() > least, "{:?}", began.elapsed());
}

fn what_is_full_can_be_read<F: Front>() {
    let gated = Gated::<F>::with("--quota 1 --max-files 1 --name alice");
    gated.check_out();
    fs::write(gated.here("copy/README"), "").expect("a file");
    for args in [&["-q", "log"][..], &["-q", "status"], &["-q", "annotate"], &["-q", "update"]] {
        let _ = gated.done("copy", args);
    }
    for args in [&["-q", "tag", "x"][..], &["-q", "commit", "-m", "x"]] {
        gated.assert_refused(&gated.cvs("copy", args).run(), "there is no room for this much");
    }
}
