//! What clients send, what they do not, and the tricks that a gate has to know.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests")]

use std::ffi::OsString;

use xssh_fs::RelPath;
use xssh_rsync::{Argument, CallError, Denied, Permission, Place, Placed, ServerCall};

const ALL: Permission = Permission { read: true, create: true, replace: true, delete: true };
const READ: Permission = Permission { read: true, create: false, replace: false, delete: false };

fn parse(line: &str) -> Result<ServerCall, CallError> {
    let words: Vec<Argument> = line.split(' ').map(Argument::from).collect();
    ServerCall::parse(&words)
}

fn written(line: &str) -> String {
    let call = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let placed = call.resolve(b"/srv", &RelPath::parse(b"d").unwrap()).unwrap();
    let paths = placed.into_iter().map(|(_, place)| match place {
        Placed::Stream => OsString::from("-"),
        Placed::Beside(name) => String::from_utf8(name).unwrap().into(),
        Placed::At(path) => format!("/held/{path}").into(),
    });
    let words: Vec<String> = call.options(paths).into_iter().map(|word| word.into_string().unwrap()).collect();
    words.join(" ")
}

#[track_caller]
fn refused(line: &str) -> String {
    parse(line).expect_err(line).to_string()
}

/// What rsync 3.5.0 was seen to send.
#[test]
fn what_clients_send_is_understood_and_written_anew() {
    for (line, again) in [
        ("-logDtpre.iLsfxCIvu . d", "--server -logDtpre.iLsfxCIvu"),
        ("-logDtprze.iLsfxCIvu --delete . d", "--server -logDtprze.iLsfxCIvu --delete"),
        (
            "-blogDtpre.iLsfxCIvu --log-format=X --backup-dir ../b --suffix=.x --partial . d",
            "--server -blogDtpre.iLsfxCIvu --log-format=X --backup-dir=/held/b --suffix=.x --partial",
        ),
        (
            "-logDtpre.iLsfxCIvu --partial-dir .p --temp-dir /t --link-dest ../prev . d",
            "--server -logDtpre.iLsfxCIvu --partial-dir=.p --temp-dir=/held/t --link-dest=/held/prev",
        ),
        (
            "--sender -logDtpRe.LsfxCIvu --files-from list . d",
            "--server --sender -logDtpRe.LsfxCIvu --files-from=/held/list",
        ),
        (
            "--sender -logDtpRe.LsfxCIvu --files-from=- --from0 . d",
            "--server --sender -logDtpRe.LsfxCIvu --files-from=- --from0",
        ),
        (
            "-lHogDtpAXrSe.iLsfxCIvu --compress-level=3 -B4096 --timeout=30 --bwlimit=1024 --checksum-choice=md5 --max-delete=3 \
             --max-size=1572864 --stats -@-1 --numeric-ids --usermap=0:1 --append --append . d",
            "--server -lHogDtpAXrSe.iLsfxCIvu --compress-level=3 --block-size=4096 --timeout=30 --bwlimit=1024 \
             --checksum-choice=md5 --max-delete=3 --max-size=1572864 --stats --modify-window=-1 --numeric-ids --usermap=0:1 \
             --append --append",
        ),
        ("-logDtpre.iLsfxCIvu --only-write-batch=X . d", "--server -logDtpre.iLsfxCIvu --only-write-batch=X"),
        ("--sender -de.LsfxCIvu . .", "--server --sender -de.LsfxCIvu"),
        ("-vlogDtpr . d", "--server -vlogDtpr"),
        ("-re31.14.iLs . d", "--server -re31.14.iLs"),
    ] {
        assert_eq!(written(line), again, "{line}");
    }
}

#[test]
fn a_program_for_a_shell_is_not_taken() {
    for line in [
        "-e prog . d",
        "-ecmd . d",
        "-e/bin/sh . d",
        "-re.iLs;id . d",
        "-re.i/bin/sh . d",
        "-re.i=x . d",
        "-re31 . d",
        "--rsh=prog . d",
        "--rsh prog . d",
        "--rsync-path=x . d",
        "-M--log-file=x . d",
        "--config=x . d",
        "--daemon . d",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn secluded_arguments_are_refused_with_the_cure() {
    for line in ["-slogDtpre.iLsfxCIvu . d", "-logDtpsre.iLsfxCIvu . d", "-s . d", "-rs . d"] {
        assert_eq!(parse(line), Err(CallError::Secluded), "{line}");
    }
    assert!(refused("-slogDtpre.iLsfxCIvu . d").contains("--no-secluded-args"));
    assert!(refused("--secluded-args . d").contains("--no-secluded-args"));
    // What `-s` sends: the paths are on the stream.
    let words = [Argument::from("-slogDtpre.iLsfxCIvu")];
    assert_eq!(ServerCall::parse(&words), Err(CallError::Secluded));
}

#[test]
fn clustered_letters_are_each_looked_at() {
    for (line, said) in [
        ("-rLt . d", "-L is"),
        ("-vkr . d", "-k is"),
        ("-Kr . d", "-K is"),
        ("-rM . d", "-M"),
        ("-rT . d", "-T"),
        ("-r0 . d", "-0"),
        ("-r- . d", "--"),
        ("-B4096r . d", "block-size"),
    ] {
        assert!(refused(line).contains(said), "{line}: {}", refused(line));
    }
}

#[test]
fn an_option_that_is_not_on_the_list_is_refused() {
    for line in [
        "--unknown . d",
        "--del . d",
        "--deleted . d",
        "--delet . d",
        "--link-des=x . d",
        "--copy-links . d",
        "--keep-dirlinks . d",
        "--copy-unsafe-links . d",
        "--write-devices . d",
        "--copy-devices . d",
        "--insecure-links . d",
        "--no-munge-links . d",
        "--confine-root=/ . d",
        "--read-batch=x . d",
        "--write-batch=x . d",
        "--password-file=x . d",
        "--exclude-from=x . d",
        "--filter=x . d",
        "--chmod=u+s . d",
        "--server . d",
        "-- . d",
        "--= . d",
        "x . d",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn sender_stands_first_or_nowhere() {
    assert!(parse("--sender -r . d").unwrap().is_sender());
    assert_eq!(parse("-r --sender . d"), Err(CallError::Sender));
    assert_eq!(parse("--sender --sender -r . d"), Err(CallError::Sender));
    assert!(parse("--sender=x -r . d").is_err());
}

#[test]
fn an_option_behind_the_dot_is_a_path() {
    let call = parse("--sender -r . --delete -e").unwrap();
    assert_eq!(call.paths(), [Argument::from("--delete"), Argument::from("-e")]);
    assert!(!call.has("delete", None));
}

#[test]
fn the_value_of_an_option_may_look_like_an_option() {
    let call = parse("--link-dest --delete -r . d").unwrap();
    assert!(!call.has("delete", None));
    assert_eq!(written("--link-dest --delete -r . d"), "--server -r --link-dest=/held/d/--delete");
}

/// The 22 options that rrsync passes unchecked, and the bounds of the rest.
#[test]
fn every_value_has_a_type_and_bounds() {
    for line in [
        "--compress-threads=17",
        "--compress-threads=256",
        "--compress-threads=-1",
        "--max-alloc=1;id",
        "--only-write-batch=/etc/cron.d/x",
        "--timeout=-1",
        "--timeout=99999999999999999999",
        "--timeout=",
        "--block-size=0",
        "--block-size=-700",
        "--block-size=999999999",
        "-B0",
        "-B-1",
        "-B99999999",
        "-@x",
        "--bwlimit=x",
        "--bwlimit=-5",
        "--checksum-choice=a/b",
        "--compress-choice=$(id)",
        "--compress-level=999",
        "--checksum-seed=x",
        "--iconv=../x",
        "--info=a=b",
        "--log-format=%i\n",
        "--log-format=`id`",
        "--max-delete=1.5",
        "--max-size=big",
        "--min-size=-1x",
        "--modify-window=x",
        "--skip-compress=a;b",
        "--stderr=/dev/null",
        "--suffix=../x",
        "--suffix=a/b",
        "--usermap=a;b",
        "--groupmap=$(id)",
        "--debug=/x",
        "--delete=x",
        "--partial=x",
    ] {
        let words = [Argument::from(line), ".".into(), "d".into()];
        assert!(ServerCall::parse(&words).is_err(), "{line}");
    }
    assert!(parse(&format!("--info={} . d", "a".repeat(300))).is_err());
    assert!(parse("--compress-threads=16 --timeout=0 --block-size=131072 . d").is_ok());
}

#[test]
fn what_is_not_complete_is_refused() {
    for line in ["-r", "-r .", "--link-dest", "--suffix .", "."] {
        let words: Vec<Argument> = line.split(' ').map(Argument::from).collect();
        assert!(ServerCall::parse(&words).is_err(), "{line}");
    }
    assert_eq!(ServerCall::parse(&[]), Err(CallError::Incomplete));
    assert_eq!(parse("-r . a b"), Err(CallError::Destinations(2)));
    assert_eq!(ServerCall::parse(&vec![Argument::from("-r"); 5000]), Err(CallError::TooMany));
}

#[test]
fn paths_of_options_stay_below_the_root() {
    for option in
        ["link-dest", "compare-dest", "copy-dest", "backup-dir", "partial-dir", "temp-dir", "log-file", "files-from"]
    {
        for out in ["../../x", "/..", "a/../../../x", "/srv/../etc", "../../../../../../etc/passwd"] {
            let call = parse(&format!("--{option}={out} -r . d")).unwrap();
            let resolved = call.resolve(b"/srv", &RelPath::parse(b"d").unwrap());
            assert!(matches!(resolved, Err(CallError::Path { .. })), "--{option}={out}");
        }
    }
    // The usual row of snapshots.
    assert_eq!(written("-r --link-dest=../prev . d"), "--server -r --link-dest=/held/prev");
    assert_eq!(written("-r --link-dest=/srv/prev . d"), "--server -r --link-dest=/held/prev");
    assert_eq!(written("-r --link-dest=/prev . d"), "--server -r --link-dest=/held/prev");
    assert_eq!(written("-r --partial-dir=a/b . d"), "--server -r --partial-dir=/held/d/a/b");
    assert_eq!(written("-r --partial-dir=.. . d"), "--server -r --partial-dir=/held/.");
}

#[test]
fn paths_stay_below_the_root() {
    let place = |path: &[u8]| Place::resolve(b"/srv/x", path).map(|place| (place.path.to_string(), place.is_content));
    assert_eq!(place(b"a/b"), Ok(("a/b".to_owned(), false)));
    assert_eq!(place(b"/srv/x/a/"), Ok(("a".to_owned(), true)));
    assert_eq!(place(b"/a/."), Ok(("a".to_owned(), true)));
    assert_eq!(place(b""), Ok((".".to_owned(), true)));
    for out in [&b".."[..], b"a/../..", b"/../etc", b"/srv/x/../y"] {
        assert!(place(out).is_err());
    }
}

#[test]
fn read_only_write_only_and_no_delete_are_kept() {
    let denied = |line: &str, may: Permission| parse(line).unwrap().check(may);
    assert_eq!(denied("-r . d", READ), Err(Denied::Write));
    assert_eq!(denied("--sender -r --log-file=x . d", READ), Err(Denied::Write));
    assert_eq!(denied("--sender -r . d", READ), Ok(()));
    assert_eq!(denied("--sender -r . d", Permission { read: false, ..ALL }), Err(Denied::Read));
    assert_eq!(denied("-r --files-from=x . d", Permission { read: false, ..ALL }), Err(Denied::Read));
    let kept = Permission { delete: false, ..ALL };
    for option in ["delete", "delete-before", "delete-excluded", "delete-missing-args", "remove-source-files", "force"]
    {
        assert!(matches!(denied(&format!("-r --{option} . d"), kept), Err(Denied::Delete(_))), "{option}");
    }
    assert!(matches!(denied("--sender -r --remove-source-files . d", READ), Err(Denied::Delete(_))));
}

#[test]
fn append_only_refuses_what_changes_what_is_there() {
    let may = Permission { replace: false, delete: false, ..ALL };
    for line in ["-rb . d", "-r --inplace . d", "-r --append . d", "-r --delay-updates . d", "-r --backup-dir=b . d"] {
        assert!(matches!(parse(line).unwrap().check(may), Err(Denied::Replace(_))), "{line}");
    }
    for line in ["-r --partial-dir=p . d", "-r --log-file=p . d"] {
        assert!(parse(line).unwrap().check(may).is_err(), "{line}");
    }
    assert_eq!(parse("-rlt . d").unwrap().check(may), Ok(()));
}

#[test]
fn what_is_shown_of_a_client_is_plain() {
    let words = [Argument { bytes: b"--\x1b[2J\n\xff".to_vec(), patterns: Vec::new() }, ".".into(), "d".into()];
    let said = ServerCall::parse(&words).unwrap_err().to_string();
    assert!(said.chars().all(|letter| !letter.is_control()), "{said:?}");
}

mod random {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_words_do_harm_and_what_is_written_is_read_the_same(
            words in prop::collection::vec("(-[a-zA-Z@.0-9]{0,4}|--[a-z-]{0,12}(=[a-z0-9./-]{0,6})?|\\.|[a-z/.]{0,5})", 0..8)
        ) {
            let words: Vec<Argument> = words.iter().map(|word| Argument::from(word.as_str())).collect();
            if let Ok(call) = ServerCall::parse(&words) {
                let written = call.options(std::iter::repeat(OsString::from("p")));
                let mut again: Vec<Argument> =
                    written.iter().skip(1).map(|word| Argument::from(word.to_str().unwrap())).collect();
                again.extend([Argument::from("."), Argument::from("d")]);
                let again = ServerCall::parse(&again).unwrap();
                prop_assert_eq!(again.options(std::iter::repeat(OsString::from("p"))), written);
            }
        }
    }
}
