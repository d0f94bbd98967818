//! `-G` against the installed ssh: each case of `config_corpus/cases/` is given to both, and what they print, how they exit
//! and what they complain about are compared line by line, in order.
//!
//! A case is a text file. Its head holds one directive a line:
//! - `arg TEXT`: one argument. `@DIR@` stands for the case's own directory, in arguments, variables and files. `-F
//!   @DIR@/config` is added unless the case says `-F` itself.
//! - `env NAME=VALUE`: a variable, beyond PATH and HOME.
//! - `beyond REASON`: ssh 9.2 knows less; what it does is not looked at.
//! - `words REASON`: the complaints are worded differently, and not compared.
//! - `expect LINE`, `refuse TEXT`: xssh prints this line; it fails, and this is in its complaint. Needed where ssh is
//!   not looked at, and a good guard elsewhere.
//!
//! Then come files: `==== NAME` or `==== NAME MODE`, and the bytes up to the next.

use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Lines that are not to be equal, and why: lists of algorithms hold what xssh really offers. They are held to what it
/// answers to the question beside them.
const ALGORITHM_LINES: [(&str, &str); 7] = [
    ("casignaturealgorithms", "sig"),
    ("ciphers", "cipher"),
    ("hostbasedacceptedalgorithms", "key-sig"),
    ("hostkeyalgorithms", "key-sig"),
    ("kexalgorithms", "kex"),
    ("macs", "mac"),
    ("pubkeyacceptedalgorithms", "key-sig"),
];

/// A default that is not to be equal, and ours: Debian's ssh trusts each host that X11 is forwarded to; upstream's does not.
const OWN_DEFAULT: (&str, &str) = ("ForwardX11Trusted", "forwardx11trusted no");

/// Complaints of ssh that are not about the configuration: no terminal is there.
const NOISE: &str = "Pseudo-terminal will not be allocated because stdin is not a terminal.";

/// What a run of `-G` showed.
#[derive(Debug)]
struct Outcome {
    status: i32,
    printed: Vec<String>,
    complaints: Vec<String>,
}

#[derive(Default)]
struct Case {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    beyond: bool,
    words_differ: bool,
    expected: Vec<String>,
    refused: Option<String>,
    files: Vec<(String, u32, Vec<u8>)>,
}

impl Case {
    /// Whether a keyword is anywhere in it.
    fn names(&self, keyword: &str) -> bool {
        let keyword = keyword.to_ascii_lowercase();
        let has = |text: &[u8]| String::from_utf8_lossy(text).to_ascii_lowercase().contains(&keyword);
        self.arguments.iter().any(|argument| has(argument.as_bytes()))
            || self.arguments.iter().any(|argument| argument == "-Y")
            || self.files.iter().any(|(_, _, content)| has(content))
    }
}

/// Replaces `@DIR@` in bytes that need not be text.
fn placed(bytes: &[u8], directory: &Path) -> Vec<u8> {
    const MARK: &[u8] = b"@DIR@";
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(directory.as_os_str().as_bytes());
        rest = &rest[at + MARK.len()..];
    }
    out.extend_from_slice(rest);
    out
}

fn parse(bytes: &[u8], name: &str) -> Case {
    let mut case = Case::default();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = String::from_utf8_lossy(line).trim_end_matches('\n').to_owned();
        if let Some(title) = text.strip_prefix("==== ") {
            let (file, mode) = title.split_once(' ').unwrap_or((title, "644"));
            case.files.push((file.to_owned(), u32::from_str_radix(mode, 8).unwrap(), Vec::new()));
        } else if let Some((_, _, content)) = case.files.last_mut() {
            content.extend_from_slice(line);
        } else if let Some(argument) = text.strip_prefix("arg ") {
            case.arguments.push(argument.to_owned());
        } else if let Some(pair) = text.strip_prefix("env ") {
            let (name, value) = pair.split_once('=').unwrap();
            case.environment.push((name.to_owned(), value.to_owned()));
        } else if let Some(line) = text.strip_prefix("expect ") {
            case.expected.push(line.to_owned());
        } else if let Some(words) = text.strip_prefix("refuse ") {
            case.refused = Some(words.to_owned());
        } else if text.starts_with("beyond ") {
            case.beyond = true;
        } else if text.starts_with("words ") {
            case.words_differ = true;
        } else {
            assert!(text.is_empty() || text.starts_with('#'), "{name}: what is \"{text}\"?");
        }
    }
    case
}

/// Puts the files of a case where it will run, and its place into its words.
fn prepare(case: &mut Case, directory: &Path) {
    let place = |text: &str| String::from_utf8(placed(text.as_bytes(), directory)).unwrap();
    for argument in &mut case.arguments {
        *argument = place(argument);
    }
    for (_, value) in &mut case.environment {
        *value = place(value);
    }
    if !case.arguments.iter().any(|argument| argument == "-F") {
        let config = directory.join("config").to_string_lossy().into_owned();
        case.arguments.splice(0..0, ["-F".to_owned(), config]);
    }
    case.environment.push(("HOME".to_owned(), place("@DIR@/home")));
    case.environment.push(("PATH".to_owned(), "/usr/bin:/bin".to_owned()));
    for (name, mode, content) in &case.files {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, placed(content, directory)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
    }
}

fn run(program: &Path, case: &Case) -> Outcome {
    let output = Command::new(program)
        .arg("-G")
        .args(&case.arguments)
        .env_clear()
        .envs(case.environment.iter().cloned())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>();
    Outcome {
        status: output.status.code().unwrap_or(-1),
        printed: lines(&output.stdout),
        complaints: lines(&output.stderr),
    }
}

/// The xssh of the same build: a test runs in target/PROFILE/deps, the programs are in target/PROFILE.
fn xssh() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let program = this.parent().and_then(Path::parent).unwrap().join("xssh");
    assert!(program.exists(), "{} is not there: build it first", program.display());
    program
}

/// What xssh has of each kind, by the question.
fn offers(xssh: &Path) -> HashMap<&'static str, Vec<String>> {
    let answer = |question: &str| {
        let output = Command::new(xssh).args(["-Q", question]).output().unwrap();
        assert!(output.status.success(), "-Q {question}");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    };
    ALGORITHM_LINES.iter().map(|(_, question)| (*question, answer(question))).collect()
}

/// Takes out what is not compared: lists of algorithms (but not where they stand), a default, and noise.
fn comparable(outcome: &Outcome, case: &Case) -> (Vec<String>, Vec<String>) {
    let default = OWN_DEFAULT.0.to_ascii_lowercase();
    let names_it = case.names(OWN_DEFAULT.0);
    let printed = outcome.printed.iter().map(|line| {
        let keyword = line.split(' ').next().unwrap_or_default();
        let is_list = ALGORITHM_LINES.iter().any(|(name, _)| *name == keyword);
        let is_default = keyword == default && !names_it;
        if is_list || is_default { keyword.to_owned() } else { line.clone() }
    });
    let complaints = outcome.complaints.iter().filter(|line| line.as_str() != NOISE);
    (printed.collect(), complaints.cloned().collect())
}

/// Lists hold nothing that is not offered, nothing twice, and are not empty.
fn check_algorithms(outcome: &Outcome, offers: &HashMap<&str, Vec<String>>) -> Option<String> {
    for line in &outcome.printed {
        let Some((keyword, list)) = line.split_once(' ') else { continue };
        let Some((_, question)) = ALGORITHM_LINES.iter().find(|(name, _)| *name == keyword) else { continue };
        let names: Vec<&str> = list.split(',').collect();
        let twice = names.iter().enumerate().any(|(at, name)| names[..at].contains(name));
        if twice || names.iter().any(|name| !offers[question].iter().any(|offer| offer == name)) {
            return Some(format!("{line} is not what xssh offers"));
        }
    }
    None
}

fn first_difference(ours: &[String], theirs: &[String]) -> Option<String> {
    let longest = ours.len().max(theirs.len());
    (0..longest).find(|at| ours.get(*at) != theirs.get(*at)).map(|at| {
        let shown = |lines: &[String]| lines.get(at).map_or("nothing".to_owned(), |line| format!("{line:?}"));
        format!("line {}: ssh has {}, xssh {}", at + 1, shown(theirs), shown(ours))
    })
}

fn check(case: &Case, ours: &Outcome) -> Vec<String> {
    let mut complaints = Vec::new();
    for line in &case.expected {
        if !ours.printed.contains(line) {
            complaints.push(format!("xssh does not print \"{line}\""));
        }
    }
    if let Some(words) = &case.refused
        && !(ours.status == 255 && ours.complaints.iter().any(|line| line.contains(words)))
    {
        complaints.push(format!("xssh does not refuse it with \"{words}\", but says {:?}", ours.complaints));
    }
    if case.beyond {
        assert!(!case.expected.is_empty() || case.refused.is_some(), "nothing is expected");
        return complaints;
    }
    let theirs = run(Path::new("ssh"), case);
    let ((our_lines, our_words), (their_lines, their_words)) = (comparable(ours, case), comparable(&theirs, case));
    if ours.status == 0 && !case.names(OWN_DEFAULT.0) && !ours.printed.iter().any(|line| line == OWN_DEFAULT.1) {
        complaints.push(format!("xssh does not print \"{}\"", OWN_DEFAULT.1));
    }
    if ours.status != theirs.status {
        complaints.push(format!("ssh exits {}, xssh {}: {theirs:?} {ours:?}", theirs.status, ours.status));
    }
    complaints.extend(first_difference(&our_lines, &their_lines).map(|words| format!("printed {words}")));
    if !case.words_differ {
        complaints.extend(first_difference(&our_words, &their_words).map(|words| format!("said {words}")));
    }
    complaints
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config_corpus/cases");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    cases.sort();
    cases
}

#[test]
fn dash_g_is_what_the_installed_ssh_prints() {
    let cases = cases();
    assert!(cases.len() >= 60, "the corpus has shrunk to {}", cases.len());
    let xssh = xssh();
    let offers = offers(&xssh);
    let mut failed = Vec::new();
    for path in &cases {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let scratch = tempfile::tempdir().unwrap();
        let mut case = parse(&fs::read(path).unwrap(), &name);
        prepare(&mut case, scratch.path());
        let ours = run(&xssh, &case);
        let complaints = check(&case, &ours).into_iter().chain(check_algorithms(&ours, &offers));
        failed.extend(complaints.map(|complaint| format!("{name}: {complaint}")));
    }
    assert!(failed.is_empty(), "{} of {} cases:\n{}", failed.len(), cases.len(), failed.join("\n"));
}
