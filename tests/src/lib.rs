//! What the end-to-end tests and benchmarks of xssh stand on.
//!
//! A test takes a [`world::World`] (a server to reach, straight or through hops), or puts one together from servers
//! ([`sshd`], [`http_proxy`], [`socks_proxy`]), a client's [`home`] and keys ([`key`]), and then makes [`call`]s. Every
//! wait is bounded, every server is on loopback and dies with the test, and no two tests share a port. What cannot be set
//! up is a panic that says what is missing: a test is never skipped in silence.
//!
//! The program under test is the xssh of the same build, or whatever `XSSH_UNDER_TEST` names ([`subject`]).
#![forbid(unsafe_code)]

pub mod account;
pub mod agent;
pub mod call;
pub mod daemon;
pub mod delay_line;
pub mod home;
pub mod hostile;
pub mod http_proxy;
pub mod key;
pub mod noise;
pub mod own_server;
pub mod peer;
pub mod port;
pub mod screen;
pub mod service;
pub mod socks_proxy;
pub mod sshd;
pub mod subject;
pub mod sync_wire;
pub mod terminal;
pub mod tls_front;
pub mod tree;
pub mod tunnel;
pub mod wait;
pub mod world;
pub mod x_server;
