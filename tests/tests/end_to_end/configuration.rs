//! What files of configuration do to a connection. That `-G` prints what OpenSSH's prints is compared elsewhere.

use std::fs;

use xssh_tests::home::Home;
use xssh_tests::world::{HOST, World};

#[test]
fn the_first_value_wins() {
    let mut world = World::direct();
    let port = world.target.port();
    world.home.configure(&format!("Host first*\nPort {port}\nHost *\nHostName 127.0.0.1"));
    world.home.host("first.example", "Port 1");
    let _ = world.home.xssh(&["first.example", "true"]).run().ok();
    let _ = world.home.xssh(&["-p", "1", "first.example", "true"]).run().ends(255);
}

#[test]
fn includes_and_conditions() {
    let mut world = World::direct();
    let port = world.target.port();
    let included = world.home.path().join("more.conf");
    let lines = format!("Match originalhost included exec \"test %h = included\"\nHostName 127.0.0.1\nPort {port}\n");
    fs::write(&included, lines).expect("a file to include");
    world.home.configure(&format!("Host included\nInclude {}/*.conf\nHost *", world.home.path().display()));
    let _ = world.home.xssh(&["included", "true"]).run().ok();
    let _ = world.home.xssh(&["other", "true"]).run().ends(255);
}

#[test]
fn tokens_and_environment_in_paths() {
    let world = World::direct();
    let (at, key) = (world.home.path().display(), world.home.key());
    let place = world.home.path().join(format!("{HOST}-127.0.0.1-{}", world.target.port()));
    fs::rename(&key.path, &place).expect("a key to move");
    let option = "IdentityFile=${PLACE}/%n-%h-%p";
    let call = world.home.xssh(&["-o", option, HOST, "true"]).env("PLACE", at.to_string());
    let _ = call.run().ok();
    let outcome = world.home.xssh(&["-o", option, HOST, "true"]).run().ends(255);
    let _ = outcome.says("PLACE");
}

#[test]
fn bad_lines_are_named() {
    for (line, words) in [
        ("NoSuchKeyword yes", "nosuchkeyword"),
        ("Port eighty", "port"),
        ("StrictHostKeyChecking perhaps", "perhaps"),
        ("IdentityFile", "identityfile"),
        ("HostName \"unclosed", ""),
    ] {
        let mut home = Home::new();
        home.configure(&format!("# a comment\n\n{line}"));
        let outcome = home.xssh(&["host.invalid", "true"]).run().ends(255);
        let said = outcome.errors().to_lowercase();
        let at = format!("{}: line 3", home.config().display()).to_lowercase();
        let also = at.replace(": line ", " line ");
        assert!((said.contains(&at) || said.contains(&also)) && said.contains(words), "{line}: {outcome}");
    }
}

#[test]
fn unknown_keywords_can_be_ignored() {
    let mut world = World::direct();
    world.home.configure("IgnoreUnknown Xssh*,Other\nXsshNoSuchKeyword yes\nOther 5");
    let _ = world.home.xssh(&[HOST, "true"]).run().ok();
}

#[test]
fn a_missing_file_is_an_error() {
    let home = Home::new();
    let missing = home.path().join("missing");
    let call = home.call(&xssh_tests::subject::Subject::get().path).arg("-F").arg(&missing);
    let outcome = call.args(["host.invalid", "true"]).run().ends(255);
    let _ = outcome.says(missing.to_str().expect("UTF-8"));
}
