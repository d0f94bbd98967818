//! Who may use a control socket, and who is asked.

use std::fs;
use std::path::Path;

use xssh_tests::world::{HOST, World};

use super::{OpenSsh, Program, Standing, Xssh, logins};

/// `ControlMaster ask`: the person decides about each client, through the program that SSH_ASKPASS names.
#[test]
fn the_person_is_asked() {
    for (client, answer) in [(Xssh, true), (Xssh, false), (OpenSsh, true), (OpenSsh, false)] {
        let world = World::direct();
        let asked = world.home.path().join("asked");
        let body = format!("echo \"$1\" >> '{}'; exit {}", asked.display(), i32::from(!answer));
        let askpass = world.home.script("askpass", &body);
        let path = super::socket(&world.home);
        let options = ["-o", "ControlMaster=ask", "-o", "BatchMode=no", "-S", &path, "-N", HOST];
        let call = world.home.xssh(&options).env("SSH_ASKPASS", &askpass).env("SSH_ASKPASS_REQUIRE", "force");
        let running = call.env("DISPLAY", ":nowhere").start();
        super::until("no control socket", || Path::new(&path).exists());
        let outcome = client.call(&world.home, &["-S", &path, HOST, "echo out"]).run().ok();
        assert_eq!(outcome.text(), "out\n");
        assert!(fs::read_to_string(&asked).expect("a question").contains("Allow shared connection to"));
        assert_eq!(logins(&world.target), if answer { 1 } else { 2 }, "{client:?} {answer}");
        running.signal(rustix::process::Signal::TERM);
    }
}

mod as_root {
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;

    use xssh_tests::account;
    use xssh_tests::peer;

    use super::*;

    /// A socket that everybody could open answers nobody but its owner and root.
    #[test]
    fn another_user_gets_nothing() {
        account::require_root();
        let world = World::direct();
        let standing = Standing::start(Program::Xssh, &world.home, &[]);
        for path in [world.home.path(), Path::new(&standing.path)] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("rights for all");
        }
        let uid = account::NOBODY.to_string();
        let call = world.home.call(peer::require("setpriv")).args(["--reuid", &uid, "--regid", &uid, "--clear-groups"]);
        let socat = call.arg(peer::require("socat")).arg("-u");
        let outcome = socat.arg(format!("UNIX-CONNECT:{}", standing.path)).arg("STDOUT").run().ok();
        assert!(outcome.stdout.is_empty(), "{outcome}");
        let words = world.home.xssh(&["-F", "none", "-S", &standing.path, "-O", "check", HOST]).words();
        let call = world.home.call(peer::require("setpriv")).args(["--reuid", &uid, "--regid", &uid, "--clear-groups"]);
        let outcome = call.args(words).run().ends(255);
        let _ = outcome.says(&format!("Control socket {}: the master hangs up at once", standing.path));
        let mut stream = std::os::unix::net::UnixStream::connect(&standing.path).expect("a connection");
        let mut hello = [0; 12];
        stream.read_exact(&mut hello).expect("a hello for root");
        assert_eq!(hello, [0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 4]);
    }
}
