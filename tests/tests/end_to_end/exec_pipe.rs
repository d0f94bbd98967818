//! The pipe to a remote program: bytes, ends, and what happens to the caller's descriptors.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::process::Signal;
use xssh_tests::noise::Noise;
use xssh_tests::over_both_routes;
use xssh_tests::subject::Subject;
use xssh_tests::world::{HOST, World};

over_both_routes!(output_and_errors_stay_apart, input_ends_before_output, output_ends_before_input, gone_reader);

/// What must happen at once may take this long on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(20);

fn output_and_errors_stay_apart(world: &World) {
    let command = "for i in $(seq 300); do printf '%01000d' $i; printf '%0999d\\n' $i >&2; done";
    let outcome = world.home.xssh(&[HOST, command]).run().ok();
    let expected: String = (1..=300).map(|i| format!("{i:01000}")).collect();
    assert!(outcome.text() == expected, "{outcome}");
    let expected: String = (1..=300).map(|i| format!("{i:0999}\n")).collect();
    assert!(outcome.errors() == expected, "{outcome}");
}

/// A program that answers only once its input has ended.
fn input_ends_before_output(world: &World) {
    let noise = Noise { seed: 1, length: 10_000_000 };
    let outcome = world.home.xssh(&[HOST, "sort | tail -c 100 >/dev/null; echo sorted"]);
    assert_eq!(outcome.input(noise.bytes()).run().ok().text(), "sorted\n");
}

/// A program that closes its output and goes on reading, and writing errors.
fn output_ends_before_input(world: &World) {
    let noise = Noise { seed: 2, length: 10_000_000 };
    let file = world.target.folder().join("received");
    let command = format!("exec >&-; cat >{}; echo received >&2; exit 3", file.display());
    let outcome = world.home.xssh(&[HOST, &command]).input(noise.bytes()).run().ends(3);
    assert_eq!(outcome.errors(), "received\n");
    noise.check(fs::File::open(file).expect("what was received"));
}

/// `xssh host yes | head -n 1`
fn gone_reader(world: &World) {
    let mut running = world.home.xssh(&[HOST, "yes"]).start();
    let stdin = running.stdin.take();
    let mut stdout = running.stdout.take().expect("a pipe");
    stdout.read_exact(&mut [0; 2]).expect("a line");
    drop(stdout);
    let gone = Instant::now();
    let outcome = running.wait();
    assert!(gone.elapsed() < AT_ONCE, "{outcome}");
    drop(stdin);
}

/// `yes | xssh host head -n 1`
#[test]
fn gone_remote_reader() {
    let world = World::direct();
    let mut running = world.home.xssh(&[HOST, "head -n 1"]).start();
    let mut stdin = running.stdin.take().expect("a pipe");
    let writer = thread::spawn(move || while stdin.write_all(b"yes\n").is_ok() {});
    let outcome = running.finish().ok();
    assert_eq!(outcome.text(), "yes\n");
    assert!(outcome.took < AT_ONCE, "{outcome}");
    writer.join().expect("the writer");
}

/// The caller holds its end of standard input and says nothing.
/// The program ends when more input waits than its window takes: whatever the moment, so do we.
#[test]
fn a_program_that_ends_before_its_input_does() {
    let world = World::direct();
    let input = world.home.path().join("input");
    fs::write(&input, Noise { seed: 8, length: 20_000_000 }.bytes()).expect("a file");
    for _ in 0..8 {
        let file = fs::File::open(&input).expect("the file");
        let command = "head -c 9000000 > /dev/null; exit 7";
        let outcome = world.home.xssh(&[HOST, command]).stdin(file).run().ends(7);
        assert!(outcome.took < AT_ONCE, "{outcome}");
    }
}

#[test]
fn silent_open_input_does_not_hold_up_the_end() {
    let world = World::direct();
    let mut running = world.home.xssh(&[HOST, "echo done"]).start();
    let stdin = running.stdin.take();
    let outcome = running.finish().ok();
    assert_eq!(outcome.text(), "done\n");
    drop(stdin);
}

#[test]
fn errors_after_the_end_of_output() {
    let world = World::direct();
    let command = "echo out; exec >&-; sleep 1; seq 100000 >&2";
    let outcome = world.home.xssh(&[HOST, command]).run().ok();
    assert_eq!(outcome.text(), "out\n");
    let expected: String = (1..=100_000).map(|i| format!("{i}\n")).collect();
    assert!(outcome.errors() == expected, "{outcome}");
}

/// Joined with single spaces and not quoted again; bytes need not be UTF-8.
#[test]
fn words_of_the_command() {
    let world = World::direct();
    let call = world.home.xssh(&[HOST, "printf", "'[%s]'", "a  b", "'c  d'", "", "\"$((1+1))\""]);
    assert_eq!(call.run().ok().text(), "[a][b][c  d][2]");
    let call = world.home.xssh(&[HOST, "printf %s"]).arg(OsStr::from_bytes(b"'\xff\xfe \n\t\x01'"));
    assert_eq!(call.run().ok().stdout, b"\xff\xfe \n\t\x01");
    let long = "x".repeat(100_000);
    assert_eq!(world.home.xssh(&[HOST, "echo", &long]).run().ok().stdout.len(), 100_001);
}

#[test]
fn closed_standard_descriptors() {
    let world = World::direct();
    for (closed, printed) in [("<&-", "out\n"), (">&-", ""), ("<&- >&- 2>&-", "")] {
        let script = format!("exec \"$@\" {closed}");
        let config = world.home.config();
        let call = world.home.call("sh").args(["-c", &script, "sh"]).arg(&Subject::get().path);
        let outcome = call.arg("-F").arg(config).args([HOST, "echo out; exit 7"]).run();
        assert_eq!(outcome.text(), printed, "{closed}: {outcome}");
        assert!(matches!(outcome.code(), Some(7 | 255)), "{closed}: {outcome}");
    }
}

/// rsync gives a socket that is non-blocking as standard output and reads it when it likes.
#[test]
fn non_blocking_socket_as_output() {
    let world = World::direct();
    let noise = Noise { seed: 4, length: 20_000_000 };
    let file = world.target.folder().join("noise");
    xssh_tests::tree::plant_file(&file, noise);
    for nonblocking in [true, false] {
        let (theirs, mut ours) = UnixStream::pair().expect("a pair of sockets");
        theirs.set_nonblocking(nonblocking).expect("a flag");
        let kept = theirs.try_clone().expect("a descriptor");
        let command = format!("cat {}", file.display());
        let running = world.home.xssh(&[HOST, &command]).stdout(OwnedFd::from(theirs)).start();
        let reader = thread::spawn(move || {
            // Behind by more than any buffer of the kernel's.
            thread::sleep(Duration::from_secs(2));
            noise.check((&mut ours).take(noise.length));
            ours
        });
        let _ = running.wait().ok();
        let flags = fcntl_getfl(&kept).expect("flags");
        assert_eq!(flags.contains(OFlags::NONBLOCK), nonblocking, "the flags were not given back");
        drop(kept);
        let mut ours = reader.join().expect("the reader");
        assert_eq!(ours.read(&mut [0]).expect("the end"), 0, "more than was sent");
    }
}

#[test]
fn flags_of_descriptors_survive_a_signal() {
    let world = World::direct();
    for nonblocking in [true, false] {
        let (theirs, ours) = UnixStream::pair().expect("a pair of sockets");
        theirs.set_nonblocking(nonblocking).expect("a flag");
        let [stdin, stdout, stderr] = [(); 3].map(|()| OwnedFd::from(theirs.try_clone().expect("a descriptor")));
        let call = world.home.xssh(&[HOST, "echo up; sleep 100"]);
        let running = call.stdin(stdin).stdout(stdout).stderr(stderr).start();
        (&ours).read_exact(&mut [0; 3]).expect("a line");
        running.signal(Signal::TERM);
        let _ = running.wait();
        let flags = fcntl_getfl(&theirs).expect("flags");
        assert_eq!(flags.contains(OFlags::NONBLOCK), nonblocking, "the flags were not given back");
    }
}

/// cvs leaks descriptors into its remote shell; one held open would keep its reader waiting.
#[test]
fn leaked_descriptors_are_closed() {
    let world = World::direct();
    let (leaked, mut ours) = UnixStream::pair().expect("a pair of sockets");
    ours.set_read_timeout(Some(AT_ONCE)).expect("a time-out");
    // The shell has it as its standard input and passes it on as 7 and 63.
    let script = "exec 7<&0 63<&0 </dev/null; exec \"$@\"";
    let call = world.home.call("bash").args(["-c", script, "sh"]).arg(&Subject::get().path);
    let call = call.arg("-F").arg(world.home.config()).args([HOST, "echo up; sleep 100"]);
    let mut running = call.stdin(OwnedFd::from(leaked)).start();
    let mut stdout = running.stdout.take().expect("a pipe");
    stdout.read_exact(&mut [0; 3]).expect("a line");
    assert_eq!(ours.read(&mut [0]).expect("the end of the leaked socket"), 0);
}

#[test]
fn signals_end_it() {
    let world = World::direct();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut running = world.home.xssh(&[HOST, "echo up; exec sleep 100"]).start();
        let stdin = running.stdin.take();
        let stdout = running.stdout.as_mut().expect("a pipe");
        stdout.read_exact(&mut [0; 3]).expect("a line");
        running.signal(signal);
        let sent = Instant::now();
        let _ = running.finish().ends(255);
        assert!(sent.elapsed() < AT_ONCE, "{signal:?} took {:?}", sent.elapsed());
        drop(stdin);
    }
}
