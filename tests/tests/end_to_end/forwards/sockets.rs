//! Unix sockets, on either side of either kind of forward.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::{UnixListener, UnixStream};

use xssh_tests::port::Port;
use xssh_tests::service::{self, answers, talk};
use xssh_tests::tunnel::Tunnel;
use xssh_tests::world::World;

fn hears(path: &std::path::Path) -> bool {
    UnixStream::connect(path).is_ok_and(|stream| talk(stream, "hello").is_ok_and(|heard| heard == "hello<5>"))
}

#[test]
fn sockets_stand_on_either_side() {
    let world = World::direct();
    let (place, port) = (world.home.path(), Port::lease());
    let [far, near, other] = ["far", "near", "other"].map(|name| place.join(name));
    let tcp = service::on_a_port();
    service::on_a_socket(&far);
    let address = (std::net::Ipv4Addr::LOCALHOST, port.number()).into();
    for letter in ["-L", "-R"] {
        let specs = [
            format!("{}:127.0.0.1:{tcp}", near.display()),
            format!("{}:{}", other.display(), far.display()),
            format!("{}:{}", port.number(), far.display()),
        ];
        let options: Vec<&str> = specs.iter().flat_map(|spec| [letter, spec.as_str()]).collect();
        let tunnel = Tunnel::up(&world, &options);
        assert!(hears(&near) && hears(&other) && answers(address), "{letter}");
        let _ = tunnel.down().ok();
        // What a host's server leaves is not ours to remove.
        for path in [&near, &other] {
            let _ = fs::remove_file(path);
        }
    }
}

#[test]
fn paths_hold_tokens() {
    let world = World::direct();
    let tcp = service::on_a_port();
    let spec = format!("{}/%n-%p:127.0.0.1:{tcp}", world.home.path().display());
    let tunnel = Tunnel::up(&world, &["-L", &spec]);
    assert!(hears(&world.home.path().join(format!("target-{}", world.target.port()))));
    let _ = tunnel.down().ok();
}

#[test]
fn a_socket_is_ours_alone_unless_a_mask_says_otherwise() {
    let world = World::direct();
    let path = world.home.path().join("socket");
    let spec = format!("{}:127.0.0.1:1", path.display());
    for (options, mode) in [(&[][..], 0o600), (&["-o", "StreamLocalBindMask=0111"], 0o666)] {
        let tunnel = Tunnel::up(&world, &[options, &["-L", &spec]].concat());
        assert_eq!(fs::metadata(&path).expect("a socket").mode() & 0o777, mode, "{options:?}");
        let _ = tunnel.down().ok();
        let _ = fs::remove_file(&path);
    }
}

#[test]
fn a_socket_in_the_way_is_removed_only_where_that_was_asked_for() {
    let world = World::direct();
    let path = world.home.path().join("socket");
    let service = service::on_a_port();
    let left = UnixListener::bind(&path).expect("a socket");
    drop(left);
    let spec = format!("{}:127.0.0.1:{service}", path.display());
    let strict = ["-o", "ExitOnForwardFailure=yes", "-L", &spec, "target", "true"];
    let outcome = world.home.xssh(&strict).run().ends(255);
    let _ = outcome.says("Address already in use").says("Could not request local forwarding.");
    let tunnel = Tunnel::up(&world, &["-o", "StreamLocalBindUnlink=yes", "-L", &spec]);
    assert!(hears(&path));
    let _ = tunnel.down().ok();
}
