//! A directory of the tree is swapped for a link that leads out, again and again, while clients push, pull and chmod through it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::over_every_front;
use crate::served::{Front, Served};
use crate::sync::text;

over_every_front!(
    rsync_pushes_through_a_link_that_comes_and_goes,
    rsync_pulls_through_a_link_that_comes_and_goes,
    sync_pushes_and_pulls_through_a_link_that_comes_and_goes,
);

/// How long each protocol is raced at the least, and how many swaps there have to be.
const TIME: Duration = Duration::from_secs(8);
const SWAPS: u64 = 5_000;

/// Swaps `name` in the root, a directory, with a link to what is outside, until it is told to stop.
fn flip(root: &Path, outside: &Path, stop: &AtomicBool, swaps: &AtomicU64) {
    let (name, link) = (root.join("flips"), root.join(".other"));
    fs::create_dir(&name).expect("a folder");
    fs::write(name.join("canary"), "inside").expect("a file");
    symlink(outside, &link).expect("a link");
    while !stop.load(Ordering::Relaxed) {
        // A client may put a directory in the link's place, and have neither for a moment.
        if !name.is_symlink() && !link.is_symlink() {
            let _ = fs::remove_dir_all(&link);
            let _ = symlink(outside, &link);
        }
        if renameat_with(CWD, &name, CWD, &link, RenameFlags::EXCHANGE).is_ok() {
            let _ = swaps.fetch_add(1, Ordering::Relaxed);
        }
        thread::yield_now();
    }
}

/// Runs `round` again and again while the directory is swapped.
fn race<F: Front>(served: &Served<F>, mut round: impl FnMut(usize)) {
    let (stop, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
    let (root, outside) = (served.root(), served.folder().join("outside"));
    thread::scope(|scope| {
        let _ = scope.spawn(|| flip(&root, &outside, &stop, &swaps));
        let began = Instant::now();
        let mut rounds = 0;
        while began.elapsed() < TIME || swaps.load(Ordering::Relaxed) < SWAPS {
            round(rounds);
            rounds += 1;
        }
        stop.store(true, Ordering::Relaxed);
        println!("{rounds} rounds, {} swaps", swaps.load(Ordering::Relaxed));
    });
    served.assert_unharmed();
}

fn rsync_pushes_through_a_link_that_comes_and_goes<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    fs::create_dir_all(here.join("flips")).expect("a folder");
    fs::write(here.join("flips/canary"), "pushed").expect("a file");
    fs::write(here.join("flips/new"), "new").expect("a file");
    let (whole, inner) = (format!("{}/", text(&here)), format!("{}/", text(&here.join("flips"))));
    race(&served, |round| {
        let (source, target) = if round % 2 == 0 { (&whole, "target:") } else { (&inner, "target:flips") };
        let options = ["-a", "-aI", "-rpI", "-aIO", "-rptgoI"][round / 2 % 5];
        let _ = served.rsync(&[options, "--chmod=F777", source, target]).run();
        served.assert_unharmed();
    });
}

fn rsync_pulls_through_a_link_that_comes_and_goes<F: Front>() {
    let served = Served::<F>::with("");
    fs::write(served.here("list"), "flips/canary\n").expect("a list");
    let list = format!("--files-from={}", text(&served.here("list")));
    race(&served, |round| {
        let options: &[&str] = match round % 5 {
            0 => &["target:flips/"],
            1 => &["target:flips/canary"],
            2 => &["-R", "target:flips/canary"],
            3 => &[&list, "target:"],
            _ => &["target:fl*/can*"],
        };
        let outcome = served.rsync(&[&["-rlI"], options, &["back/"]].concat()).run();
        served.assert_unlearned(&outcome);
    });
}

fn sync_pushes_and_pulls_through_a_link_that_comes_and_goes<F: Front>() {
    let served = Served::<F>::with("");
    let here = served.here("here");
    fs::create_dir_all(here.join("flips")).expect("a folder");
    fs::write(here.join("flips/canary"), "pushed").expect("a file");
    fs::create_dir(served.here("back")).expect("a folder");
    race(&served, |round| {
        let (here, inner) = (text(&here).to_owned(), text(&here.join("flips")).to_owned());
        let args: &[&str] = match round % 4 {
            0 => &["--checksum", "--contents", &here, "target:"],
            1 => &["--checksum", "--contents", &inner, "target:flips"],
            2 => &["--contents", "target:", "back"],
            _ => &["target:flips/canary", "back/"],
        };
        // Each round finds something to do.
        fs::write(format!("{inner}/canary"), format!("pushed {round}")).expect("a file");
        let outcome = served.sync(args).run();
        served.assert_unlearned(&outcome);
    });
}
