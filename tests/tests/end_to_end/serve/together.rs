//! Sessions at the same time under one quota.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;

use super::limits::size;
use crate::over_both_servers;
use crate::served::{Front, Served};
use crate::sync::{text, wait_until};

over_both_servers!(
    syncs_at_once_take_no_byte_more_than_their_quota,
    a_sync_and_an_rsync_at_once_see_each_other,
    what_a_killed_session_had_taken_is_there_again,
);

const QUOTA: u64 = 1_000_000;
const FILE: u64 = 9_000;

/// So many files of 9,000 bytes.
fn files<F: Front>(served: &Served<F>, name: &str, count: u64) -> PathBuf {
    let folder = served.here(name);
    fs::create_dir(&folder).expect("a folder");
    for number in 0..count {
        // What differs cannot be renamed or left out.
        let noise = xssh_tests::noise::Noise { seed: number + 1000 * name.len() as u64, length: FILE };
        fs::write(folder.join(format!("f{number:03}")), noise.bytes()).expect("a file");
    }
    folder
}

/// When a session was at work, in milliseconds of its day.
fn span(line: &Value) -> (u64, u64) {
    let time = line["time"].as_str().expect("a time");
    let part = |from: usize, to: usize| time[from..to].parse::<u64>().expect("a number");
    let end = ((part(11, 13) * 60 + part(14, 16)) * 60 + part(17, 19)) * 1000 + part(20, 23);
    (end.saturating_sub(line["milliseconds"].as_u64().expect("a number")), end)
}

fn syncs_at_once_take_no_byte_more_than_their_quota<F: Front>() {
    let served = Served::<F>::with(&format!("--quota {QUOTA} --rate 300k"));
    // All are planted before the first begins, which is at work for two seconds.
    let calls = ["x", "xx", "xxx"].map(|name| {
        let folder = files(&served, name, 80);
        served.sync(&["--connections=1", text(&folder), &format!("target:{name}")])
    });
    let clients = calls.map(xssh_tests::call::Call::start);
    let outcomes: Vec<_> = clients.into_iter().map(|client| client.finish()).collect();
    assert!(outcomes.iter().any(|outcome| outcome.errors().contains("no room for this much")), "{}", outcomes[0]);
    let has = size(&served);
    assert!(has <= QUOTA, "{has} bytes");
    // They share all of it.
    assert!(has > QUOTA - FILE, "{has} bytes");
    let spans: Vec<_> = served.journal().iter().map(span).collect();
    let (last_begun, first_ended) = (spans.iter().map(|span| span.0).max(), spans.iter().map(|span| span.1).min());
    assert!(last_begun < first_ended, "they were not at work at once: {spans:?}");
}

/// What rsync writes is seen when the tree is measured, at its end at the latest.
fn a_sync_and_an_rsync_at_once_see_each_other<F: Front>() {
    let served = Served::<F>::with(&format!("--quota {QUOTA} --rate 40k"));
    let slow = files(&served, "x", 100);
    let quick = files(&served, "xx", 70);
    let sync = served.sync(&["--connections=1", text(&slow), "target:slow"]).start();
    wait_until(|| size(&served) > 0);
    let _ = served.rsync(&["-a", text(&quick), "target:quick"]).run().ok();
    let outcome = sync.finish();
    assert!(outcome.errors().contains("no room for this much"), "{outcome}");
    let has = size(&served);
    // What was in between two looks may be too much: here, what a slow sync took in that time.
    assert!(has <= QUOTA + 10 * FILE && has > QUOTA - FILE, "{has} bytes");
    // The other way about: rsync has room for what a sync that is still at work has not taken.
    served.grant(&format!("--quota {} --rate 200k", has + 500_000));
    let more = files(&served, "xxx", 50);
    let sync = served.sync(&["--connections=1", text(&more), "target:more"]).start();
    wait_until(|| size(&served) > has + 100_000);
    fs::write(served.here("large"), vec![b'x'; 450_000]).expect("a file");
    let outcome = served.rsync(&["-a", text(&served.here("large")), "target:"]).run();
    assert_ne!(outcome.code(), Some(0), "{outcome}");
    assert!(!served.root().join("large").exists());
    let _ = sync.finish().ok();
}

fn what_a_killed_session_had_taken_is_there_again<F: Front>() {
    let (quota, large) = (45_000_000, 44_000_000);
    let served = Served::<F>::with(&format!("--quota {quota} --rate 10m"));
    fs::write(served.here("large"), xssh_tests::noise::Noise { seed: 5, length: large }.bytes()).expect("a file");
    let sync = served.sync(&["--connections=1", text(&served.here("large")), "target:"]).start();
    wait_until(|| size(&served) > 9_000_000);
    sync.signal(Signal::KILL);
    let _ = sync.wait();
    wait_until(|| !served.journal().is_empty());
    assert!(size(&served) > 9_000_000, "nothing is left to go on with");
    // What has come of it counts as long as it is there, and once.
    served.grant(&format!("--quota {quota}"));
    let _ = served.sync(&[text(&served.here("large")), "target:"]).run().ok();
    let folder = files(&served, "x", 110);
    let _ = served.sync(&[text(&folder), "target:x"]).run().ok();
    assert_eq!(size(&served), large + 110 * FILE);
}
