//! Two sides of different releases.

use std::fs;
use std::path::Path;

use super::{Subject, World, text};
use xssh_tests::world::HOST;

/// What stands in for xssh on the host: it says these bytes, and nothing more.
fn facing(world: &World, said: &str) -> xssh_tests::call::Outcome {
    let here = world.home.path().join("here");
    let _ = fs::create_dir(&here);
    let remote = format!("printf '{said}'; cat >/dev/null; :");
    let args = ["--remote-xssh", &remote, text(&here), &format!("{HOST}:x")].map(str::to_owned);
    world.home.call(&Subject::get().path).arg("sync").arg("-F").arg(world.home.config()).args(args).run()
}

#[test]
fn a_release_too_far_away_is_told_with_both_names() {
    let world = World::direct();
    let outcome = facing(&world, r"xssh\000syn\011\000\010\000\012xssh 9.1.0").ends(2);
    let outcome = outcome.says("the other side is xssh 9.1.0 (protocols 8 to 9)");
    let _ = outcome.says(&format!("this is xssh {} (protocol ", env!("CARGO_PKG_VERSION")));
}

/// A helper that is asked for what it does not know says so, with both names.
#[test]
fn a_helper_refuses_what_it_does_not_know() {
    let program = format!("xssh {}", env!("CARGO_PKG_VERSION"));
    let mut said = b"xssh\0syn\x02\0\x02\0\x0axssh 0.1.99".to_vec();
    said[12] = 11;
    // A start of a source, whose options have their 60th switch on.
    let options = [&[0x80; 8][..], &[0x08]].concat();
    let payload = [&[0][..], &[7; 32], &[options.len() as u8], &options].concat();
    said.push(64);
    said.extend((payload.len() as u32).to_le_bytes());
    said.extend(payload);
    let world = World::direct();
    let call = world.home.call(&Subject::get().path).args(["serve", "--sync"]).input(said);
    let answer = call.run().text();
    assert!(
        answer.contains(&format!("xssh 0.1.99 (protocol 2) asks for what {program} (protocol 2) does not know")),
        "{answer}"
    );
}

/// With the first release, its binary is kept and run against this one, both ways. Until then there is none, and this says so
/// only as long as it is true.
#[test]
fn the_release_before_this_one_is_understood() {
    let changes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../CHANGELOG.md");
    let changes = fs::read_to_string(changes).expect("the changes");
    let mut released = changes.lines().filter_map(|line| line.strip_prefix("## ")).filter(|name| *name != "Unreleased");
    let Some(name) = released.next() else { return };
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("kept").join(format!("xssh-{name}"));
    assert!(kept.exists(), "{} is released: keep its binary as {}", name, kept.display());
    let world = World::direct();
    let [here, there, back] = ["here", "there", "back"].map(|name| world.home.path().join(name));
    super::some_tree(&here);
    for (own, remote) in [(&Subject::get().path, &kept), (&kept, &Subject::get().path)] {
        let call = |from: &str, to: &str| {
            let call = world.home.call(own).arg("sync").arg("-F").arg(world.home.config());
            let _ = call.arg("--remote-xssh").arg(remote).args(["--delete", from, to]).run().ok();
        };
        call(text(&here), &super::on_host(&there));
        super::assert_alike(&here, &there);
        call(&super::on_host(&there), text(&back));
        super::assert_alike(&there, &back);
        fs::remove_dir_all(&there).expect("a tree");
        fs::remove_dir_all(&back).expect("a tree");
    }
}
