//! sftp and scp: trees copied both ways with `-S`.

use std::fs;
use std::path::PathBuf;

use xssh_tests::call::Call;
use xssh_tests::over_both_routes;
use xssh_tests::peer;
use xssh_tests::tree;
use xssh_tests::world::{HOST, WRONG_PORT, World};

over_both_routes!(sftp, scp_over_sftp, scp_as_it_was, scp_between_two_hosts);

/// A tree here. Without a link: scp follows it, and it leads nowhere.
fn near(world: &World) -> PathBuf {
    let near = world.home.path().join("near");
    tree::plant_odd(&near);
    fs::remove_file(near.join("a link")).expect("a link");
    near
}

fn sftp(world: &World) {
    let (near, far, again) = (near(world), world.target.folder().join("far"), world.home.path().join("again"));
    let batch = format!("put -pR {} {}\nget -pR {1} {}\n", near.display(), far.display(), again.display());
    let call = world.home.call(peer::require("sftp")).arg("-S").arg(world.home.remote_shell());
    let port = world.target.port().to_string();
    let _ = call.args(["-P", &port, "-b", "-", WRONG_PORT]).input(batch).run().ok();
    tree::assert_same(&near, &far, &[]);
    tree::assert_same(&near, &again, &[]);
}

fn scp(world: &World) -> Call {
    let call = world.home.call(peer::require("scp")).arg("-S").arg(world.home.remote_shell());
    call.args(["-p", "-r"])
}

fn there_and_back(world: &World, options: &[&str]) {
    let (near, far) = (near(world), world.target.folder().join("far"));
    let again = world.home.path().join("again");
    let _ = scp(world).args(options).arg(&near).arg(format!("{HOST}:{}", far.display())).run().ok();
    tree::assert_same(&near, &far, &[]);
    let _ = scp(world).args(options).arg(format!("{HOST}:{}", far.display())).arg(&again).run().ok();
    tree::assert_same(&near, &again, &[]);
}

fn scp_over_sftp(world: &World) {
    there_and_back(world, &["-s"]);
}

/// The protocol of scp's own: `scp -t` and `scp -f` run on the far side. It cannot carry a newline in a name.
fn scp_as_it_was(world: &World) {
    let near = near(world);
    let odd = fs::read_dir(&near).expect("a folder");
    for entry in odd {
        let path = entry.expect("an entry").path();
        if path.to_string_lossy().contains('\n') {
            let _ = fs::remove_dir(&path).or_else(|_| fs::remove_file(&path));
        }
    }
    let (far, again) = (world.target.folder().join("far"), world.home.path().join("again"));
    let _ = scp(world).arg("-O").arg(&near).arg(format!("{HOST}:{}", far.display())).run().ok();
    tree::assert_same(&near, &far, &[]);
    let _ = scp(world).arg("-O").arg(format!("{HOST}:{}", far.display())).arg(&again).run().ok();
    tree::assert_same(&near, &again, &[]);
}

/// Both are the same host here; what counts is that two remote shells run at once, with the bytes between them.
fn scp_between_two_hosts(world: &World) {
    let (near, far) = (near(world), world.target.folder().join("far"));
    let [from, to] = [&near, &far].map(|path| format!("{HOST}:{}", path.display()));
    let _ = scp(world).arg("-3").args([from, to]).run().ok();
    tree::assert_same(&near, &far, &[]);
}
