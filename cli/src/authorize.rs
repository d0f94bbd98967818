//! `xssh authorize`: lines of authorized_keys for keys that `xssh serve` serves.
//!
//! `xssh_gate::line` knows the format; here are the words. `given` is what a line grants, where it has a command of ours; `check`
//! finds what is wrong with lines, and `file` changes the file in one step or not at all; `owner` is whose it is.

mod check;
mod file;
mod given;
mod owner;

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;

use xssh_gate::line::{KeyOption, Line, PublicKey, judge, quoted};
use xssh_ssh::hostkey::fingerprint_of;
use xssh_ssh::settings::FingerprintHash;

use self::given::Given;
use crate::args::authorize::{Authorize, What};
use crate::args::serve::{self, Serve};
use crate::serve::grants::Tables;
use crate::serve::own::{Files, Own};
use crate::serve::try_log;
use crate::{environment, help, words};

/// What everything that is not possible ends with.
const FAILED: u8 = 1;
/// How a fingerprint begins, as ssh-keygen -l and the log of a server print it.
const FINGERPRINT: &str = "SHA256:";
/// How the kinds of certificates end (draft-miller-ssh-cert, section 2.1).
const CERTIFICATE: &str = "-cert-v01@openssh.com";
/// What is said of one.
const NO_LINE: &str = "this is a certificate, which has no line of its own: the key of the authority that has signed it has one, with the \
                       option cert-authority";
/// The longest file of a public key, in bytes.
const KEY: u64 = 64 * 1024;

/// Does what was asked for.
pub(crate) fn run(call: &Authorize) -> u8 {
    let file = call.file.clone().unwrap_or_else(|| environment::home().join(".ssh/authorized_keys"));
    let done = match &call.what {
        What::Line { serve, key, install } => line(serve, key, &file).and_then(|line| match install {
            false => Ok(help::stdout(&format!("{line}\n"))),
            true => install_line(&file, &line),
        }),
        What::List => list(&file),
        What::Remove(which) => remove(&file, which),
        What::Check => check::check(&file),
    };
    done.unwrap_or_else(|why| {
        words::say(&format_args!("xssh: {why}"));
        FAILED
    })
}

/// The line for a key, to stand in this file.
fn line(serve: &Serve, key: &Path, file: &Path) -> Result<Line, String> {
    // The table may come later than the line.
    let found = Tables::default()
        .looked_up(serve)
        .inspect_err(|why| words::say(&format_args!("xssh: it serves nothing yet: {why}")));
    let found = found.unwrap_or_else(|_| serve.clone());
    if let Some(Err(why)) = found.log.as_ref().map(try_log) {
        words::say(&format_args!("xssh: {why}"));
    }
    let mut files = Files::of_account().with(&found);
    files.add(Own::Grants, file);
    if let Some((root, held)) = files.held_by_any(&found.grant) {
        return Err(format!("{}: {}", root.display(), held.details(&root)));
    }
    if let Some(tree) = found.grant.tree.as_ref().filter(|tree| !tree.root.is_dir()) {
        words::say(&format_args!("xssh: {} is not there yet, or no directory", tree.root.display()));
    }
    let program = environment::own_program()?;
    let program = program.to_str().ok_or("the path of this program is no text")?.to_owned();
    let options: Result<Vec<String>, _> = serve::words(serve).into_iter().map(OsString::into_string).collect();
    let options = options.map_err(|word| {
        let word = word.to_string_lossy();
        format!("{word}: a path that is not UTF-8 cannot stand in authorized_keys: rename it, or name a link to it")
    })?;
    let words = [program, "serve".to_owned()].into_iter().chain(options);
    let command: Vec<String> = words.map(|word| quoted(&word)).collect();
    let command = command.join(" ");
    if command.contains(['\n', '\r', '\0', '"']) || command.contains("\\\"") {
        return Err("a path with a newline or a double quote cannot stand in authorized_keys".to_owned());
    }
    let option = |name: &str, value: Option<String>| KeyOption { name: name.to_owned(), value };
    let key = public_key(key)?;
    if key.comment.contains(|letter: char| letter.is_control() && letter != '\t') {
        return Err(
            "the key's comment has control characters in it, which a terminal would act on: take them out".to_owned()
        );
    }
    if let Some(why) = why_never(&key) {
        return Err(why.to_owned());
    }
    Ok(Line { options: vec![option("restrict", None), option("command", Some(command))], key })
}

/// Why a key has no line of its own.
fn why_never(key: &PublicKey) -> Option<&'static str> {
    // https://www.openssh.com/legacy.html
    (key.kind == "ssh-dss").then_some(
        "this is a DSA key (ssh-dss), and sshd lets nobody in by it since OpenSSH 7.0, unless told to, and not at all since 10.0: \
         make a new one (ssh-keygen -t ed25519)",
    )
}

fn public_key(path: &Path) -> Result<PublicKey, String> {
    let mut text = String::new();
    let shown = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(KEY).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(KEY).read_to_string(&mut text))
    };
    read.map_err(|error| format!("{shown}: {error}"))?;
    if text.split_whitespace().next().is_some_and(|kind| kind.ends_with(CERTIFICATE)) {
        return Err(format!("{shown}: {NO_LINE}"));
    }
    PublicKey::in_file(&text).map_err(|error| format!("{shown}: {error}"))
}

fn install_line(file: &Path, line: &Line) -> Result<u8, String> {
    let said = file::change(file, |text| {
        let (lines, _) = judge(text);
        match lines.iter().find(|(_, there)| there.key.blob == line.key.blob) {
            Some((_, there)) if there.to_string() == line.to_string() => Ok(None),
            Some((at, _)) => Err(format!("the key stands there already, in line {at}: take it away first (--remove)")),
            None => {
                let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
                Ok(Some(format!("{text}{gap}{line}\n")))
            }
        }
    })?;
    words::say(&format_args!(
        "xssh: {}: {}",
        file.display(),
        if said { "the key was added" } else { "the line is there already" }
    ));
    Ok(0)
}

fn remove(file: &Path, which: &str) -> Result<u8, String> {
    let blob =
        Some(Path::new(which)).filter(|path| path.is_file()).and_then(|path| public_key(path).ok()).map(|key| key.blob);
    let fingerprint = |line: &Line| fingerprint_of(&line.key.bytes(), FingerprintHash::Sha256);
    let mut removed = 0;
    file::require(file)?;
    file::change(file, |text| {
        let is_meant = |line: &Line| {
            blob.as_ref() == Some(&line.key.blob)
                || line.key.comment == which
                || given::is_called(line, which)
                || which.starts_with(FINGERPRINT) && fingerprint(line) == which
        };
        let (mut kept, all) = (text.split_inclusive('\n').collect::<Vec<&str>>(), text.lines().count());
        kept.retain(|text| !Line::parse(text).ok().flatten().is_some_and(|line| is_meant(&line)));
        removed = all - kept.len();
        if removed == 0 && which.starts_with(FINGERPRINT) {
            return Err(format!("no key has the fingerprint {which}"));
        }
        if removed == 0 {
            return Err(format!("no key is called {which}, neither by --name nor by its comment"));
        }
        Ok(Some(kept.concat()))
    })?;
    words::say(&format_args!("xssh: {}: {removed} removed", file.display()));
    Ok(0)
}

fn list(file: &Path) -> Result<u8, String> {
    let (lines, _) = judge(&file::read(file)?);
    let mut tables = Tables::default();
    let given = lines.iter().map(|(_, line)| Given::by(line, &mut tables));
    let text: String = given.map(|given| format!("{}: {}\n", given.title(), given.explained())).collect();
    Ok(help::stdout(&shown(&text)))
}

/// A text that may hold what somebody else wrote, as a terminal may have it.
fn shown(text: &str) -> String {
    xssh_ssh::terminal::visible::visible_lines(text.as_bytes())
}
