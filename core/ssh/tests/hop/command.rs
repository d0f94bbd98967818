use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};
use xssh_ssh::hop::command::{Passed, Watch, dial, spawn};
use xssh_ssh::hop::{BoxedWire, HopError};

use crate::servers::{Port, target};
use crate::travel::talk;

fn run(command: &str) -> (BoxedWire, Watch) {
    spawn(Path::new("/bin/sh"), OsStr::new(command)).unwrap()
}

async fn output(command: &str) -> String {
    let (mut wire, _watch) = run(command);
    let mut text = String::new();
    timeout(Duration::from_secs(20), wire.read_to_string(&mut text)).await.unwrap().unwrap();
    text
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[tokio::test]
async fn nc_connects_us() {
    let (wire, _watch) = run(&format!("nc 127.0.0.1 {}", target()));
    talk(wire).await;
}

#[tokio::test]
async fn an_empty_shell_is_the_systems() {
    let (mut wire, _watch) = spawn(Path::new(""), OsStr::new("echo hello")).unwrap();
    let mut text = String::new();
    wire.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "hello\n");
}

#[tokio::test]
async fn shutting_down_ends_the_commands_input() {
    let (mut wire, _watch) = run("wc -c");
    wire.write_all(b"12345").await.unwrap();
    wire.shutdown().await.unwrap();
    let mut text = String::new();
    timeout(Duration::from_secs(20), wire.read_to_string(&mut text)).await.unwrap().unwrap();
    assert_eq!(text.trim(), "5");
    assert!(wire.write_all(b"more").await.is_err());
}

#[tokio::test]
async fn a_command_that_ends_says_how() {
    for (command, words) in [
        ("sh -c 'exit 3'", "exited with status 3"),
        ("no-such-program-here 2>/dev/null", "command not found"),
        ("sh -c 'kill -9 $$'", "killed by signal 9"),
    ] {
        let (mut wire, watch) = run(command);
        assert_eq!(wire.read(&mut [0; 8]).await.unwrap(), 0);
        let text = watch.ended().await.unwrap().to_string();
        assert!(text.contains(words) && text.contains(command.split('\'').next().unwrap()), "{text}");
    }
}

#[tokio::test]
async fn a_command_that_is_not_to_blame_is_not_blamed() {
    let (_wire, watch) = run("sleep 60");
    assert!(watch.ended().await.is_none(), "it still runs");

    let (wire, watch) = run("sleep 60");
    drop(wire);
    assert!(watch.ended().await.is_none(), "it was we who hung up");

    let (mut wire, watch) = run("true");
    assert_eq!(wire.read(&mut [0; 8]).await.unwrap(), 0);
    assert!(watch.ended().await.is_none(), "it ended well");
}

#[tokio::test]
async fn a_command_that_failed_is_told_of_when_its_wire_is_gone() {
    let (mut wire, watch) = run("sh -c 'exec >&-; sleep 0.1; exit 3'");
    assert_eq!(wire.read(&mut [0; 8]).await.unwrap(), 0);
    drop(wire);
    let text = watch.ended().await.unwrap().to_string();
    assert!(text.contains("exited with status 3"), "{text}");
}

#[tokio::test]
async fn a_missing_shell_is_named() {
    let result = spawn(Path::new("/no/such/shell"), OsStr::new("true")).map(|_| ());
    let text = result.unwrap_err().to_string();
    assert_eq!(text, "start the proxy command with /no/such/shell: No such file or directory");
}

#[tokio::test]
async fn the_command_starts_with_default_signals_and_without_our_descriptors() {
    let ignored = output("grep SigIgn /proc/self/status").await;
    let mask = u64::from_str_radix(ignored.split_whitespace().nth(1).unwrap(), 16).unwrap();
    assert_eq!(mask & 1 << (13 - 1), 0, "SIGPIPE is ignored: {ignored}");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ours");
    let _kept_open = std::fs::File::create(&path).unwrap();
    let open = output("ls -l /proc/self/fd").await;
    assert!(open.contains("pipe:") && !open.contains(path.to_str().unwrap()), "{open}");
}

/// Reads the process id that the command prints first.
async fn process_of(wire: &mut BoxedWire) -> String {
    let mut line = [0; 32];
    let count = wire.read(&mut line).await.unwrap();
    let id: u32 = std::str::from_utf8(&line[..count]).unwrap().trim().parse().unwrap();
    let process = format!("/proc/{id}");
    assert!(Path::new(&process).exists());
    process
}

/// Whether the process is gone, or only waits to be reaped.
fn is_over(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("{process}/status")).unwrap_or_default();
    status.is_empty() || status.contains("State:\tZ")
}

async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.expect("it did not come to pass");
}

#[tokio::test]
async fn the_command_is_hung_up_and_reaped_with_the_wire() {
    let (mut wire, watch) = run("sh -c 'echo $$; exec sleep 60'");
    let process = process_of(&mut wire).await;
    drop(wire);
    until(|| is_over(&process)).await;
    drop(watch);
    until(|| !Path::new(&process).exists()).await;
}

#[tokio::test]
async fn a_command_that_lingers_is_hung_up_with_its_watch() {
    let (mut wire, watch) = run("sh -c 'echo $$; exec sleep 60 >&-'");
    let process = process_of(&mut wire).await;
    assert_eq!(wire.read(&mut [0; 8]).await.unwrap(), 0);
    drop(wire);
    assert!(!is_over(&process));
    drop(watch);
    until(|| !Path::new(&process).exists()).await;
}

#[tokio::test]
async fn nc_passes_a_connection_back() {
    let command = format!("nc -F 127.0.0.1 {}", target());
    let passed = dial(Path::new("/bin/sh"), OsStr::new(&command), soon()).await.unwrap();
    assert!(matches!(&passed, Passed::Tcp(stream) if stream.nodelay().unwrap()));
    talk(passed.into()).await;
}

#[tokio::test]
async fn a_dialer_that_passes_nothing_back_is_named() {
    let nowhere = Port::free();
    for (command, words) in [
        (format!("nc -F 127.0.0.1 {} 2>/dev/null", nowhere.number), "exited with status 1"),
        ("sh -c 'echo hello; exec sleep 60'".to_owned(), "did not pass back a connection"),
    ] {
        let error = dial(Path::new("/bin/sh"), OsStr::new(&command), soon()).await.unwrap_err();
        assert!(matches!(&error, HopError::CommandEnded { how, .. } if how.contains(words)), "{error}");
    }
    let at_once = Instant::now() + Duration::from_millis(50);
    let late = dial(Path::new("/bin/sh"), OsStr::new("sleep 60"), at_once).await.unwrap_err();
    assert!(matches!(late, HopError::TimedOut { .. }), "{late}");
}
