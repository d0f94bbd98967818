//! Sends this very program to a host that has none.

use std::fs::{self, File};
use std::io::{self, Chain, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use indicatif::HumanBytes;
use rustix::system::uname;
use xssh_ssh::prompt::Prompt;

use super::remote::{Copy, OFFER};
use crate::args::sync::Sync;
use crate::prompt::Terminal;
use crate::{environment, words};

/// The longest name of a platform.
const PLATFORM: usize = 256;

/// What a host has said, with what was read of it put back.
pub(super) type Heard<T> = Chain<Cursor<Vec<u8>>, T>;

/// This program, as it would be sent.
pub(super) fn this_program() -> Result<Copy, String> {
    let path = running()?;
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let file = File::open(&path).map_err(|error| failed(&error))?;
    let (digest, size) = xssh_delta::hash_reader(file).map_err(|error| failed(&error))?;
    Ok(Copy { size, digest: hexadecimal(digest.as_bytes()) })
}

/// Whether this program is the one with this digest. A copy that is cut short is not.
pub(crate) fn verify(digest: &str) -> bool {
    this_program().is_ok_and(|copy| copy.digest == digest)
}

/// Asks the person at the terminal.
pub(super) fn wanted(call: &Sync) -> bool {
    let Ok(size) = running().and_then(|path| fs::metadata(path).map_err(|error| error.to_string())) else {
        return false;
    };
    let question = format!(
        "xssh: the host has no xssh. Copy this one there ({}), into its cache directory? (y/N) ",
        HumanBytes(size.len())
    );
    !call.display.quiet
        && !call.display.json
        && Terminal::from_environment().line(&question).is_some_and(|answer| matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// What a host says first. Where it wants the copy, it gets it, and says what its helper says.
pub(super) fn hear<R: Read, W: Write>(
    call: &Sync,
    copy: Option<&Copy>,
    mut input: R,
    output: &mut W,
) -> Result<Heard<R>, String> {
    let mut said = Vec::new();
    if let Some(copy) = copy {
        // A line that breaks here breaks for the run too, which says so.
        let _ = input.by_ref().take(OFFER.len() as u64).read_to_end(&mut said);
        if said == OFFER {
            said.clear();
            send(call, copy, &line(&mut input), output)?;
        }
    }
    Ok(Cursor::new(said).chain(input))
}

fn send(call: &Sync, copy: &Copy, platform: &str, output: &mut impl Write) -> Result<(), String> {
    let names = uname();
    let ours = format!("{} {}", names.sysname().to_string_lossy(), names.machine().to_string_lossy());
    if platform != ours {
        return Err(format!(
            "the host is {platform} and this is {ours}: a copy of this xssh would not run there; install one there, or \
             say where it is with --remote-xssh"
        ));
    }
    if !call.display.quiet {
        words::say(&format_args!("xssh: copying this xssh ({}) to the host", HumanBytes(copy.size)));
    }
    let path = running()?;
    let sent = File::open(&path).and_then(|file| {
        output.write_all(b"go\n")?;
        io::copy(&mut file.take(copy.size), output)?;
        output.flush()
    });
    match sent {
        // The host has ended, and has said why.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        sent => sent.map_err(|error| format!("{}: {error}", path.display())),
    }
}

fn line(input: &mut impl Read) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < PLATFORM && input.read(&mut byte).is_ok_and(|n| n == 1) && byte != *b"\n" {
        line.extend(byte);
    }
    String::from_utf8_lossy(&line).into_owned()
}

fn running() -> Result<PathBuf, String> {
    // The file that runs, even where another one has taken its name meanwhile.
    let path = Path::new("/proc/self/exe");
    if path.exists() {
        return Ok(path.to_owned());
    }
    environment::own_program()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
