//! Real programs through a forward.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;
use std::thread;

use xssh_tests::call::Outcome;
use xssh_tests::noise::Noise;
use xssh_tests::peer;
use xssh_tests::port::Port;
use xssh_tests::tree;
use xssh_tests::tunnel::Tunnel;
use xssh_tests::world::World;

/// rsync's own daemon, reached by `rsync://` through a forward.
#[test]
fn an_rsync_daemon_behind_a_forward() {
    let world = World::direct();
    let (place, port) = (world.home.path(), Port::lease());
    let noise = Noise { seed: 9, length: 5_000_000 };
    fs::create_dir(place.join("served")).expect("a folder");
    tree::plant_file(&place.join("served/file"), noise);
    let config = place.join("rsyncd.conf");
    let served = place.join("served");
    let lines =
        format!("use chroot = no\n[all]\npath = {}\nuid = {}\n", served.display(), rustix::process::getuid().as_raw());
    fs::write(&config, lines).expect("a configuration");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let far = listener.local_addr().expect("its number").port();
    let (rsync, config) = (peer::require("rsync"), config.display().to_string());
    serve_by(listener, move || {
        let mut command = Command::new(&rsync);
        command.args(["--daemon", "--config", &config]);
        command
    });
    let tunnel = Tunnel::up(&world, &["-L", &format!("{}:127.0.0.1:{far}", port.number())]);
    let url = format!("rsync://127.0.0.1:{}/all/", port.number());
    let call = world.home.call(peer::require("rsync")).args(["-a", &url]).arg(place.join("copy"));
    let _ = call.run().ok();
    noise.check(fs::File::open(place.join("copy/file")).expect("the copy"));
    let _ = tunnel.down().ok();
}

/// Gives each connection to a program, as inetd does.
fn serve_by(listener: TcpListener, program: impl Fn() -> Command + Send + 'static) {
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let fd = OwnedFd::from(stream);
            let output = fd.try_clone().expect("a descriptor");
            let child = program().stdin(fd).stdout(output).spawn();
            thread::spawn(move || child.map(|mut child| child.wait()));
        }
    });
}

mod as_root {
    use super::*;

    /// crypt(3) of "secret".
    const PASSWORD: &str = "$1$xssh$ssyoDpn7szMQffSYU.Nua/";

    fn cvs(world: &World, folder: &Path, args: &[&str]) -> Outcome {
        world.home.call(peer::require("cvs")).dir(folder).args(args).run().ok()
    }

    /// The paper's other way to reach a repository: cvs's own server, and a forward to it.
    #[test]
    fn a_pserver_behind_a_forward() {
        xssh_tests::account::require_root();
        let world = World::direct();
        let (place, port) = (world.home.path(), Port::lease());
        // cvs leaves its rights for those of the account that the passwd file names.
        let root = world.target.folder().join("root");
        let _ = cvs(&world, place, &["-d", &root.display().to_string(), "init"]);
        fs::write(root.join("CVSROOT/passwd"), format!("tester:{PASSWORD}:nobody\n")).expect("a file of passwords");
        let chown = Command::new("chown").args(["-R", "nobody"]).arg(&root).status();
        assert!(chown.expect("chown").success());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let far = listener.local_addr().expect("its number").port();
        let (program, allowed) = (peer::require("cvs"), format!("--allow-root={}", root.display()));
        serve_by(listener, move || {
            let mut command = Command::new(&program);
            command.args([&allowed, "pserver"]).current_dir("/");
            command
        });
        let tunnel = Tunnel::up(&world, &["-L", &format!("{}:127.0.0.1:{far}", port.number())]);
        let name = format!(":pserver:tester:secret@127.0.0.1:{}{}", port.number(), root.display());
        let project = place.join("project");
        fs::create_dir(&project).expect("a folder");
        fs::write(project.join("file"), "first line\n".repeat(5000)).expect("a file");
        let _ = cvs(&world, &project, &["-Q", "-d", &name, "import", "-m", "import", "project", "vendor", "start"]);
        for copy in ["one", "two"] {
            let _ = cvs(&world, place, &["-Q", "-z3", "-d", &name, "checkout", "-d", copy, "project"]);
        }
        fs::write(place.join("one/file"), "changed\n").expect("a file");
        let _ = cvs(&world, &place.join("one"), &["-Q", "commit", "-m", "a change"]);
        let updated = cvs(&world, &place.join("two"), &["-q", "update"]).text();
        assert!(updated.contains("file"), "{updated}");
        tree::assert_same(&place.join("one"), &place.join("two"), &["CVS"]);
        let _ = tunnel.down().ok();
    }
}
