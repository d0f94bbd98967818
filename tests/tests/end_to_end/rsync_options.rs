//! `docs/from-rsync.md` says something of every option that the installed rsync has, and nothing of options that xssh has not.

use std::collections::BTreeSet;
use std::path::Path;

use xssh_tests::call::Call;
use xssh_tests::peer;
use xssh_tests::subject::Subject;

/// The columns of the table of options.
fn rows() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/from-rsync.md");
    let text = std::fs::read_to_string(path).expect("the page");
    let table = text.split("## Option by option").nth(1).expect("the table");
    let table = table.split("\n## ").next().expect("its end");
    let cells = table.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let rows = cells.filter(|cells| cells.len() == 4 && cells[1].starts_with('`'));
    rows.map(|cells| (cells[1].to_owned(), cells[2].to_owned())).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The options at the beginning of a line of help: `--archive, -a   archive mode …`.
fn options(line: &str) -> Vec<String> {
    let words = line.split_whitespace().take_while(|word| word.starts_with('-'));
    let name = |word: &str| word.trim_end_matches(',').split('=').next().unwrap_or_default().to_owned();
    words.map(name).collect()
}

#[test]
fn every_option_of_rsync_is_in_the_table() {
    let help = Call::new(peer::require("rsync")).arg("--help").run().ok();
    let all: BTreeSet<String> = help.text().lines().skip_while(|line| *line != "Options").flat_map(options).collect();
    assert!(all.len() > 150, "{all:?}");
    let rows = rows();
    let known: BTreeSet<&str> = rows.iter().flat_map(|(theirs, _)| quoted(theirs)).collect();
    let missing: Vec<_> = all.iter().filter(|option| !known.contains(option.as_str())).collect();
    assert!(missing.is_empty(), "the table says nothing of {missing:?}");
    let open: Vec<_> = rows.iter().filter(|(_, ours)| ours.is_empty() || ours.contains("yet")).collect();
    assert!(open.is_empty(), "the table does not say why not: {open:?}");
}

#[test]
fn every_option_that_the_table_names_is_there() {
    let help = Call::new(&Subject::get().path).args(["sync", "--help"]).run().ok();
    let text = help.text();
    let words: BTreeSet<&str> = text.split([' ', ',', '\n', '=', '[', ']']).collect();
    let rows = rows();
    let named = rows.iter().flat_map(|(_, ours)| quoted(ours)).filter(|word| word.starts_with("--"));
    let names = named.map(|word| word.split([' ', '=']).next().unwrap_or(word));
    let missing: Vec<_> = names.filter(|name| !words.contains(name)).collect();
    assert!(missing.is_empty(), "xssh sync --help says nothing of {missing:?}");
}

/// Letters that mean to xssh what they mean to ssh, and those that mean what they mean to rsync.
const SSHS: &str = "FJiloqvp46C";
const ACCEPTED: &str = "acnrxzAHSX";

#[test]
fn every_letter_of_rsync_is_answered() {
    let rows = rows();
    let letters: BTreeSet<char> = rows
        .iter()
        .flat_map(|(theirs, _)| quoted(theirs))
        .filter_map(|option| option.strip_prefix('-').filter(|rest| rest.chars().count() == 1)?.chars().next())
        .collect();
    assert!(letters.len() > 45, "{letters:?}");
    let help = Call::new(&Subject::get().path).args(["sync", "--help"]).run().ok().text();
    let has = |name: &str| help.split([' ', ',', '\n', '=', '[', ']']).any(|word| word.trim_end_matches('.') == name);
    for letter in letters {
        let option = format!("-{letter}");
        let call = Call::new(&Subject::get().path).args(["sync", &option, "/dev/null/a", "/dev/null/b"]).run();
        if SSHS.contains(letter) {
            assert!(has(&option), "{option}: {call}");
        } else if letter == 'h' {
            assert!(call.ok().text().contains("xssh sync [options]"), "-h prints help");
        } else if ACCEPTED.contains(letter) {
            let _ = call.does_not_say("rsync's").says("/dev/null/a");
        } else {
            let call = call.ends(1).says(&format!("{option} is rsync's; here: "));
            let errors = call.errors();
            let named = errors.split([' ', ';', ',', '\n']).filter(|word| word.starts_with("--"));
            let missing: Vec<_> = named.filter(|name| !has(name)).collect();
            assert!(missing.is_empty(), "{option} names {missing:?}: {call}");
        }
    }
}
