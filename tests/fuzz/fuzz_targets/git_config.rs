#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| xssh_fuzz::entry::run("git_config", data));
