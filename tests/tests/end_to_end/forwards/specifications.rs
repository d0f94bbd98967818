//! What `-L`, `-R` and `-D` mean, beside the installed ssh: the same lines of `-G`, or the same complaint.

use xssh_tests::call::{Call, Outcome};
use xssh_tests::peer;
use xssh_tests::subject::Subject;

/// What specifications are made of, and what they are not.
const PIECES: [&str; 20] = [
    ":",
    ":",
    ":",
    ":",
    "80",
    "443",
    "0",
    "65535",
    "65536",
    "host",
    "*",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "[",
    "]",
    "/run/s",
    "/a%h",
    "\\:",
    "",
];

fn of(program: &std::path::Path, letter: &str, spec: &str) -> Outcome {
    Call::new(program).args(["-T", "-F", "none", "-G", letter, spec, "host"]).run()
}

/// Which of its lines are about forwards, and what it complains of.
fn told(outcome: &Outcome) -> (Option<i32>, Vec<String>, String) {
    let lines = outcome.text();
    let about = ["localforward ", "remoteforward ", "dynamicforward "];
    let found = lines.lines().filter(|line| about.iter().any(|word| line.starts_with(word)));
    (outcome.code(), found.map(str::to_owned).collect(), outcome.errors().trim().to_owned())
}

#[test]
fn letters_mean_what_they_mean_to_ssh() {
    let ssh = peer::require("ssh");
    let mut state = 1_u64;
    let mut draw = |below: usize| {
        // Knuth's generator (MMIX): the same specifications in each run.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut good = 0;
    for _ in 0..200 {
        let letter = ["-L", "-R", "-D"][draw(3)];
        let spec: String = (0..=draw(7)).map(|_| PIECES[draw(PIECES.len())]).collect();
        let (ours, theirs) = (of(&Subject::get().path, letter, &spec), of(&ssh, letter, &spec));
        assert_eq!(told(&ours), told(&theirs), "{letter} {spec:?}");
        good += u32::from(ours.code() == Some(0));
    }
    for spec in ["80:h:80", "*:80:h:80", "[::1]:80:[::1]:80", "/a:/b", "/a:h:80", "80:/b", "h:80:/b", ":80:h:1"] {
        for letter in ["-L", "-R"] {
            let (ours, theirs) = (of(&Subject::get().path, letter, spec), of(&ssh, letter, spec));
            assert_eq!(told(&ours), told(&theirs), "{letter} {spec:?}");
            assert_eq!(ours.code(), Some(0), "{ours}");
        }
    }
    assert!(good >= 5, "only {good} specifications were any");
}
