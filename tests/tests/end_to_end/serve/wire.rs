//! Clients of rsync's that speak its protocol, and mean harm: what the system's rsync makes of it stays in the tree, takes bounded
//! memory, and comes to an end that the log tells. rsync.md of the facts names the classes; CVE numbers are rsync's.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use xssh_tests::call::Outcome;
use xssh_tests::hostile::rsync::{
    BLOCKS, CHARACTERS, Client, DIRECTORY, FILE, Head, LETTERS, LINK, VERSION, device, entry, entry_with_long_name,
    link,
};
use xssh_tests::noise::Noise;

use crate::over_every_front;
use crate::served::{Front, Served};
use crate::sync::wait_until;

over_every_front!(
    names_that_lead_out,
    a_link_is_sent_and_then_a_file_through_it,
    contents_that_are_none,
    kinds_of_files_that_are_not_granted,
    requests_that_are_none,
    rules_and_lists_that_name_files_outside,
    messages_and_pieces_that_are_none,
    noise_for_a_greeting_and_behind_it,
    sums_that_are_all_the_same,
    sessions_that_stop_in_the_middle,
    memory_for_what_never_comes,
);

/// How a client is served that is to be harmless.
const PUSH: &str = "";
const PULL: &str = "--sender ";

/// A tree with a directory `there`, in it the files `basis` and `zeros`, which a pull lists behind the directory.
fn tree<F: Front>(options: &str) -> Served<F> {
    let served = Served::<F>::with(options);
    let there = served.root().join("there");
    fs::create_dir(&there).expect("a folder");
    fs::write(there.join("basis"), vec![b'b'; 10_000]).expect("a file");
    fs::write(there.join("zeros"), vec![0; 3_000_000]).expect("a file");
    served.server.give(&there);
    served
}

fn command(role: &str) -> String {
    format!("rsync --server {role}{LETTERS} . there")
}

/// One session, which comes to its end, harms nobody, and is told of in the log.
#[track_caller]
fn session<F: Front>(served: &Served<F>, role: &str, client: Client) -> Outcome {
    asked(served, &command(role), client)
}

#[track_caller]
fn asked<F: Front>(served: &Served<F>, command: &str, client: Client) -> Outcome {
    let before = served.journal().len();
    let outcome = served.ask(command).input(client.bytes()).limit(Duration::from_secs(120)).run();
    served.assert_unharmed();
    served.assert_unlearned(&outcome);
    assert!(!outcome.errors().contains('\x1b'), "{outcome}");
    let lines = served.journal();
    assert_eq!(lines.len(), before + 1, "{outcome}");
    let (last, code) = (&lines[before], outcome.code().expect("an end"));
    assert_eq!((&last["kind"], &last["code"]), (&"rsync".into(), &code.into()), "{last}");
    if code != 0 {
        assert_eq!(last["verdict"], "failed", "{last}");
        let told = last["reason"].as_str().is_some_and(|reason| reason.starts_with("rsync ended"));
        assert!(told, "{last}");
    }
    outcome
}

/// Names of what is in the tree.
fn names<F: Front>(served: &Served<F>) -> Vec<String> {
    let entries = fs::read_dir(served.root().join("there")).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

const AS_IT_WAS: [&str; 2] = ["basis", "zeros"];

/// That our words are understood: without this no harm below would mean anything.
fn is_understood<F: Front>(served: &Served<F>) {
    let file = entry(b"understood", FILE | 0o644, 5);
    let _ = session(served, PUSH, Client::pushing(&[file]).gives_all(0, b"hello").ends());
    assert_eq!(fs::read(served.root().join("there/understood")).expect("a file"), b"hello");
    fs::remove_file(served.root().join("there/understood")).expect("a file");
    let outcome = session(served, PULL, Client::pulling().asks(1, Head::NONE, &[]).ends());
    assert!(outcome.text().contains("bbbbbbbbbbbb"), "{outcome}");
}

fn names_that_lead_out<F: Front>() {
    let served = tree::<F>("");
    is_understood(&served);
    let absolute = served.folder().join("outside/new");
    for name in [
        &b"../outside/new"[..],
        b"../../outside/new",
        b"a/../../../outside/new",
        b"..",
        b"",
        b"/",
        b"./../../outside/canary",
        absolute.as_os_str().as_encoded_bytes(),
    ] {
        let client = Client::pushing(&[entry(name, FILE | 0o644, 5)]).gives_all(0, b"hello").ends();
        let _ = session(&served, PUSH, client);
        let client = Client::pushing(&[entry(name, DIRECTORY | 0o755, 0)]).ends();
        let _ = session(&served, PUSH, client);
    }
    let odd = entry(b"a\nb\x1b[2J", FILE | 0o644, 5);
    let _ = session(&served, PUSH, Client::pushing(&[odd]).gives_all(0, b"wrong").ends());
    for length in [4096, 1 << 20, 0x7fff_ffff, 0xffff_ffff] {
        let client = Client::pushing(&[entry_with_long_name(length, &[b'x'; 5000])]).ends();
        assert_ne!(session(&served, PUSH, client).code(), Some(0), "{length}");
    }
}

/// CVE-2024-12087.
fn a_link_is_sent_and_then_a_file_through_it<F: Front>() {
    let served = tree::<F>("");
    symlink("../../outside", served.root().join("there/old")).expect("a link");
    let through = |name: &str| entry(format!("{name}/canary").as_bytes(), FILE | 0o777, 5);
    let out = link(b"l", b"../../outside");
    let folder = entry(b"l", DIRECTORY | 0o777, 0);
    for list in [
        vec![out.clone(), through("l")],
        vec![folder.clone(), out.clone(), through("l")],
        vec![out.clone(), folder.clone(), through("l")],
        vec![folder.clone(), through("l"), out],
        vec![through("old")],
        vec![entry(b"old", DIRECTORY | 0o777, 0), through("old")],
        vec![link(b"l", served.folder().join("outside/canary").as_os_str().as_encoded_bytes())],
        vec![link(b"l", &[b'x'; 4000]), entry(b"l", LINK | 0o777, 5)],
    ] {
        let last = i32::try_from(list.len()).expect("a few") - 1;
        for index in 0..=last {
            let _ = session(&served, PUSH, Client::pushing(&list).gives_all(index, b"wrong").ends());
        }
    }
}

/// CVE-2024-12084, CVE-2026-53792 and 53794, from the side that sends.
fn contents_that_are_none<F: Front>() {
    let served = tree::<F>("");
    let list = [entry(b"new", FILE | 0o644, 5)];
    let good = [&5_i32.to_le_bytes()[..], b"hello", &0_i32.to_le_bytes()].concat();
    let head = |count, block, digest, remainder| Head { count, block, digest, remainder };
    for head in [
        head(1, 0, 16, 0),
        head(1, -1, 16, 0),
        head(1, 1 << 30, 16, 0),
        head(-1, 700, 16, 0),
        head(i32::MAX, 1 << 17, 16, 0),
        head(1, 700, 17, 0),
        head(1, 700, 64, 0),
        head(1, 700, -1, 0),
        head(1, 700, 16, 701),
        head(1, 700, 16, -1),
        head(i32::MIN, i32::MIN, i32::MIN, i32::MIN),
    ] {
        let _ = session(&served, PUSH, Client::pushing(&list).gives(0, head, &good, &[0; 16]).ends());
    }
    for token in [-1, -2, i32::MIN, i32::MAX, 1 << 20, (1 << 20) + 1] {
        let tokens = [&i32::to_le_bytes(token)[..], b"hello", &0_i32.to_le_bytes()].concat();
        let _ = session(&served, PUSH, Client::pushing(&list).gives(0, Head::NONE, &tokens, &[0; 16]).ends());
    }
    // Not what was announced, and a digest of something else: it gets no name.
    let _ = session(&served, PUSH, Client::pushing(&list).gives(0, Head::NONE, &good, &[7; 16]).ends());
    assert_eq!(names(&served), AS_IT_WAS);
    for index in [1, 255, 1 << 20, i32::MAX, i32::MIN, -7] {
        let _ = session(&served, PUSH, Client::pushing(&list).gives(index, Head::NONE, &good, &[0; 16]).ends());
    }
    for size in [0xffff_ffff, u64::MAX >> 1, u64::MAX] {
        let list = [entry(b"new", FILE | 0o644, size)];
        let _ = session(&served, PUSH, Client::pushing(&list).gives_all(0, b"hello").ends());
    }
    assert_eq!(fs::read(served.root().join("there/basis")).expect("a file"), vec![b'b'; 10_000]);
}

/// Without grants for them, device nodes and set-ID bits are left out, whatever the options of the client say.
fn kinds_of_files_that_are_not_granted<F: Front>() {
    let served = tree::<F>("");
    for (name, kind) in [(&b"null"[..], CHARACTERS), (b"disk", BLOCKS)] {
        let list = [device(name, kind, (1, 3)), entry(b"z", FILE | 0o644, 5)];
        let _ = session(&served, PUSH, Client::pushing(&list).gives_all(1, b"hello").ends());
        assert!(!served.root().join("there").join(String::from_utf8_lossy(name).as_ref()).exists());
    }
    for mode in [0o140_644, 0o010_644, 0o170_000, 0o000_644, u32::MAX] {
        let _ = session(&served, PUSH, Client::pushing(&[entry(b"odd", mode, 0)]).ends());
    }
    let list = [entry(b"runs", FILE | 0o6755, 5)];
    let _ = session(&served, PUSH, Client::pushing(&list).gives_all(0, b"hello").ends());
    let mode = fs::metadata(served.root().join("there/runs")).map_or(0, |stat| stat.mode());
    assert_eq!(mode & 0o6000, 0, "{mode:o}");
}

/// CVE-2024-12084, 12085 and 12086: blocks that a client describes to the side that sends, and files that it asks for.
fn requests_that_are_none<F: Front>() {
    let served = tree::<F>("");
    is_understood(&served);
    let head = |count, block, digest, remainder| Head { count, block, digest, remainder };
    for (head, sums) in [
        (head(1, 700, 17, 0), 21),
        (head(1, 700, 64, 0), 68),
        (head(1, 700, i32::MAX, 0), 99),
        (head(1, 700, -1, 0), 20),
        (head(1, 700, 1, 0), 5),
        (head(1, 0, 16, 0), 20),
        (head(1, -700, 16, 0), 20),
        (head(3, i32::MAX, 16, 0), 60),
        (head(-1, 700, 16, 0), 20),
        (head(1, 700, 16, 701), 20),
        (head(2, 700, 16, -1), 40),
        (head(2_000_000_000, 700, 16, 0), 40),
    ] {
        let _ = session(&served, PULL, Client::pulling().asks(1, head, &vec![0x41; sums]).ends());
    }
    for index in [3, 4, 1 << 20, i32::MAX, i32::MIN, -2, -101] {
        let _ = session(&served, PULL, Client::pulling().asks(index, Head::NONE, &[]).ends());
    }
    // A basis by its name: the flags that say so, and what follows them.
    for name in [&b"../../outside/canary"[..], b"/etc/passwd", b""] {
        let length = u8::try_from(name.len()).expect("a short name");
        let words = [&[3, length][..], name, &[0; 16]].concat();
        let _ = session(&served, PULL, Client::pulling().file(1, [0x00, 0x98]).data(&words).ends());
        let _ = session(
            &served,
            PUSH,
            Client::pushing(&[entry(b"new", FILE | 0o644, 5)]).file(0, [0x00, 0x98]).data(&words).ends(),
        );
    }
    assert_eq!(names(&served), AS_IT_WAS);
}

/// CVE-2026-53802 and 53786: rules for names, and lists of files, that name what is to be read.
fn rules_and_lists_that_name_files_outside<F: Front>() {
    let served = tree::<F>("");
    symlink("../../outside/canary", served.root().join("there/rules")).expect("a link");
    let rule = |text: &[u8]| [&i32::try_from(text.len()).expect("a short rule").to_le_bytes()[..], text].concat();
    for text in [
        &b". ../outside/canary"[..],
        b". /../outside/canary",
        b": ../../outside/canary",
        b":- /../outside/canary",
        b"dir-merge,- rules",
        b". rules",
        b"merge there/rules",
        b"garbage",
        b"!",
        &[b'x'; 5000],
    ] {
        let rules = [rule(text), vec![0; 4]].concat();
        let _ = session(&served, PULL, Client::new(VERSION).data(&rules).asks(1, Head::NONE, &[]).ends());
    }
    for length in [i32::MAX, -1, i32::MIN, 1 << 20] {
        let client = Client::new(VERSION).data(&length.to_le_bytes()).data(&[b'x'; 9000]);
        assert_ne!(session(&served, PULL, client).code(), Some(0), "{length}");
    }
    for list in [
        &b"../outside/canary\0\0"[..],
        b"/../outside/canary\0\0",
        b"there/rules/x\0\0",
        b"there/../../outside\0\0",
        &[b'x'; 70_000],
    ] {
        let command = format!("rsync --server --sender {LETTERS} --files-from=- --from0 . .");
        let client = Client::new(VERSION).data(list).data(&0_i32.to_le_bytes()).asks(1, Head::NONE, &[]).ends();
        let _ = asked(&served, &command, client);
    }
}

fn messages_and_pieces_that_are_none<F: Front>() {
    let served = tree::<F>("");
    let outside = b"../../outside/canary\0";
    for number in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 22, 33, 42, 86, 100, 101, 102, 103, 200] {
        for role in [PUSH, PULL] {
            for bytes in [&outside[..], &[0xff; 4], b"\x1b[2J\n", &[]] {
                let client = Client::new(VERSION).message(number, bytes).data(&[0; 40]);
                let _ = session(&served, role, client);
            }
        }
    }
    for (tag, length) in [(7, 0x00ff_ffff), (0, 4), (6, 4), (255, 0x00ff_ffff), (7, 0)] {
        let _ = session(&served, PUSH, Client::new(VERSION).piece(tag, length, b"four"));
    }
    assert_eq!(names(&served), AS_IT_WAS);
}

fn noise_for_a_greeting_and_behind_it<F: Front>() {
    let served = tree::<F>("");
    for version in [0, 1, 19, 20, 26, 41, 255, -1, i32::MAX, i32::MIN, i32::from_le_bytes(*b"GET ")] {
        for role in [PUSH, PULL] {
            let _ = session(&served, role, Client::new(version).data(&[0; 40]));
        }
    }
    for seed in 0..12 {
        let noise = Noise { seed, length: 6000 }.bytes();
        for role in [PUSH, PULL] {
            let _ = session(&served, role, Client::new(VERSION).data(&noise));
            let _ = session(&served, role, Client::new(VERSION).raw(&noise));
            let _ = session(&served, role, Client::default().raw(&noise));
        }
        let list = entry(b"new", FILE | 0o644, 5);
        let _ = session(&served, PUSH, Client::pushing(&[list]).data(&noise));
    }
    assert!(AS_IT_WAS.iter().all(|name| served.root().join("there").join(name).exists()));
}

/// CVE-2026-70453: every block is like every other, and like each place of the file, but for its digest.
fn sums_that_are_all_the_same<F: Front>() {
    let served = tree::<F>("--idle-timeout 5");
    let (count, block) = (50_000, 700);
    let sums = [&[0; 4][..], &[7; 16]].concat().repeat(50_000);
    let head = Head { count, block, digest: 16, remainder: 0 };
    // Two lines of the list are before it.
    let outcome = session(&served, PULL, Client::pulling().asks(2, head, &sums).ends());
    // It has looked for them in the file, and found none.
    assert!(outcome.stdout.len() > 2_000_000, "{} bytes", outcome.stdout.len());
}

/// CVE-2026-70464: nothing more comes, and the client stays.
fn sessions_that_stop_in_the_middle<F: Front>() {
    let served = tree::<F>("--idle-timeout 1");
    let file = entry(b"new", FILE | 0o644, 500_000);
    let half = [&500_000_i32.to_le_bytes()[..], &[b'x'; 1000]].concat();
    for (role, client) in [
        (PUSH, Client::default()),
        (PUSH, Client::default().raw(&[31, 0])),
        (PUSH, Client::new(VERSION)),
        (PUSH, Client::new(VERSION).piece(7, 0x00ff_ffff, b"")),
        (PUSH, Client::new(VERSION).data(&file[..4])),
        (PUSH, Client::pushing(std::slice::from_ref(&file))),
        (PUSH, Client::pushing(&[file]).gives(0, Head::NONE, &half, &[])),
        (PULL, Client::new(VERSION)),
        (PULL, Client::pulling()),
        (PULL, Client::pulling().asks(1, Head { count: 9, block: 700, digest: 16, remainder: 0 }, &[0; 30])),
    ] {
        let before = served.journal().len();
        let mut stays = served.ask(&command(role)).stdin(Stdio::piped()).start();
        stays.stdin.as_mut().expect("its input").write_all(&client.bytes()).expect("its input");
        wait_until(|| served.journal().len() > before);
        let last = served.journal().pop().expect("a line");
        assert_eq!((&last["verdict"], &last["reason"]), (&"failed".into(), &"rsync ended with 30".into()), "{last}");
        drop(stays);
    }
    wait_until(|| names(&served) == AS_IT_WAS);
    served.assert_unharmed();
}

/// What a client announces takes no memory before it has come, and there is an end to what it may take.
fn memory_for_what_never_comes<F: Front>() {
    let served = tree::<F>("--idle-timeout 60");
    let head = Head { count: 12_000_000, block: 700, digest: 16, remainder: 0 };
    let client = Client::pulling().asks(1, head, &[0; 4000]).bytes();
    let ask = format!("rsync --server --sender {LETTERS} --max-alloc=999g . there");
    let mut stays = served.ask(&ask).stdin(Stdio::piped()).start();
    stays.stdin.as_mut().expect("its input").write_all(&client).expect("its input");
    let root = format!("--confine-root={}", served.root().canonicalize().expect("the root").display());
    let found = || {
        let all = fs::read_dir("/proc").expect("/proc").filter_map(|entry| Some(entry.ok()?.path()));
        all.filter(|process| {
            fs::read(process.join("cmdline")).is_ok_and(|words| {
                words.starts_with(b"/usr/bin/rsync\0") && String::from_utf8_lossy(&words).contains(&root)
            })
        })
        .collect::<Vec<_>>()
    };
    let told = |process: &PathBuf, file: &str, name: &str| {
        let text = fs::read_to_string(process.join(file)).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned)).unwrap_or_default()
    };
    let kilobytes = |process: &PathBuf, name: &str| -> u64 {
        told(process, "status", name).trim().trim_end_matches(" kB").parse().unwrap_or(0)
    };
    // It has made room for what was announced.
    wait_until(|| found().iter().any(|process| kilobytes(process, "VmSize:") > 300_000));
    for process in found() {
        let most = told(&process, "limits", "Max address space");
        assert!(most.contains("4294967296"), "{most:?}");
        let resident = kilobytes(&process, "VmRSS:");
        assert!(resident < 100_000, "{resident} kB");
    }
    drop(stays);
}
