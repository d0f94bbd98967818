use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::bounds::{Load, Room};
use crate::grant::{Access, Hooks};
use crate::hooks::{Trigger, Triggers};
use crate::modules::Modules;

const ROOT: &[u8] = b"/srv/cvs";
/// A working directory of a project, up to its command.
const PROJECT: &str = "Directory .\n/srv/cvs/project\n";
const TOP: &str = "Directory .\n/srv/cvs\n";

fn grant(access: Access) -> Grant {
    Grant { roots: vec![ROOT.to_owned(), b"/srv/other".to_vec()], access, admin: false, hooks: Hooks::Run }
}

fn modules(text: &str) -> Repository {
    Repository { modules: Modules::read(text.as_bytes()), ..Repository::default() }
}

/// What a client's words come to: what the server gets behind its `Root`, and why no more of it.
fn say_to(grant: Grant, repository: Repository, words: &str) -> (String, Option<Refusal>) {
    let mut gate = Gate::new(grant);
    gate.from_client(b"Root /srv/cvs\n");
    assert_eq!(gate.wanted(), Some(0));
    gate.serve(repository, None);
    assert_eq!(gate.take_for_server(), b"Root /srv/cvs\n");
    gate.from_client(words.as_bytes());
    (String::from_utf8(gate.take_for_server()).unwrap(), gate.refusal().cloned())
}

fn say(access: Access, words: &str) -> (String, Option<Refusal>) {
    say_to(grant(access), Repository::default(), words)
}

#[track_caller]
fn passes(access: Access, words: &str) {
    assert_eq!(say(access, words), (words.to_owned(), None));
}

#[track_caller]
fn refused(access: Access, words: &str) -> Refusal {
    let (passed, refusal) = say(access, words);
    let last = words.lines().last().unwrap_or_default();
    assert!(!passed.ends_with(&format!("{last}\n")), "{words:?} let {passed:?} pass");
    refusal.unwrap_or_else(|| panic!("{words:?} was not refused"))
}

/// Arguments, a line each, and the command behind them.
fn command(words: &[&str]) -> String {
    let (name, arguments) = words.split_first().unwrap();
    let lines = arguments.iter().map(|word| format!("Argument {word}\n"));
    lines.chain([format!("{name}\n")]).collect()
}

#[test]
fn only_granted_roots_are_reached_byte_for_byte() {
    for root in
        ["/srv/cvs/", "/srv/cvs2", "/srv", "/srv//cvs", "/srv/./cvs", "/srv/cvs/..", "srv/cvs", "/SRV/cvs", "", "/etc"]
    {
        let mut gate = Gate::new(grant(Access::Write));
        gate.from_client(format!("Root {root}\nvalid-requests\n").as_bytes());
        assert!(matches!(gate.refusal(), Some(Refusal::Root(_))), "{root}");
        assert_eq!(gate.wanted(), None);
        assert!(gate.take_for_server().is_empty());
        let told = String::from_utf8(gate.take_for_client()).unwrap();
        assert!(
            told.starts_with("E xssh: this key does not reach the repository ") && told.ends_with("\nerror  \n"),
            "{told}"
        );
    }
    let mut gate = Gate::new(grant(Access::Write));
    gate.from_client(b"Root /srv/other\n");
    assert_eq!(gate.wanted(), Some(1));
}

#[test]
fn a_second_root_is_the_same_one() {
    assert_eq!(say(Access::Write, "Root /srv/cvs\nnoop\n"), ("noop\n".to_owned(), None));
    assert!(matches!(refused(Access::Write, "Root /srv/other\n"), Refusal::SecondRoot(_)));
    assert!(matches!(refused(Access::Write, "Root /etc\n"), Refusal::SecondRoot(_)));
}

#[test]
fn nothing_that_is_answered_comes_before_the_root() {
    for request in ["noop", "version", "valid-requests", "Directory .\n/srv/cvs", "ci", "Argument x"] {
        let mut gate = Gate::new(grant(Access::Write));
        gate.from_client(format!("{request}\n").as_bytes());
        assert!(matches!(gate.refusal(), Some(Refusal::NoRoot(_))), "{request}");
    }
    let mut gate = Gate::new(grant(Access::Write));
    gate.from_client(b"UseUnchanged\nValid-responses ok\nRoot /srv/cvs\nnoop\n");
    gate.serve(Repository::default(), Login::new("alice", "00").as_ref());
    let expected = b"BEGIN AUTH REQUEST\n/srv/cvs\nalice\nAoo\nEND AUTH REQUEST\nUseUnchanged\nValid-responses ok\nRoot /srv/cvs\nnoop\n";
    assert_eq!(gate.take_for_server(), expected);
    let mut gate = Gate::new(grant(Access::Write));
    let flood = "UseUnchanged\n".repeat(limits::LINE);
    gate.from_client(flood.as_bytes());
    assert!(matches!(gate.refusal(), Some(Refusal::Limit { .. })));
}

#[test]
fn some_requests_are_never_passed_on() {
    for request in [
        "init /anywhere",
        "init",
        "Gssapi-authenticate",
        "Gssapi-encrypt",
        "Kerberos-encrypt",
        "Referrer :ext:h:/r",
        "suck",
        "Gzip-stream 6",
        "gzip-file-contents 6",
        "Command-prep ci",
        "Case",
        "Checkin-prog x",
        "Update-prog x",
        "Repository x",
        "BEGIN AUTH REQUEST",
        "root /srv/cvs",
        "Roots",
        "\u{e9}",
    ] {
        let grant = Grant { admin: true, ..grant(Access::Write) };
        let (passed, refusal) = say_to(grant, Repository::default(), &format!("{request}\n"));
        assert!(passed.is_empty() && matches!(refusal, Some(Refusal::Forbidden(_))), "{request}: {refusal:?}");
    }
    assert!(matches!(refused(Access::Write, "\n"), Refusal::Malformed(_)));
}

#[test]
fn a_reader_reads() {
    for name in [
        "co",
        "export",
        "update",
        "diff",
        "log",
        "rlog",
        "list",
        "ls",
        "rlist",
        "status",
        "rdiff",
        "annotate",
        "rannotate",
        "history",
        "watchers",
        "editors",
        "expand-modules",
    ] {
        passes(Access::Read, &format!("{PROJECT}Entry /file/1.1///\nUnchanged file\n{}", command(&[name, "file"])));
    }
    for name in ["version", "noop", "global-list-quiet", "update-patches", "wrapper-sendme-rcsOptions"] {
        passes(Access::Read, &format!("{name}\n"));
    }
}

#[test]
fn a_reader_changes_nothing() {
    for name in [
        "ci",
        "add",
        "remove",
        "tag",
        "rtag",
        "import",
        "admin",
        "watch-on",
        "watch-off",
        "watch-add",
        "watch-remove",
        "edit",
        "release",
    ] {
        let refusal = refused(Access::Read, &format!("{name}\n"));
        assert_eq!(refusal.to_string(), format!("this key may only read: {name} is refused"));
    }
}

#[test]
fn a_writer_writes() {
    passes(
        Access::Write,
        &format!("{PROJECT}Modified a\nu=rw,g=r,o=r\n3\nab\n{}", command(&["ci", "-m", "/../CVSROOT", "a"])),
    );
    passes(Access::Write, &format!("{PROJECT}Notify a\nE\tnow\there\t/w\tEUC\nnoop\n"));
    passes(Access::Write, &format!("{PROJECT}{}", command(&["tag", "-b", "x", "a"])));
    passes(Access::Write, &format!("{PROJECT}{}", command(&["diff", "-u", "-I", "/../", "cvs"])));
    passes(Access::Write, &format!("{PROJECT}{}", command(&["import", "-m", "x", "new/project", "v", "r"])));
    passes(Access::Write, &format!("{TOP}{}", command(&["import", "-m", "x", ".", "v", "r"])));
    passes(Access::Write, &command(&["rtag", "-r", "HEAD", "x", "project"]));
    passes(Access::Write, "Argument -m\nArgument a\nArgumentx b\nDirectory .\n/srv/cvs/CVSROOT/Emptydir\nci\n");
}

#[test]
fn admin_is_for_those_who_may() {
    assert!(matches!(refused(Access::Write, "admin\n"), Refusal::Admin(_)));
    let grant = Grant { admin: true, ..grant(Access::Write) };
    let words = format!("{PROJECT}{}", command(&["admin", "-kb", "-t-words", "a"]));
    assert_eq!(say_to(grant.clone(), Repository::default(), &words), (words, None));
    let words = format!("Directory .\n/srv/cvs/CVSROOT\n{}", command(&["ci", "-m", "x", "loginfo"]));
    assert_eq!(say_to(grant.clone(), Repository::default(), &words), (words, None));
    let (_, refusal) = say_to(grant, Repository::default(), &command(&["admin", "-t/etc/passwd", "a"]));
    assert!(matches!(refusal, Some(Refusal::Word { .. })));
}

/// Every way to write there that is known.
#[test]
fn cvsroot_is_not_written() {
    let setup = "adm -a CVSROOT\nall -a .\nfile CVSROOT loginfo\n";
    for words in [
        "Directory .\n/srv/cvs/CVSROOT\nci\n",
        "Directory x\n/srv/cvs/project\nDirectory y\n/srv/cvs//./CVSROOT/\nDirectory x\n/srv/cvs/project\nci\n",
        "Directory .\nCVSROOT\nci\n",
        "Relative-directory .\nCVSROOT\nadd\n",
        "Directory .\n/srv/cvs/CVSROOT\ntag\n",
        "Directory .\n/srv/cvs/CVSROOT\nwatch-on\n",
        "Directory .\n/srv/cvs/CVSROOT\nedit\n",
        "Directory .\n/srv/cvs/CVSROOT\nremove\n",
        "Directory .\n/srv/cvs\nArgument CVSROOT\nadd\n",
        "Directory .\n/srv/cvs\nArgument -m\nArgument x\nArgument CVSROOT/loginfo\nci\n",
        "Directory .\n/srv/cvs\nArgument x\nArgument ./CVSROOT\ntag\n",
        "Argument CVSROOT\nArgument v\nArgument r\nimport\n",
        "Argument ./CVSROOT/x\nArgument v\nArgument r\nimport\n",
        "Argument CVSROOT/Emptydir\nArgument v\nArgument r\nimport\n",
        "Argument t\nArgument CVSROOT/Emptydir\nrtag\n",
        "Directory .\n/srv/cvs/CVSROOT/Emptydir/x\nci\n",
        "Directory CVSROOT\n/srv/cvs/x\nArgument .\nArgument v\nArgument r\nimport\n",
        "Max-dotdot 1\nDirectory ../CVSROOT\n/srv/cvs/x\nArgument x\nArgument v\nArgument r\nimport\n",
        "Argument t\nArgument CVSROOT\nrtag\n",
        "Argument t\nArgument .\nrtag\n",
        "Argument t\nArgument adm\nrtag\n",
        "Argument t\nArgument adm/modules\nrtag\n",
        "Argument t\nArgument all\nrtag\n",
        "Argument t\nArgument file\nrtag\n",
        // What the server has checked out into its own working directory stays what it is.
        "Argument -d\nArgument x\nArgument CVSROOT\nco\nDirectory x\n/srv/cvs/project\nci\n",
        "Argument -d\nArgument x\nArgument adm\nco\nDirectory x\n/srv/cvs/project\nci\n",
        "Argument .\nco\nDirectory CVSROOT\n/srv/cvs/project\nci\n",
        "Directory .\n/srv/cvs\nupdate\nDirectory CVSROOT\n/srv/cvs/project\nci\n",
    ] {
        let (_, refusal) = say_to(grant(Access::Write), modules(setup), words);
        assert!(matches!(refusal, Some(Refusal::AdminDirectory(_))), "{words}: {refusal:?}");
    }
}

#[test]
fn cvsroot_is_read() {
    passes(Access::Read, &command(&["co", "CVSROOT"]));
    passes(Access::Read, "Directory .\n/srv/cvs/CVSROOT\nupdate\n");
}

#[test]
fn a_link_to_cvsroot_is_cvsroot() {
    let repository = || Repository { links: vec![b"setup".to_vec()], ..Repository::default() };
    for words in ["Directory .\n/srv/cvs/setup\nci\n", "Argument t\nArgument setup/modules\nrtag\n"] {
        let (_, refusal) = say_to(grant(Access::Write), repository(), words);
        assert!(matches!(refusal, Some(Refusal::AdminDirectory(_))), "{words}: {refusal:?}");
    }
}

#[test]
fn nothing_leads_out() {
    for words in [
        "Directory .\n/etc\n",
        "Directory .\n/srv/cvs/../other\n",
        "Directory .\n../other\n",
        "Directory .\n/srv/cvs2\n",
        "Directory /tmp\n/srv/cvs/x\n",
        "Directory ../x\n/srv/cvs/x\n",
        "Directory a/../../x\n/srv/cvs/x\n",
        "Directory x/CVS\n/srv/cvs/x\n",
        "Directory x\n/srv/cvs/x/CVS\n",
        "Relative-directory .\n/srv/cvs/x\n",
    ] {
        assert!(matches!(refused(Access::Write, words), Refusal::Path(_)), "{words}");
    }
    for words in [
        &["co", "../x"][..],
        &["co", "-d", "/tmp/x", "x"],
        &["co", "-d/tmp/x", "x"],
        &["co", "-d../x", "x"],
        &["co", "/etc"],
        &["ls", ".."],
        &["rlist", "/etc"],
        &["rlog", "a/../../b"],
        &["rdiff", "-r1", "-r2", "../x"],
        &["rannotate", "/etc/x"],
        &["export", "-d", "x/CVS", "x"],
        &["expand-modules", "../x"],
        &["import", "-m", "x", "../x", "v", "r"],
        &["import", "-m", "x", "/tmp/x", "v", "r"],
        &["rtag", "t", "../x"],
        &["ci", "-m", "x", "../x"],
        &["add", "a/../../x"],
        &["log", "/etc/x"],
        &["remove", "--", "-x/../.."],
    ] {
        let (_, refusal) = say(Access::Write, &command(words));
        assert!(matches!(refusal, Some(Refusal::Path(_))), "{words:?}: {refusal:?}");
    }
    passes(Access::Write, "Max-dotdot 2\nDirectory ../../x\n/srv/cvs/x\nArgument ../../x\nci\n");
    let (_, refusal) = say(Access::Read, "Max-dotdot 2\nArgument ../../x\nrlist\n");
    assert!(matches!(refusal, Some(Refusal::Path(_))), "a module is never above the root");
}

#[test]
fn the_servers_own_files_are_no_message() {
    for words in [&["ci", "-F", "/etc/passwd", "a"][..], &["ci", "-F/etc/passwd"], &["ci", "-lF/etc/passwd"]] {
        let (_, refusal) = say(Access::Write, &command(words));
        assert!(matches!(refusal, Some(Refusal::Word { .. })), "{words:?}: {refusal:?}");
    }
    let (_, refusal) = say(Access::Write, "Argument -m\nnoop\nArgument -F\nArgument /etc/passwd\nci\n");
    assert!(matches!(refusal, Some(Refusal::Malformed(_))), "arguments are those of one command");
}

#[test]
fn names_of_files_are_names() {
    for file in ["", ".", "..", "a/b", "/etc/passwd", "CVS"] {
        for request in ["Modified", "Is-modified", "Unchanged", "Questionable", "Notify"] {
            assert!(
                matches!(refused(Access::Write, &format!("{request} {file}\n")), Refusal::Name(_)),
                "{request} {file}"
            );
        }
    }
    for entry in ["/..////", "/CVS/1.1///", "//1.1///", "/"] {
        assert!(matches!(refused(Access::Write, &format!("Entry {entry}\n")), Refusal::Name(_)), "{entry}");
    }
    for entry in ["D/x////", "x", ""] {
        assert!(matches!(refused(Access::Write, &format!("Entry {entry}\n")), Refusal::Malformed(_)), "{entry}");
    }
}

#[test]
fn lengths_are_lengths() {
    for size in ["-1", "+1", "z10", "1 ", "", "99999999999999999999999", "1099511627777", "0x10"] {
        let (passed, refusal) = say(Access::Write, &format!("Modified a\nu=rw\n{size}\n"));
        assert!(passed.is_empty() && refusal.is_some(), "{size}");
    }
    for mode in ["", "u=rws", "0777", &"u=rw,".repeat(20)] {
        assert!(matches!(refused(Access::Write, &format!("Modified a\n{mode}\n1\n")), Refusal::Malformed(_)), "{mode}");
    }
    for level in ["-1", "65", "x", "99999999999999999999"] {
        let _ = refused(Access::Write, &format!("Max-dotdot {level}\n"));
    }
}

#[test]
fn what_is_too_long_is_not_kept() {
    let endless = "x".repeat(limits::LINE + 1);
    assert!(matches!(refused(Access::Write, &format!("Argument {endless}")), Refusal::Limit { .. }));
    let long = "x".repeat(limits::PATH + 1);
    for request in ["Directory", "Modified", "Hostname"] {
        assert!(matches!(refused(Access::Write, &format!("{request} {long}\n")), Refusal::Limit { .. }), "{request}");
    }
    let line = format!("Argument {}\n", "x".repeat(limits::LINE - 9));
    let (_, refusal) = say(Access::Write, &line.repeat(limits::ARGUMENTS / limits::LINE + 2));
    assert!(matches!(refusal, Some(Refusal::Limit { what: "longer arguments", .. })), "{refusal:?}");
    let (_, refusal) = say(Access::Write, &"Argument \n".repeat(limits::ARGUMENT_COUNT + 1));
    assert!(matches!(refusal, Some(Refusal::Limit { what: "more arguments", .. })), "{refusal:?}");
}

#[test]
fn zero_bytes_are_in_contents_only() {
    assert!(matches!(refused(Access::Write, "Argument a\0b\n"), Refusal::Malformed(_)));
    passes(Access::Write, "Modified a\nu=rw\n3\n\0\n\0ci\n");
}

#[test]
fn contents_are_not_read_as_requests() {
    passes(Access::Read, "Modified a\nu=rw\n16\ninit /anywhere\n\nnoop\n");
    passes(Access::Read, "Modified a\nu=rw\n0\nnoop\n");
    let (passed, refusal) = say(Access::Read, "Modified a\nu=rw\n3\ninit /anywhere\n");
    assert_eq!(passed, "Modified a\nu=rw\n3\nini");
    assert!(matches!(refusal, Some(Refusal::Forbidden(_))));
}

#[test]
fn global_options_and_variables_are_plain() {
    for option in ["-q", "-Q", "-l", "-t", "-r", "-n"] {
        passes(Access::Read, &format!("Global_option {option}\n"));
    }
    for option in ["-e/bin/sh", "-T/tmp", "-d/etc", "-qn", "--version", "-s", "", "-H"] {
        assert!(
            matches!(refused(Access::Read, &format!("Global_option {option}\n")), Refusal::Word { .. }),
            "{option}"
        );
    }
    passes(Access::Read, "Set TAG=a b-1.0\n");
    for set in ["X=$(id)", "X=`id`", "X=;id", "X", "=x", "X Y=z", "X=-e", "X=a\tb"] {
        assert!(matches!(refused(Access::Read, &format!("Set {set}\n")), Refusal::Word { .. }), "{set}");
    }
}

#[test]
fn an_edit_is_swallowed_and_answered() {
    let mut gate = Gate::new(grant(Access::Read));
    gate.from_client(b"Root /srv/cvs\n");
    gate.serve(Repository::default(), None);
    let _ = gate.take_for_server();
    let notify = "Directory sub\n/srv/cvs/project/sub\nNotify a\nE\tnow\there\t/w\tEUC\n";
    gate.from_client(format!("{notify}Notify b\nU\tnow\there\t/w\t\nnoop\n").as_bytes());
    assert_eq!(gate.take_for_server(), b"Directory sub\n/srv/cvs/project/sub\nnoop\n");
    let told = String::from_utf8(gate.take_for_client()).unwrap();
    let expected = "E xssh: this key may only read: edit is refused\n\
                    Notified sub/\n/srv/cvs/project/sub/a\nNotified sub/\n/srv/cvs/project/sub/b\n";
    assert_eq!(told, expected);
    assert!(!gate.is_closing());
}

#[test]
fn programs_are_refused_by_choice() {
    let grant = Grant { hooks: Hooks::Refuse, ..grant(Access::Write) };
    let repository = |trigger: Trigger| {
        let mut triggers = Triggers::default();
        triggers.read(trigger, b"ALL /usr/bin/mail someone\n");
        Repository { triggers, ..modules("m -o program project\nt -t program project") }
    };
    for (trigger, words) in [
        (Trigger::Commitinfo, &["ci", "-m", "x"][..]),
        (Trigger::Verifymsg, &["ci"]),
        (Trigger::Loginfo, &["ci"]),
        (Trigger::Loginfo, &["add", "x"]),
        (Trigger::Loginfo, &["import", "p", "v", "r"]),
        (Trigger::Taginfo, &["tag", "x"]),
        (Trigger::Posttag, &["rtag", "x", "p"]),
        (Trigger::Notify, &["edit", "a"]),
        (Trigger::Postwatch, &["watch-on"]),
        (Trigger::Editinfo, &["co", "m"]),
        (Trigger::Editinfo, &["rtag", "x", "t"]),
    ] {
        let (_, refusal) = say_to(grant.clone(), repository(trigger), &format!("{PROJECT}{}", command(words)));
        assert!(matches!(refusal, Some(Refusal::Hook { .. })), "{words:?}: {refusal:?}");
        let free = Grant { hooks: Hooks::Run, ..grant.clone() };
        let (_, refusal) = say_to(free, repository(trigger), &format!("{PROJECT}{}", command(words)));
        assert_eq!(refusal, None, "{words:?}");
    }
    let (_, refusal) = say_to(grant, repository(Trigger::Taginfo), &format!("{PROJECT}ci\n"));
    assert_eq!(refusal, None);
}

/// A repository that has room for so much.
#[derive(Debug)]
struct Left(std::sync::Mutex<Load>);

impl Room for Left {
    fn take(&self, load: Load) -> Result<(), String> {
        let mut left = self.0.lock().unwrap();
        let bytes = left.bytes.checked_sub(load.bytes).ok_or("no bytes")?;
        let entries = left.entries.checked_sub(load.entries).ok_or("no entries")?;
        *left = Load { bytes, entries };
        Ok(())
    }
}

fn say_within(bounds: Bounds, words: &str) -> (String, Option<Refusal>) {
    let mut gate = Gate::new(grant(Access::Write));
    gate.from_client(b"Root /srv/cvs\n");
    gate.bound(bounds);
    gate.serve(Repository::default(), None);
    gate.from_client(words.as_bytes());
    (String::from_utf8(gate.take_for_server()).unwrap(), gate.refusal().cloned())
}

#[test]
fn no_larger_file_is_passed_on_than_may_be_sent() {
    let bounds = || Bounds { largest: Some(3), total: Some(5), room: None };
    let file = |size: usize| format!("Modified f\nu=rw\n{size}\n{}", "x".repeat(size));
    let (passed, refusal) = say_within(bounds(), &format!("{PROJECT}{}{}diff\n", file(3), file(2)));
    assert!(passed.ends_with("xxdiff\n") && refusal.is_none(), "{refusal:?}");
    let (passed, refusal) = say_within(bounds(), &format!("{PROJECT}{}diff\n", file(4)));
    assert_eq!(refusal, Some(Refusal::Large { file: "f".to_owned(), size: 4, most: 3 }));
    assert!(!passed.contains('x') && !passed.contains("Modified"), "{passed}");
    let (passed, refusal) = say_within(bounds(), &format!("{PROJECT}{}{}diff\n", file(3), file(3)));
    assert!(matches!(refusal, Some(Refusal::Limit { most: 5, .. })) && passed.ends_with("xxx"), "{passed:?}");
}

/// What a client has sent may be made use of by each of its commands, whatever came in between.
#[test]
fn no_command_is_passed_on_for_which_there_is_no_room() {
    let file = "Modified f\nu=rw\n40\n0123456789012345678901234567890123456789";
    let within = |bytes: u64, entries: u64, words: &str| {
        let room: Arc<dyn Room> = Arc::new(Left(Load { bytes, entries }.into()));
        say_within(Bounds { room: Some(room), ..Bounds::default() }, &format!("{PROJECT}{words}"))
    };
    let full = |what: &str| Some(Refusal::Full(what.to_owned()));
    let commit = command(&["ci", "-m", "words", "f"]);
    let needs = 40 + 11;
    assert_eq!(within(needs, 0, &format!("{file}{commit}")).1, None);
    let (passed, refusal) = within(needs - 1, 0, &format!("{file}{commit}"));
    assert!(refusal == full("no bytes") && !passed.contains("\nci\n"), "{passed}");
    assert_eq!(within(needs, 0, &format!("{file}noop\nupdate\n{commit}")).1, None);
    assert_eq!(within(needs, 0, &format!("{file}{commit}{commit}")).1, full("no bytes"));
    assert_eq!(within(99, 0, &format!("Entry /f/0///\n{file}{commit}")).1, full("no entries"));
    assert_eq!(within(99, 1, &format!("Entry /f/0///\n{file}{commit}")).1, None);
    let import = command(&["import", "-m", "x", "new", "v", "r"]);
    assert_eq!(within(99, 1, &format!("{file}{import}")).1, full("no entries"), "a file, and its directory");
    assert_eq!(within(99, 2, &format!("{file}{import}")).1, None);
    assert_eq!(within(99, 1, &command(&["add", "a", "b"])).1, full("no entries"));
    assert_eq!(within(0, 9, &command(&["tag", "x"])).1, full("no bytes"));
    for reads in ["update\n", "diff\n", "log\n", "noop\n", "status\n"] {
        assert_eq!(within(0, 0, &format!("{file}{reads}")).1, None, "{reads}");
    }
}

/// A gate with a server, whose list of requests was asked for.
fn listing(login: Option<&Login>) -> Gate {
    let mut gate = Gate::new(grant(Access::Write));
    gate.from_client(b"Root /srv/cvs\nValid-responses ok\nvalid-requests\n");
    gate.serve(Repository::default(), login);
    let _ = gate.take_for_server();
    gate
}

const LIST: &[u8] =
    b"Valid-requests Root Valid-responses valid-requests Command-prep Referrer Directory Gzip-stream ci co update \
gzip-file-contents Gssapi-encrypt init noop suck\nok\n";
const SHORT_LIST: &[u8] = b"Valid-requests Root Valid-responses valid-requests Directory ci co update noop\nok\n";

#[test]
fn the_list_of_requests_is_what_the_gate_takes() {
    for split in 0..LIST.len() {
        let mut gate = listing(None);
        gate.from_server(&LIST[..split]);
        gate.from_server(&LIST[split..]);
        assert_eq!(gate.take_for_client(), SHORT_LIST);
        gate.from_client(b"Argument x\nco\n");
        gate.from_server(b"M Valid-requests init\nValid-requests init\nM ");
        assert_eq!(gate.take_for_client(), b"M Valid-requests init\nValid-requests init\nM ", "files are not edited");
    }
}

#[test]
fn the_list_comes_once_and_first() {
    let (_, refusal) = say(Access::Write, "valid-requests\nvalid-requests\n");
    assert!(matches!(refusal, Some(Refusal::Malformed(_))));
    let (_, refusal) = say(Access::Write, "co\nvalid-requests\n");
    assert!(matches!(refusal, Some(Refusal::Malformed(_))));
    let mut gate = listing(None);
    gate.from_client(b"co\n");
    gate.from_server(LIST);
    gate.from_server(b"Valid-requests init");
    assert_eq!(gate.take_for_client(), [SHORT_LIST, b"Valid-requests init"].concat());
}

#[test]
fn a_line_of_the_servers_without_end_is_not_kept() {
    let mut gate = listing(None);
    let line = vec![b'x'; limits::ANSWER * 3];
    gate.from_server(&line);
    assert!(gate.take_for_client().len() > limits::ANSWER);
}

#[test]
fn a_login_is_between_the_gate_and_the_server() {
    let login = Login::new("alice", "0f").unwrap();
    let mut gate = listing(Some(&login));
    gate.from_server(b"I LOVE");
    gate.from_server(b" YOU\nE x\n");
    gate.from_server(LIST);
    assert_eq!(gate.take_for_client(), [b"E x\n", SHORT_LIST].concat());
    for answer in [&b"I HATE YOU\n"[..], b"E Fatal error, aborting.\nerror 0 alice: no such user\n", b"I LOVE", b""] {
        let mut gate = listing(Some(&login));
        gate.from_server(answer);
        gate.server_ended();
        assert!(matches!(gate.refusal(), Some(Refusal::Login(_))), "{answer:?}");
        let told = String::from_utf8(gate.take_for_client()).unwrap();
        assert!(told.starts_with("E xssh: the server did not take") && told.ends_with("\nerror  \n"), "{told}");
    }
}

#[test]
fn a_refusal_comes_behind_what_the_server_said() {
    let mut gate = listing(None);
    gate.from_client(b"noop\ninit /x\nco\n");
    assert!(gate.is_closing());
    assert_eq!(gate.take_for_server(), b"noop\n");
    gate.from_client(b"co\n");
    assert!(gate.take_for_server().is_empty());
    gate.from_server(b"ok\n");
    assert_eq!(gate.take_for_client(), b"ok\n");
    gate.server_ended();
    assert_eq!(gate.take_for_client(), b"E xssh: the request init is not passed on to a server\nerror  \n");
}

/// What came of it: both directions, and the end.
fn outcome(access: Access, pieces: &[&[u8]]) -> (Vec<u8>, Vec<u8>, Option<Refusal>) {
    let mut gate = Gate::new(grant(access));
    let (mut server, mut client) = (Vec::new(), Vec::new());
    for piece in pieces {
        gate.from_client(piece);
        if gate.wanted().is_some() {
            gate.serve(modules("adm CVSROOT\n"), None);
        }
        client.extend(gate.take_for_client());
        server.extend(gate.take_for_server());
    }
    gate.server_ended();
    client.extend(gate.take_for_client());
    (server, client, gate.refusal().cloned())
}

fn line() -> impl Strategy<Value = String> {
    let whole = prop_oneof![
        "(Argument|Argumentx|Entry|Sticky|Root|Set|Global_option|Max-dotdot|Unchanged) [-/a-z.=0-9CVSROT]{0,8}\n",
        "(ci|co|update|import|rtag|noop|init|version|valid-requests|add)\n",
        "Directory [a-z./]{0,4}\n(/srv/cvs)?/?(CVSROOT|project|[.]{2})?\n",
        "Notify [a-z]{1,3}\nE\n",
    ];
    let file = "[a-z\n\0]{0,20}".prop_map(|text| format!("Modified f\nu=rw\n{}\n{text}", text.len()));
    prop_oneof![4 => whole, 1 => file, 1 => "[ -~\n]{0,12}"]
}

proptest! {
    #[test]
    fn a_stream_means_the_same_however_it_is_split(
        lines in proptest::collection::vec(line(), 0..12),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
        write in any::<bool>(),
    ) {
        let access = if write { Access::Write } else { Access::Read };
        let stream = format!("Root /srv/cvs\n{}", lines.concat()).into_bytes();
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        at.extend([0, stream.len()]);
        at.sort_unstable();
        let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        let (whole, split, bytewise) = (outcome(access, &[&stream]), outcome(access, &pieces), outcome(access, &bytes));
        prop_assert_eq!(&split.2, &whole.2);
        prop_assert_eq!(&bytewise.2, &whole.2);
        prop_assert_eq!(&split.1, &whole.1);
        prop_assert_eq!(&bytewise.1, &whole.1);
        prop_assert_eq!(&split.0, &whole.0);
        prop_assert_eq!(&bytewise.0, &whole.0);
    }
}
