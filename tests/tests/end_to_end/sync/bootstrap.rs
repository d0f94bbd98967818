//! A host that has no xssh, and gets one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Subject, assert_alike, on_host, some_tree, text, wait_until};
use xssh_tests::call::Call;
use xssh_tests::home::Home;
use xssh_tests::peer;
use xssh_tests::sshd::Sshd;
use xssh_tests::terminal::Terminal;
use xssh_tests::world::HOST;

/// A host in whose PATH there is no xssh, with a place of its own for what a session keeps.
struct Host {
    sshd: Sshd,
    home: Home,
}

impl Host {
    fn new() -> Self {
        Self::with("")
    }

    /// With more lines in its configuration.
    fn with(lines: &str) -> Self {
        let sshd = Sshd::plan()
            .with(lines)
            .with("SetEnv HOME=%d/home XDG_RUNTIME_DIR=%d/run PATH=%d/bin:/usr/bin:/bin")
            .start();
        for name in ["run", "bin"] {
            fs::create_dir(sshd.folder().join(name)).expect("a folder");
        }
        let home = Home::facing(HOST, &sshd);
        some_tree(&home.path().join("here"));
        Self { sshd, home }
    }

    fn sync(&self, args: &[&str]) -> Call {
        let call = self.home.call(&Subject::get().path).arg("sync").arg("-F").arg(self.home.config());
        call.args(args).arg("here").arg(on_host(&self.there()))
    }

    fn there(&self) -> PathBuf {
        self.sshd.folder().join("there")
    }

    fn cache(&self) -> PathBuf {
        self.sshd.home().join(".cache/xssh")
    }

    /// What is kept in a directory.
    fn kept(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
    }

    fn program(&self, name: &str, body: &str) {
        let path = self.sshd.folder().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script");
    }

    fn assert_done(&self) {
        assert_alike(&self.home.path().join("here"), &self.there());
    }
}

#[test]
fn two_ways_out_are_named() {
    let host = Host::new();
    let outcome = host.sync(&[]).run().ends(127);
    assert_eq!(outcome.errors().lines().count(), 1, "{outcome}");
    let _ = outcome.says("the host has no xssh: install it there").says("--bootstrap");
    assert!(!host.cache().exists());
}

#[test]
fn a_copy_is_sent_once_and_used_from_then_on() {
    let host = Host::new();
    let outcome = host.sync(&["--bootstrap"]).run().ok().says("copying this xssh");
    host.assert_done();
    let [name] = <[String; 1]>::try_from(Host::kept(&host.cache())).expect("one copy");
    assert!(name.starts_with(&format!("xssh-{}-", env!("CARGO_PKG_VERSION"))), "{name} {outcome}");
    let copy = host.cache().join(&name);
    assert_eq!(fs::metadata(&copy).expect("the copy").permissions().mode() & 0o7777, 0o700);
    assert_eq!(fs::read(&copy).expect("the copy"), fs::read(&Subject::get().path).expect("ourselves"));
    // Found at once, with the option and without it, in one connection.
    let logins = || host.sshd.log().matches("Accepted publickey").count();
    let before = logins();
    let _ = host.sync(&["--bootstrap"]).run().ok().does_not_say("copying");
    let _ = host.sync(&[]).run().ok().does_not_say("copying");
    assert_eq!(logins(), before + 2);
}

#[test]
fn an_installed_one_comes_first() {
    let host = Host::new();
    host.program("xssh", &format!("touch \"$HOME/used\"; exec {} \"$@\"", Subject::get().path.display()));
    let _ = host.sync(&["--bootstrap"]).run().ok().does_not_say("copying");
    host.assert_done();
    assert!(host.sshd.home().join("used").exists() && !host.cache().exists());
}

#[test]
fn pulling_works_the_same() {
    let host = Host::new();
    some_tree(&host.there());
    let call = host.home.call(&Subject::get().path).arg("sync").arg("-F").arg(host.home.config());
    let _ = call.args(["--bootstrap", &on_host(&host.there()), "back"]).run().ok();
    assert_alike(&host.there(), &host.home.path().join("back"));
}

#[test]
fn another_platform_gets_nothing() {
    let host = Host::new();
    host.program("uname", "echo Plan9 mips");
    let outcome = host.sync(&["--bootstrap"]).run().ends(3).says("the host is Plan9 mips and this is Linux");
    let _ = outcome.says("--remote-xssh");
    assert!(Host::kept(&host.cache()).is_empty());
}

/// What is cut on the way never gets the name that is looked for; and one that was cut behind our back is not what it says.
#[test]
fn half_a_copy_is_not_used() {
    let host = Host::new();
    host.program("head", "/usr/bin/head -c 1000000; /usr/bin/head -c $(($2-1000000)) >/dev/null");
    let _ = host.sync(&["--bootstrap"]).run().ends(126);
    assert!(!host.cache().exists());
    // The right length, and not the right bytes.
    host.program("head", "/usr/bin/head -c 1000000; /usr/bin/head -c $(($2-1000000)) | tr 'a-z' 'b-za'");
    let _ = host.sync(&["--bootstrap"]).run().ends(126).says("the copy does not run in any of");
    assert!(!host.cache().exists());
    fs::remove_file(host.sshd.folder().join("bin/head")).expect("a script");
    let _ = host.sync(&["--bootstrap"]).run().ok();
    host.assert_done();
}

#[test]
fn two_at_once() {
    let host = Host::new();
    let second = host.home.call(&Subject::get().path).arg("sync").arg("-F").arg(host.home.config());
    let second = second.args(["--bootstrap", "here", &on_host(&host.sshd.folder().join("second"))]).start();
    let _ = host.sync(&["--bootstrap"]).run().ok();
    let _ = second.finish().ok();
    host.assert_done();
    assert_eq!(Host::kept(&host.cache()).len(), 1);
}

#[test]
fn a_directory_that_others_may_write_to_is_left_alone() {
    let host = Host::new();
    fs::create_dir_all(host.cache()).expect("a folder");
    fs::set_permissions(host.cache(), fs::Permissions::from_mode(0o777)).expect("a mode");
    let planted = host.cache().join(format!("xssh-{}-planted", env!("CARGO_PKG_VERSION")));
    fs::write(&planted, "#!/bin/sh\ntouch \"$HOME/fooled\"\n").expect("a script");
    fs::set_permissions(&planted, fs::Permissions::from_mode(0o755)).expect("a mode");
    let _ = host.sync(&[]).run().ends(127);
    let _ = host.sync(&["--bootstrap"]).run().ok();
    assert!(!host.sshd.home().join("fooled").exists());
    assert_eq!(Host::kept(&host.sshd.folder().join("run/xssh")).len(), 1);
    host.assert_done();
}

#[test]
fn a_talking_login_script_is_recognised() {
    let host = Host::new();
    host.program("sh", "echo Welcome to the host; exec /bin/sh \"$@\"");
    let _ = host.sync(&["--bootstrap"]).run().ends(2).says("Welcome to the host").says("login script");
}

/// On a terminal the copy is offered.
#[test]
fn somebody_at_a_terminal_is_offered_the_copy() {
    let host = Host::new();
    for (answer, code) in [("n", 127), ("", 127), ("y", 0)] {
        let mut terminal = Terminal::new();
        let [setsid, ctty, end] = Terminal::owner();
        let call = host.home.call(setsid).arg(ctty).arg(end).arg(&Subject::get().path).arg("sync").arg("-F");
        let call = call.arg(host.home.config()).args(["here", &on_host(&host.there())]).env("TERM", "xterm");
        let running = terminal.start(call);
        terminal.wait_for("the host has no xssh. Copy this one there");
        terminal.wait_for("(y/N)");
        terminal.type_in(&format!("{answer}\r"));
        if code != 0 {
            terminal.wait_for("install it there");
        }
        let _ = running.wait().ends(code);
    }
    host.assert_done();
}

/// A line that breaks while the copy is under way leaves nothing that could be taken for one.
#[test]
fn a_copy_that_is_cut_leaves_nothing() {
    let host = Host::new();
    host.program("head", "/usr/bin/head -c 1000000; touch \"$HOME/half\"; exec /usr/bin/head \"$@\"");
    let running = host.sync(&["--bootstrap"]).start();
    wait_until(|| host.sshd.home().join("half").exists());
    running.signal(rustix::process::Signal::KILL);
    let _ = running.wait();
    let none = || host.sshd.serving().is_empty();
    wait_until(none);
    assert!(Host::kept(&host.cache()).iter().all(|name| !name.starts_with("xssh-")));
}

/// What is run there has to pass through the account's own shell, as sshd hands it over.
#[test]
fn an_account_with_another_shell() {
    for shell in ["bash", "fish", "tcsh"] {
        let shell = peer::require(shell);
        let host = Host::with(&format!("ForceCommand exec {} -c \"$SSH_ORIGINAL_COMMAND\"", shell.display()));
        let _ = host.sync(&[]).run().ends(127).says("the host has no xssh: install it there");
        let _ = host.sync(&["--bootstrap"]).run().ok().says("copying this xssh");
        host.assert_done();
        let _ = host.sync(&[]).run().ok().does_not_say("copying");
        // Through further connections, too.
        let call = host.home.call(&Subject::get().path).arg("sync").arg("-F").arg(host.home.config());
        let _ = call.args(["--remote-xssh", text(&Subject::get().path), "here", &on_host(&host.there())]).run().ok();
        host.assert_done();
    }
}

mod as_root {
    use super::super::as_root::Mounted;
    use super::*;

    /// A cache directory from which nothing may be run.
    #[test]
    fn a_noexec_cache_directory() {
        let host = Host::new();
        let cache = host.sshd.home().join(".cache");
        fs::create_dir(&cache).expect("a folder");
        let mounted = Mounted::tmpfs(&cache, "200m,noexec");
        let _ = host.sync(&["--bootstrap"]).run().ok();
        host.assert_done();
        assert!(!host.cache().exists());
        assert_eq!(Host::kept(&host.sshd.folder().join("run/xssh")).len(), 1);
        let _ = host.sync(&[]).run().ok();
        drop(mounted);
    }
}
