//! The fuzz targets' functions over their seeds and some thousands of mutations each, with the stable compiler. What
//! libFuzzer finds beyond that (`tests/fuzz/README.md`) becomes a seed.

#[path = "../../fuzz/src/entry/mod.rs"]
mod entry;
mod mutation;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mutation::Mutator;

/// Mutations of each parser's seeds.
const ROUNDS: u64 = 4000;
/// No input may take longer, on a busy machine, in a build for tests.
const PATIENCE: Duration = Duration::from_secs(5);

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn smoke(name: &str) {
    let (_, parse) = entry::ALL.iter().find(|(known, _)| *known == name).unwrap();
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let mut mutator = Mutator::new(1);
    let mutations = (0..ROUNDS).map(|_| mutator.mutate(&seeds));
    let inputs: Vec<Vec<u8>> = seeds.iter().cloned().chain(mutations).collect();
    for input in inputs {
        let begun = Instant::now();
        let ending = catch_unwind(AssertUnwindSafe(|| parse(&input)));
        assert!(ending.is_ok(), "{name} panics on b\"{}\"", input.escape_ascii());
        assert!(begun.elapsed() < PATIENCE, "{name} takes {:?} on b\"{}\"", begun.elapsed(), input.escape_ascii());
    }
}

macro_rules! smoke {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            smoke(stringify!($name));
        })*

        #[test]
        fn every_parser_is_here_and_has_its_target() {
            let here = [$(stringify!($name)),*];
            let all: Vec<&str> = entry::ALL.iter().map(|(name, _)| *name).collect();
            assert_eq!(all, here);
            let manifest = include_str!("../../fuzz/Cargo.toml");
            for name in all {
                assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} has no target");
            }
        }
    };
}

smoke! { agent config cvs destination escape git_config git_index http kept key_file known_hosts mux mux_proxy netrc socks4a socks5 socks_server sync_source sync_start sync_target visible x11_setup x11_words }
