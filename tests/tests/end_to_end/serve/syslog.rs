//! `--log syslog`, with a real daemon: rsyslogd listens at /dev/log of a mount namespace of its own, since a bare machine has none, and
//! in that the key is served.

mod as_root {
    use std::fs;
    use std::path::{Path, PathBuf};

    use rustix::process::Signal;
    use serde_json::Value;
    use xssh_tests::account;
    use xssh_tests::call::{Call, Running};
    use xssh_tests::peer;

    use crate::serve::Served;
    use crate::served::plant;
    use crate::sync::{text, wait_until};

    /// Makes a /dev that has what programs need, and becomes a daemon that writes what it hears to a file.
    const BODY: &str = "\
set -e
new=$1/dev; mkdir $new; mount -t tmpfs dev $new
for node in null zero full random urandom tty; do : > $new/$node; mount --bind /dev/$node $new/$node; done
mkdir $new/shm $new/pts; mount --rbind /dev/shm $new/shm; mount --rbind /dev/pts $new/pts
mount --rbind $new /dev
exec $2 -n -f $1/conf -i $1/pid
";

    /// The daemon, until it is dropped.
    struct Daemon {
        running: Running,
        folder: tempfile::TempDir,
    }

    impl Daemon {
        fn start() -> Self {
            account::require_root();
            let folder = tempfile::tempdir().expect("a folder");
            let heard = folder.path().join("heard");
            let conf = format!(
                "module(load=\"imuxsock\" SysSock.RateLimit.Interval=\"0\")\n\
                 template(name=\"line\" type=\"string\" string=\"%syslogfacility-text%.%syslogseverity-text% %syslogtag%%msg%\\n\")\n\
                 *.* action(type=\"omfile\" file=\"{}\" template=\"line\")\n",
                heard.display()
            );
            fs::write(folder.path().join("conf"), conf).expect("a configuration");
            let call =
                Call::new(peer::require("unshare")).args(["--mount", "--propagation", "private", "--", "sh", "-c"]);
            let call = call.args([BODY, "sh", text(folder.path()), text(&peer::require("rsyslogd"))]);
            let daemon = Self { running: call.start(), folder };
            wait_until(|| daemon.heard().iter().any(|line| line.contains("start")));
            daemon
        }

        fn heard(&self) -> Vec<String> {
            let heard = fs::read_to_string(self.folder.path().join("heard")).unwrap_or_default();
            heard.lines().map(str::to_owned).collect()
        }

        /// The sessions that it has heard of, once there are so many.
        fn sessions(&self, count: usize) -> Vec<Value> {
            let ours = || self.heard().into_iter().filter(|line| !line.starts_with("syslog.")).collect::<Vec<_>>();
            wait_until(|| ours().len() >= count);
            let lines = ours();
            assert_eq!(lines.len(), count, "{lines:#?}");
            lines.iter().map(|line| session(line)).collect()
        }

        /// The key is served where it listens.
        fn serves(&self, served: &Served, options: &str) {
            let (nsenter, pid) = (peer::require("nsenter"), self.running.pid());
            let (program, root) = (&xssh_tests::subject::Subject::get().path, served.root());
            served.force(&format!(
                "{} -t {pid} -m -- {} serve --root {} --log syslog --name alice {options}",
                text(&nsenter),
                text(program),
                text(&root)
            ));
        }
    }

    impl Drop for Daemon {
        fn drop(&mut self) {
            self.running.signal(Signal::TERM);
        }
    }

    /// A line as the daemon had it: facility and level, who says it, and JSON.
    #[track_caller]
    fn session(line: &str) -> Value {
        let words = line.strip_prefix("authpriv.info xssh[").expect("who says it");
        let (number, json) = words.split_once("]: ").expect("who says it");
        assert!(number.parse::<u32>().is_ok(), "{line}");
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    #[test]
    fn a_session_is_a_line_whatever_is_asked_for() {
        let (daemon, served) = (Daemon::start(), Served::with(""));
        daemon.serves(&served, "");
        let here: PathBuf = served.here("here");
        plant(&here);
        let _ = served.rsync(&["-a", text(&here), "target:there"]).run().ok();
        let _ = served.sync(&[text(&here), "target:second"]).run().ok();
        let lines = daemon.sessions(2);
        assert_eq!(
            (&lines[0]["kind"], &lines[0]["verdict"], &lines[0]["name"]),
            (&"rsync".into(), &"served".into(), &"alice".into())
        );
        assert_eq!((&lines[1]["kind"], &lines[1]["landlock"]), (&"sync".into(), &"whole".into()));
        // What would be a line of its own, or would not fit.
        let asked = [
            "rsync --server\n<0>kernel: panic",
            "x\r\n<86>xssh[1]: {\"verdict\":\"served\"}",
            "\x1b[2Jx\x07",
            "rsync --server --sender -r . 'a\u{2028}b' \u{202e}x",
            &format!("rsync --server --{} . x", "y".repeat(100_000)),
            &"z".repeat(120_000),
        ];
        for (number, command) in asked.iter().enumerate() {
            let outcome = served.ask(command).run();
            assert_ne!(outcome.code(), Some(0), "{command}: {outcome}");
            let lines = daemon.sessions(3 + number);
            let last = &lines[2 + number];
            assert_ne!(last["verdict"], "served", "{last}");
        }
        assert!(daemon.heard().iter().all(|line| line.len() < 8000 && !line.contains(['\x1b', '\x07', '\r'])));
        served.assert_unharmed();
    }

    /// Nothing is served of which nobody would know.
    #[test]
    fn without_its_daemon_nothing_is_served() {
        let (daemon, served) = (Daemon::start(), Served::with(""));
        let here = served.here("here");
        plant(&here);
        let socket = PathBuf::from(format!("/proc/{}/root/dev/log", daemon.running.pid()));
        assert!(Path::new(&socket).exists());
        fs::remove_file(&socket).expect("the socket");
        daemon.serves(&served, "");
        let outcome = served.rsync(&["-a", text(&here), "target:there"]).run();
        assert!(outcome.code() != Some(0) && outcome.errors().contains("syslog cannot be reached"), "{outcome}");
        assert!(!served.root().join("there").exists());
    }

    /// A daemon that takes nothing any more holds no session up for ever.
    #[test]
    fn a_daemon_that_hangs_holds_nobody_up() {
        let (daemon, served) = (Daemon::start(), Served::with(""));
        daemon.serves(&served, "");
        daemon.running.signal(Signal::STOP);
        // More than its queue holds (unix(7), max_dgram_qlen).
        let most: usize = fs::read_to_string("/proc/sys/net/unix/max_dgram_qlen")
            .map_or(10, |text| text.trim().parse().expect("a number"));
        let sessions: Vec<_> = (0..most + 4).map(|_| served.ask("id").start()).collect();
        for session in sessions {
            let _ = session.finish().ends(1);
        }
        daemon.running.signal(Signal::CONT);
        wait_until(|| daemon.heard().iter().filter(|line| line.starts_with("authpriv.")).count() >= most);
    }
}
