//! Options of `xssh sync` whose effect is seen from outside, beside rsync's where rsync has them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use xssh_tests::call::Call;
use xssh_tests::noise::Noise;
use xssh_tests::peer;
use xssh_tests::subject::Subject;
use xssh_tests::world::World;

use crate::sync::{assert_alike, on_host, sync, sync_by, text};

/// Folders of these names in a client's folder, made.
fn folders<const N: usize>(world: &World, names: [&str; N]) -> [PathBuf; N] {
    names.map(|name| {
        let path = world.home.path().join(name);
        fs::create_dir_all(&path).expect("a folder");
        path
    })
}

fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        fs::create_dir_all(root.join(name).parent().expect("a folder")).expect("a folder");
        fs::write(root.join(name), content).expect("a file");
    }
}

fn rsync(args: &[&str]) {
    let _ = Call::new(peer::require("rsync")).arg("-a").args(args).run().ok();
}

/// Changes of permissions, one option after the other, under a umask; and rsync's letters for what is kept.
#[test]
fn permissions_change_as_with_rsync() {
    let world = World::direct();
    let [here, ours, theirs] = folders(&world, ["here", "ours", "theirs"]);
    write(&here, &[("a/f", "f"), ("g", "g")]);
    fs::hard_link(here.join("g"), here.join("h")).expect("a second name");
    for (path, mode) in [("a", 0o750), ("a/f", 0o440), ("g", 0o604)] {
        fs::set_permissions(here.join(path), Permissions::from_mode(mode)).expect("permissions");
    }
    let modes = |root: &Path| ["a", "a/f", "g", "h"].map(|path| fs::metadata(root.join(path)).expect(path).mode());
    for (umask, changes) in
        [("022", &["go=u"][..]), ("077", &["+w", "Fo=g"]), ("022", &["=rwX", "D+t"]), ("027", &["u=g,g+w", "o=", "+x"])]
    {
        let options: Vec<String> = changes.iter().map(|change| format!("--chmod={change}")).collect();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let under = |program: &Path| {
            let shell = format!("umask {umask}; exec \"$@\"");
            world.home.call(Path::new("/bin/sh")).args(["-c", &shell, "sh"]).arg(program)
        };
        let from = format!("{}/", text(&here));
        let _ = under(&peer::require("rsync")).arg("-aHAX").args(&options).args([&from, text(&theirs)]).run().ok();
        let call =
            under(&Subject::get().path).args(["sync", "-F"]).arg(world.home.config()).arg("-aHAX").args(&options);
        let call = call.arg("--remote-xssh").arg(&Subject::get().path);
        let _ = call.args(["--contents", text(&here), &on_host(&ours)]).run().ok();
        assert_eq!(modes(&ours).map(octal), modes(&theirs).map(octal), "{changes:?} under {umask}");
        assert_eq!(fs::metadata(ours.join("g")).expect("g").nlink(), 2);
    }
    let no_rule = sync(&world, &["--filter=nonsense", text(&here), &on_host(&ours)]).run();
    let _ = no_rule.ends(1).says("nonsense");
}

fn octal(mode: u32) -> String {
    format!("{mode:o}")
}

/// Backups beside DST, as the nightly scripts of many have it.
#[test]
fn backups_leave_the_target() {
    let world = World::direct();
    let [here, ours, theirs] = folders(&world, ["here", "ours/now", "theirs/now"]);
    write(&here, &[("a/f", "new"), ("g", "the new g")]);
    for root in [&ours, &theirs] {
        write(root, &[("a/f", "old one"), ("g", "g"), ("gone/x", "x")]);
    }
    let options = ["--delete", "--backup-dir=../old/monday"];
    let _ = sync(&world, &[&options[..], &[text(&here), &on_host(&ours)]].concat()).run().ok();
    rsync(&["-b", options[0], options[1], &format!("{}/", text(&here)), text(&theirs)]);
    assert_alike(&ours, &theirs);
    for name in ["a/f", "g", "gone/x"] {
        let read = |root: &Path| fs::read(root.join("../old/monday").join(name)).expect("a backup");
        assert_eq!(read(&ours), read(&theirs));
    }
    let inside = ours.join("kept");
    let outcome = sync(&world, &["--delete", "--backup-dir", text(&inside), text(&here), &on_host(&ours)]).run();
    let _ = outcome.ends(3).says("say --backup-dir kept");
    assert!(!inside.exists());
}

/// What is no directory keeps no backups, which is said once, before anything is changed.
#[test]
fn a_file_in_the_place_of_the_backups_is_named() {
    let world = World::direct();
    let [here, ours] = folders(&world, ["here", "ours"]);
    write(&here, &[("f", "new"), ("g", "new g")]);
    write(&ours, &[("f", "old one"), ("g", "old"), ("kept", "no folder")]);
    std::os::unix::fs::symlink("..", ours.join("link")).expect("a link");
    for (place, in_the_way) in [("kept", "kept"), ("kept/today", "kept"), ("link", "link")] {
        let outcome = sync(&world, &["--backup-dir", place, text(&here), &on_host(&ours)]).run().ends(3);
        let words = format!("--backup-dir {place}: {in_the_way} in {} is no directory", text(&ours));
        assert!(outcome.errors().contains(&words), "{outcome}");
        assert_eq!(fs::read(ours.join("f")).expect("the old file"), b"old one");
    }
    let _ = sync(&world, &["--backup-dir", "other/today", text(&here), &on_host(&ours)]).run().ok();
    assert_eq!(fs::read(ours.join("other/today/f")).expect("a backup"), b"old one");
}

/// rsync leaves the time of the top, of which only parts were named, as it comes.
fn assert_alike_below(one: &Path, other: &Path) {
    for top in [one, other] {
        fs::File::open(top).and_then(|top| top.set_modified(SystemTime::UNIX_EPOCH)).expect("a time");
    }
    assert_alike(one, other);
}

/// A list and --relative together say what the list alone says, as with rsync.
#[test]
fn a_list_and_relative_paths() {
    let world = World::direct();
    let [here, ours, theirs] = folders(&world, ["here/deep", "ours", "theirs"]);
    write(&here, &[("a/b/c", "c"), ("a/x", "x"), ("d", "d")]);
    let list = world.home.path().join("list");
    fs::write(&list, "a/b/c\nd\n").expect("a list");
    let from = format!("--files-from={}", text(&list));
    let _ = sync(&world, &["--relative", &from, text(&here), &on_host(&ours)]).run().ok();
    rsync(&["-R", &from, &format!("{}/", text(&here)), text(&theirs)]);
    assert_alike_below(&ours, &theirs);
    assert!(ours.join("a/b/c").exists() && !ours.join("a/x").exists());
    fs::write(&list, "a/b/c\nnot/there\n").expect("a list");
    let _ = sync(&world, &[&from, text(&here), &on_host(&ours)]).run().ends(23).says("not/there");
    let _ = sync(&world, &["--ignore-missing-args", &from, text(&here), &on_host(&ours)]).run().ok();
}

/// `/./` says where the path in DST begins, here and on a host.
#[test]
fn a_path_that_begins_in_the_middle() {
    let world = World::direct();
    let [here, ours, theirs] = folders(&world, ["here", "ours", "theirs"]);
    write(&here, &[("www/site/a", "a"), ("www/site/b/c", "c"), ("www/other", "x"), ("etc/conf", "y")]);
    let [site, other] = ["www/site", "www/other"].map(|name| format!("{}/./{name}", text(&here)));
    let _ = sync(&world, &["--relative", &site, &other, &on_host(&ours)]).run().ok();
    rsync(&["-R", &site, &other, text(&theirs)]);
    assert_alike_below(&ours, &theirs);
    let back = world.home.path().join("back");
    let _ = sync(&world, &["--relative", &on_host(Path::new(&site)), text(&back)]).run().ok();
    assert!(back.join("www/site/b/c").exists() && !back.join("www/other").exists());
    let outside = format!("{}/etc/./conf", text(&here));
    let _ = sync(&world, &["--relative", &site, &outside, &on_host(&ours)]).run().ends(3).says("begin at one place");
}

/// Links that may lead out, some of them by way of another link.
#[test]
fn links_that_lead_out_are_those_of_rsync() {
    let world = World::direct();
    let [here, ours, theirs] = folders(&world, ["out/here", "out/ours", "out/theirs"]);
    write(&here, &[("a/b/f", "f"), ("f", "f")]);
    write(&here, &[("../secret", "outside"), ("../../f", "outside"), ("../../secret", "outside")]);
    std::os::unix::fs::symlink("..", here.join("a/d")).expect("a link");
    let targets =
        ["f", "..", "../..", "../f", "../../f", "../../../f", "b/..", "d/../secret", "../a/../f", "/f", "..f"];
    for (number, target) in targets.iter().enumerate() {
        for folder in ["", "a", "a/b"] {
            std::os::unix::fs::symlink(target, here.join(folder).join(format!("l{number}"))).expect("a link");
        }
    }
    let from = format!("{}/", text(&here));
    let _ = sync(&world, &["--safe-links", text(&here), &on_host(&ours)]).run().ok();
    rsync(&["--safe-links", &from, text(&theirs)]);
    assert_alike(&ours, &theirs);
    assert!(fs::symlink_metadata(ours.join("a/d")).is_ok() && fs::symlink_metadata(ours.join("a/l7")).is_err());
}

/// The same decides what is copied instead of a link.
#[test]
fn what_links_lead_to_outside_is_copied() {
    let world = World::direct();
    let [here, ours, theirs] = folders(&world, ["out/here", "ours", "theirs"]);
    write(&here, &[("a/b/f", "f"), ("../secret", "outside")]);
    for (target, name) in [("..", "a/d"), ("d/../secret", "a/l"), ("b/../b/f", "a/m"), ("b/f", "a/n")] {
        std::os::unix::fs::symlink(target, here.join(name)).expect("a link");
    }
    let _ = sync(&world, &["--copy-unsafe-links", &on_host(&here), text(&ours)]).run().ok();
    rsync(&["--copy-unsafe-links", &format!("{}/", text(&here)), text(&theirs)]);
    assert_alike(&ours, &theirs);
    assert_eq!(fs::read(ours.join("a/l")).expect("a copy"), b"outside");
}

/// What the line is held to, by how long it takes at least.
#[test]
fn a_line_that_is_held_back() {
    let world = World::direct();
    let [here, ours] = folders(&world, ["here", "ours"]);
    fs::write(here.join("file"), Noise { seed: 3, length: 900_000 }.bytes()).expect("a file");
    let outcome = sync(&world, &["--bwlimit=300", text(&here), &on_host(&ours)]).run().ok();
    // 900,000 bytes at 300 KiB a second, but for what may go at once.
    assert!(outcome.took > Duration::from_millis(2000), "{outcome}");
    assert_alike(&here, &ours);
}

/// A helper on the host that leaves what it was told in a file.
fn told(world: &World) -> (String, PathBuf) {
    let said = world.home.path().join("said");
    (format!("tee {} | {}", text(&said), Subject::get().path.display()), said)
}

#[test]
fn how_hard_is_compressed() {
    let world = World::direct();
    let [here] = folders(&world, ["here"]);
    let text_like: Vec<u8> =
        (0..400_000_u32).flat_map(|n| format!("{} ", n.wrapping_mul(2_654_435_761) % 5000).into_bytes()).collect();
    fs::write(here.join("file"), &text_like).expect("a file");
    let (remote, said) = told(&world);
    let sizes = ["--compress-level=-7", "--compress-level=1", "--compress-level=19"].map(|level| {
        let there = world.home.path().join(level);
        let args = ["--compress", level, text(&here), &on_host(&there)];
        let _ = sync_by(&world, &remote, &args).run().ok();
        assert_alike(&here, &there);
        fs::metadata(&said).expect("what was said").len()
    });
    assert!(sizes[0] > sizes[1] && sizes[1] > sizes[2] && sizes[0] < text_like.len() as u64, "{sizes:?}");
}

/// What a call gives a name: `renameat2(4</dir>, ".xssh-staged-1-2", …`, or a file without one, `linkat(5</dir/#17>(deleted), …`.
fn staged(call: &str) -> Option<&str> {
    if call.contains("linkat(") {
        return call.split("(deleted)").next()?.strip_suffix('>')?.rsplit('/').next();
    }
    call.split('"').nth(1).filter(|name| call.contains("rename") && name.starts_with(".xssh-staged-"))
}

/// Each file is on the disk before it gets its name, and all of it before the run ends.
#[test]
fn what_is_claimed_is_on_the_disk() {
    let world = World::direct();
    let [here, there] = folders(&world, ["here", "there"]);
    write(&here, &[("new", "1"), ("d/old", "2")]);
    fs::write(here.join("large"), Noise { seed: 3, length: 300_000 }.bytes()).expect("a file");
    write(&there, &[("d/old", "before")]);
    let trace = world.home.path().join("trace");
    let calls = "trace=fsync,fdatasync,syncfs,rename,renameat,renameat2,linkat,write";
    let strace = peer::require("strace");
    let traced = format!(
        "{} -f -y -qq -s 16 -e {calls} -o {} {}",
        strace.display(),
        text(&trace),
        Subject::get().path.display()
    );
    let _ = sync_by(&world, &traced, &["--fsync", text(&here), &on_host(&there)]).run().ok();
    let text = fs::read_to_string(&trace).expect("a trace");
    let lines: Vec<&str> = text.lines().collect();
    let named: Vec<usize> = (0..lines.len()).filter(|at| staged(lines[*at]).is_some()).collect();
    assert_eq!(named.len(), 3, "{text}");
    for at in &named {
        let staged = staged(lines[*at]).expect("a file");
        let is_on_disk = |line: &&str| line.contains("fsync(") && line.contains(&format!("/{staged}>"));
        assert!(lines[..*at].iter().any(is_on_disk), "{staged} in {text}");
    }
    let synced = lines.iter().position(|line| line.contains("syncfs(")).expect("the file system");
    assert!(named.iter().all(|at| *at < synced), "{text}");
    let ends = lines.iter().rposition(|line| line.contains("write(") && line.contains("<pipe:")).expect("a last word");
    assert!(synced < ends, "{text}");
}
