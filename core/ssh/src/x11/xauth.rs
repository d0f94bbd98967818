//! The dialogue with xauth(1), which alone knows the file of cookies and how to ask the X server for one.
//!
//! It is told what to do on its standard input and answers on its standard output: no cookie is ever an argument.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use log::debug;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::cookie::{Cookie, MAGIC};
use super::display::Display;
use super::error::X11Error;
use super::private_folder::PrivateFolder;
use crate::limits;
use crate::terminal::visible::visible;

/// What the restricted cookie outlives our own refusal by: who came just in time is not cut off.
const SLACK: u32 = 60;

/// xauth, and the display it is asked about.
#[derive(Debug)]
pub(super) struct Xauth<'a> {
    pub(super) program: &'a Path,
    pub(super) display: &'a Display,
}

impl Xauth<'_> {
    /// The cookie in the user's own file, with which nothing is restricted; `None` where it has none.
    pub(super) async fn listed(&self) -> Result<Option<Cookie>, X11Error> {
        let display = self.display.in_xauth();
        debug!("{} list {display}", self.program.display());
        // Nothing is changed, so a lock that somebody left is no reason to wait.
        let said = self.talk(&["-i".as_ref()], &format!("list {display}\n")).await?;
        Ok(cookie(&said.out))
    }

    /// A new cookie that the X server restricts, and forgets when nobody has used it for `seconds`; zero is never.
    pub(super) async fn generated(&self, seconds: u32, temporary: &Path) -> Result<Cookie, X11Error> {
        let folder = PrivateFolder::inside(temporary);
        let folder = folder.map_err(|source| X11Error::Folder { folder: temporary.to_owned(), source })?;
        let file = folder.path().join("xauthfile");
        let display = self.display.in_xauth();
        let seconds = if seconds == 0 { 0 } else { seconds.saturating_add(SLACK) };
        debug!("{} generate {display} {MAGIC} untrusted timeout {seconds}", self.program.display());
        let commands = format!("generate {display} {MAGIC} untrusted timeout {seconds}\nlist {display}\n");
        let said = self.talk(&["-f".as_ref(), file.as_os_str()], &commands).await?;
        cookie(&said.out).ok_or_else(|| X11Error::NotGenerated { said: complaint(&said.err) })
    }

    async fn talk(&self, options: &[&std::ffi::OsStr], commands: &str) -> Result<Said, X11Error> {
        let program = || PathBuf::from(self.program);
        let child = Command::new(self.program)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| X11Error::Start { program: program(), source })?;
        match timeout(limits::XAUTH, dialogue(child, commands)).await {
            Ok(said) => said.map_err(|source| X11Error::Start { program: program(), source }),
            Err(_) => Err(X11Error::Silent { program: program(), seconds: limits::XAUTH.as_secs() }),
        }
    }
}

struct Said {
    out: Zeroizing<Vec<u8>>,
    err: Vec<u8>,
}

async fn dialogue(mut child: Child, commands: &str) -> io::Result<Said> {
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    let asking = async move {
        // One that ends without reading says why on its standard error.
        let _ = stdin.write_all(commands.as_bytes()).await;
        drop(stdin);
    };
    let (mut out, mut err) = (Zeroizing::new(Vec::with_capacity(limits::XAUTH_ANSWER + 64)), Vec::new());
    let reading = async { tokio::try_join!(read(stdout, &mut out), read(stderr, &mut err)) };
    let ((), read) = tokio::join!(asking, reading);
    read?;
    child.wait().await?;
    Ok(Said { out, err })
}

/// What does not fit is not ours.
async fn read(from: impl AsyncRead + Unpin, to: &mut Vec<u8>) -> io::Result<()> {
    from.take(limits::XAUTH_ANSWER as u64).read_to_end(to).await.map(|_| ())
}

/// From lines of `DISPLAY PROTOCOL HEX`: the first of the kind that all servers have, else the first.
pub(super) fn cookie(lines: &[u8]) -> Option<Cookie> {
    let text = std::str::from_utf8(lines).ok()?;
    let read = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let (_, protocol, hex) = (words.next()?, words.next()?, words.next()?);
        Cookie::parse(protocol, hex)
    };
    let mut cookies = text.lines().filter_map(read);
    let first = cookies.next()?;
    if first.protocol == MAGIC {
        return Some(first);
    }
    Some(cookies.find(|cookie| cookie.protocol == MAGIC).unwrap_or(first))
}

/// What it complains about, but for the file that is only just to be made.
fn complaint(err: &[u8]) -> String {
    let text = visible_lines(err);
    let line = text.iter().find(|line| !line.ends_with("does not exist"));
    line.map_or_else(String::new, |line| format!(" ({line})"))
}

fn visible_lines(bytes: &[u8]) -> Vec<String> {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| visible(line).trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// When X clients that come are refused, where the host is not trusted: ForwardX11Timeout after the cookie was made.
pub(super) fn refused_after(seconds: u32) -> Option<Duration> {
    (seconds != 0).then(|| Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::fs::PermissionsExt as _;

    const HEX: &str = "00112233445566778899aabbccddeeff";

    /// A program in xauth's place, with what it was given in files beside it.
    async fn with(script: &str, seconds: Option<u32>) -> (Result<Option<Cookie>, X11Error>, String, String) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("xauth");
        let at = folder.path().display();
        let text = format!("#!/bin/sh\nprintf '%s\\n' \"$*\" > {at}/args\ncat > {at}/input\n{script}\n");
        std::fs::write(folder.path().join("new"), text).unwrap();
        std::fs::set_permissions(folder.path().join("new"), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(folder.path().join("new"), &program).unwrap();
        let display = Display::parse(":7").unwrap();
        let xauth = Xauth { program: &program, display: &display };
        let temporary = folder.path().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        let answer = match seconds {
            None => xauth.listed().await,
            Some(seconds) => xauth.generated(seconds, &temporary).await.map(Some),
        };
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "something was left");
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        (answer, read("args"), read("input"))
    }

    #[tokio::test]
    async fn the_users_cookie_is_listed() {
        let (answer, args, input) = with(&format!("echo 'host/unix:7  {MAGIC}  {HEX}'"), None).await;
        assert_eq!(answer.unwrap().unwrap().hex().as_str(), HEX);
        assert_eq!((args.as_str(), input.as_str()), ("-i\n", "list :7\n"));
        let (answer, _, _) = with("true", None).await;
        assert!(answer.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_restricted_cookie_is_asked_for_with_its_time() {
        let line = format!("echo 'host/unix:7  {MAGIC}  {HEX}'");
        let (answer, args, input) = with(&line, Some(1200)).await;
        assert_eq!(answer.unwrap().unwrap().hex().as_str(), HEX);
        assert!(args.starts_with("-f /") && args.ends_with("/xauthfile\n") && !args.contains(HEX), "{args}");
        assert_eq!(input, format!("generate :7 {MAGIC} untrusted timeout 1260\nlist :7\n"));
        for (seconds, told) in [(0, "timeout 0\n"), (u32::MAX, "timeout 4294967295\n")] {
            let (_, _, input) = with(&line, Some(seconds)).await;
            assert!(input.contains(told), "{input}");
        }
    }

    #[tokio::test]
    async fn without_a_restricted_cookie_its_words_are_handed_on() {
        let script = "echo 'xauth:  file x does not exist' >&2; printf 'xauth: no \\033[2Jextension\\n' >&2";
        let error = with(script, Some(60)).await.0.unwrap_err().to_string();
        assert!(error.contains(r"(xauth: no \033[2Jextension)") && error.contains("-Y"), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let display = Display::parse(":7").unwrap();
        let error = Xauth { program: Path::new("/no/xauth"), display: &display }.listed().await.unwrap_err();
        assert!(error.to_string().contains("cannot run /no/xauth"), "{error}");
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut() {
        let (answer, _, _) = with("exec yes 0123456789", None).await;
        assert!(answer.unwrap().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_does_not_answer_is_not_waited_for_for_ever() {
        let (answer, _, _) = with("exec sleep 1000", None).await;
        let error = answer.unwrap_err().to_string();
        assert!(error.ends_with("did not answer within 30 s"), "{error}");
    }

    #[test]
    fn the_kind_that_all_servers_have_comes_first() {
        let lines = format!("h/unix:7  XDM-AUTHORIZATION-1  00ff\nnonsense\nh/unix:7  {MAGIC}  {HEX}\n");
        assert_eq!(cookie(lines.as_bytes()).unwrap().protocol, MAGIC);
        assert_eq!(cookie(b"h/unix:7 XDM-AUTHORIZATION-1 00ff\n").unwrap().protocol, "XDM-AUTHORIZATION-1");
    }

    proptest! {
        #[test]
        fn no_answer_panics(lines in any::<Vec<u8>>()) {
            let _ = cookie(&lines);
            let _ = complaint(&lines);
        }
    }
}
