//! One function for each parser.

mod agent;
mod config;
mod cvs;
mod destination;
mod escape;
mod git_config;
mod git_index;
mod kept;
mod key_file;
mod known_hosts;
mod mux;
mod mux_proxy;
mod netrc;
mod proxy;
mod scratch;
mod socks_server;
mod sync;
mod visible;
mod x11;

/// A parser's name, which is also that of its target and of its folder of seeds, and the function.
pub type Entry = (&'static str, fn(&[u8]));

/// Every parser.
pub const ALL: &[Entry] = &[
    ("agent", agent::agent),
    ("config", config::config),
    ("cvs", cvs::cvs),
    ("destination", destination::destination),
    ("escape", escape::escape),
    ("git_config", git_config::git_config),
    ("git_index", git_index::git_index),
    ("http", proxy::http),
    ("kept", kept::kept),
    ("key_file", key_file::key_file),
    ("known_hosts", known_hosts::known_hosts),
    ("mux", mux::mux),
    ("mux_proxy", mux_proxy::mux_proxy),
    ("netrc", netrc::netrc),
    ("socks4a", proxy::socks4a),
    ("socks5", proxy::socks5),
    ("socks_server", socks_server::socks_server),
    ("sync_source", sync::source),
    ("sync_start", sync::start),
    ("sync_target", sync::target),
    ("visible", visible::visible),
    ("x11_setup", x11::setup),
    ("x11_words", x11::words),
];

/// Runs the parser with this name.
///
/// # Panics
/// Where there is none; and where the parser is broken.
#[allow(dead_code, reason = "the stable tests go over ALL")]
pub fn run(name: &str, data: &[u8]) {
    let entry = ALL.iter().find(|(known, _)| *known == name);
    entry.expect("a parser of this name").1(data);
}
