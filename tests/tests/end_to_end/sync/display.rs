//! What a person sees, and what a program reads.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::termios::Termios;
use serde_json::Value;
use xssh_tests::call::{Outcome, Running};
use xssh_tests::screen::Screen;
use xssh_tests::terminal::Terminal;

use super::{Noise, Subject, World, assert_alike, on_host, some_tree, staged, sync, text, wait_until};

/// A run at a terminal.
fn at_terminal(world: &World, terminal: &Terminal, args: &[&str]) -> Running {
    let [setsid, ctty, end] = Terminal::owner();
    let own = &Subject::get().path;
    let call = world.home.call(setsid).arg(ctty).arg(end).arg(own).arg("sync").arg("-F").arg(world.home.config());
    terminal.start(call.arg("--remote-xssh").arg(own).args(args).env("TERM", "xterm"))
}

/// What the screen looked like from time to time, and in the end.
fn screen(terminal: &Terminal, columns: u16) -> Screen {
    let mut screen = Screen::new(usize::from(columns));
    screen.write(&terminal.seen());
    screen
}

fn slow_tree(here: &Path) {
    some_tree(here);
    let name = std::ffi::OsStr::from_bytes(
        b"\x1b[31mred \xff and rather long, so that it does not fit beside anything else here",
    );
    fs::write(here.join(name), Noise { seed: 9, length: 9_000_000 }.bytes()).expect("a file");
}

#[test]
fn a_terminal_shows_how_far_it_is_within_its_width() {
    let world = World::direct();
    let [here, there, back] = ["here", "there", "back"].map(|name| world.home.path().join(name));
    slow_tree(&here);
    for (columns, from, to) in [(100, text(&here), on_host(&there)), (40, &on_host(&there), text(&back).to_owned())] {
        let mut terminal = Terminal::new();
        terminal.resize(columns, 24);
        let running = at_terminal(&world, &terminal, &["--bwlimit", "8m", "--no-compress", from, &to]);
        terminal.wait_for(" left");
        terminal.wait_for("\\033[31mred \\377");
        terminal.wait_for("307 files");
        terminal.wait_for("; root ");
        let _ = running.wait().ok();
        let screen = screen(&terminal, columns);
        // Nothing is left of the display.
        let last = screen.text().concat();
        assert!(last.starts_with("326 entries; changed 307 files (18.75 MiB) in "), "{last}");
        // The numbers are on one line, whatever the width, and a file on the next one.
        let full = screen.frames().iter().filter(|lines| lines.len() == 2 && lines[0].contains(" MiB of "));
        let full: Vec<_> = full.collect();
        assert!(full.len() > 5, "{:#?}", screen.frames());
        assert!(screen.frames().iter().all(|lines| lines.len() <= 2), "{:#?}", screen.frames());
        assert!(full.iter().any(|lines| lines[1].starts_with("\\033[31mred \\377")), "{full:#?}");
        if columns == 100 {
            let all = ["[", " MiB of ", "/s  ", " left  ", " of 307 files"];
            assert!(full.iter().any(|lines| all.iter().all(|part| lines[0].contains(part))), "{full:#?}");
        }
    }
    assert_alike(&here, &back);
}

#[test]
fn what_deltas_save_is_shown() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::create_dir(&there).expect("a folder");
    let mut image = Noise { seed: 10, length: 20_000_000 }.bytes();
    fs::write(there.join("image"), &image).expect("a file");
    image[19_000_000..].fill(7);
    fs::write(here.join("image"), &image).expect("a file");
    fs::write(here.join("more"), Noise { seed: 11, length: 4_000_000 }.bytes()).expect("a file");
    let mut terminal = Terminal::new();
    terminal.resize(120, 24);
    let running = at_terminal(&world, &terminal, &["--bwlimit", "3m", "--no-compress", text(&here), &on_host(&there)]);
    terminal.wait_for(" MiB saved");
    terminal.wait_for("; root ");
    let _ = running.wait().ok();
}

#[test]
fn nothing_moves_where_nobody_looks() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    some_tree(&here);
    let outcome = sync(&world, &[text(&here), &on_host(&there)]).run().ok();
    assert_eq!((outcome.errors().as_str(), outcome.text().lines().count()), ("", 1), "{outcome}");
    let args = ["--progress", "--checksum", "--whole-file", "--bwlimit", "3m", "--no-compress"];
    fs::write(here.join("large"), Noise { seed: 12, length: 9_000_000 }.bytes()).expect("a file");
    let outcome = sync(&world, &[&args[..], &[text(&here), &on_host(&there)]].concat()).run().ok();
    assert!(outcome.errors().lines().any(|line| line.contains(" MiB of ")), "{outcome}");
    assert!(!outcome.errors().contains('\x1b'), "{outcome}");
    let mut quiet = Terminal::new();
    let running = at_terminal(&world, &quiet, &["--no-progress", text(&here), &on_host(&there)]);
    quiet.wait_for("; root ");
    let _ = running.wait().ok();
    assert!(!quiet.seen().contains('\x1b') && quiet.seen().lines().count() == 1, "{}", quiet.seen());
}

/// Every line of standard output is an event.
fn events(outcome: &Outcome) -> Vec<Value> {
    let text = String::from_utf8(outcome.stdout.clone()).expect("JSON is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == kind).collect()
}

#[test]
fn programs_read_events() {
    let world = World::direct();
    let [here, there, back] = ["here", "there", "back"].map(|name| world.home.path().join(name));
    slow_tree(&here);
    fs::write(here.join("back\\slash"), "x").expect("a file");
    for (from, to) in [(text(&here).to_owned(), on_host(&there)), (on_host(&there), text(&back).to_owned())] {
        let outcome = sync(&world, &["--json", "--bwlimit", "9m", "--no-compress", &from, &to]).run().ok();
        let all = events(&outcome);
        assert_eq!((&all[0]["event"], &all[0]["target"]), (&"start".into(), &to.as_str().into()), "{outcome}");
        let summary = all.last().expect("an event");
        assert_eq!((&summary["event"], &summary["exit_code"]), (&"summary".into(), &0.into()));
        assert_eq!(summary["files"], 308);
        let changed: Vec<&str> =
            of_kind(&all, "change").iter().map(|event| event["path"].as_str().expect("a name")).collect();
        for name in ["\\xff\\xfe no text", "back\\\\slash", "line\nbreak", "\u{1b}[2J", "large"] {
            assert!(changed.contains(&name), "{name:?} in {changed:?}");
        }
        let progress = of_kind(&all, "progress");
        let most = outcome.took.as_secs_f64() * 4.0 + 2.0;
        assert!((3.0..=most).contains(&(progress.len() as f64)), "{} in {:?}", progress.len(), outcome.took);
        let last = progress.last().expect("progress");
        assert_eq!((&last["files_wanted"], &last["complete"]), (&308.into(), &true.into()), "{last}");
    }
}

#[test]
fn what_fails_is_told_to_programs_and_named_again_to_people() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    some_tree(&here);
    // A file cannot take the place of a directory without --delete.
    fs::create_dir_all(there.join("large/inside")).expect("a folder");
    let outcome = sync(&world, &["--json", text(&here), &on_host(&there)]).run().ends(23);
    let all = events(&outcome);
    let [problem] = of_kind(&all, "problem")[..] else { panic!("{outcome}") };
    assert_eq!((&problem["path"], &problem["remote"]), (&"large".into(), &true.into()));
    assert_eq!(
        (&all.last().expect("an event")["exit_code"], &all.last().expect("an event")["failed"]),
        (&23.into(), &1.into())
    );
    fs::remove_dir_all(there.join("d3")).expect("a folder");
    let outcome = sync(&world, &["--itemize", text(&here), &on_host(&there)]).run().ends(23);
    assert!(outcome.errors().ends_with("what could not be done:\n  large (on the host): a directory is in its place; with --delete it would be replaced\n"), "{outcome}");
    // Who has just read it is not told twice.
    let outcome = sync(&world, &[text(&here), &on_host(&there)]).run().ends(23);
    assert_eq!(outcome.errors().lines().count(), 1, "{outcome}");
    let outcome = sync(&world, &["--json", "nowhere", &on_host(&there)]).run().ends(3);
    let last = events(&outcome).pop().expect("an event");
    assert_eq!((&last["event"], &last["exit_code"]), (&"error".into(), &3.into()));
}

fn assert_same_modes(before: &Termios, after: &Termios) {
    assert_eq!(before.local_modes, after.local_modes);
    assert_eq!(before.input_modes, after.input_modes);
    assert_eq!(before.output_modes, after.output_modes);
}

/// Ctrl-C in the middle: a line that says what remains, and a terminal as it was.
#[test]
fn an_interrupted_run() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    fs::create_dir(&here).expect("a folder");
    fs::create_dir(&there).expect("a folder");
    fs::write(here.join("file"), Noise { seed: 13, length: 40_000_000 }.bytes()).expect("a file");
    for target in [on_host(&there), text(&there).to_owned()] {
        let mut terminal = Terminal::new();
        let before = terminal.modes();
        let running = at_terminal(&world, &terminal, &["--bwlimit", "4m", "--no-compress", text(&here), &target]);
        let grown = || staged(&there).is_some_and(|path| fs::metadata(path).is_ok_and(|stat| stat.len() > 6_000_000));
        wait_until(grown);
        terminal.type_in("\x03");
        terminal.wait_for(
            "xssh: ended by signal 2: what came whole is in place, and the next run goes on from the rest\r\n",
        );
        let _ = running.wait().ends(20);
        assert_same_modes(&before, &terminal.modes());
        // The helper may still hold it for a moment.
        let outcome = sync(&world, &["--wait", "--stats", text(&here), &target]).run().ok();
        let reused =
            outcome.text().lines().find_map(|line| line.strip_prefix("bytes reused")?.trim().parse::<u64>().ok());
        assert!(reused.is_some_and(|reused| reused > 5_000_000), "{outcome}");
        assert_alike(&here, &there);
        fs::remove_file(there.join("file")).expect("the file");
    }
}

/// What a run owes on standard output is not lost without a word; a reader that has left has chosen so.
#[test]
fn standard_output_that_takes_nothing() {
    let world = World::direct();
    let [here, there] = ["here", "there"].map(|name| world.home.path().join(name));
    for options in [&["--json"][..], &["--itemize"], &["--dry-run"], &["--stats"], &[]] {
        some_tree(&here);
        let args = [options, &[text(&here), text(&there)]].concat();
        let full = fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let _ =
            sync(&world, &args).stdout(full).run().ends(11).says("standard output cannot be written: No space left");
        assert_eq!(there.exists(), options != ["--dry-run"]);
        let (reader, left) = std::io::pipe().expect("a pipe");
        drop(reader);
        let _ = sync(&world, &args).stdout(left).run().ok();
        let _ = fs::remove_dir_all(&there);
        fs::remove_dir_all(&here).expect("a folder");
    }
    // Where all is quiet, nothing is owed.
    fs::create_dir(&here).expect("a folder");
    let full = fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let _ = sync(&world, &["-q", text(&here), text(&there)]).stdout(full).run().ok();
}
