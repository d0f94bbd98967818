//! xssh as its users see it: against real servers, real proxies and the real programs that run a remote shell.
//!
//! One file a feature. Tests that must be root, because they make or become other accounts, are in modules `as_root`.

mod agent_forward;
mod authentication;
mod backups;
mod command_line;
mod configuration;
mod cvs;
mod exec_duplex;
mod exec_pipe;
mod exit_status;
mod forwards;
mod git;
mod hops;
mod host_keys;
mod options;
mod ordinary_users;
mod proxies;
mod rsync;
mod rsync_options;
mod serve;
mod serve_cvs;
mod serve_listen;
mod served;
mod sftp_and_scp;
mod sharing;
mod small_server;
mod sync;
mod sync_accounts;
mod sync_git;
mod sync_long_lines;
mod sync_named;
mod sync_options;
mod sync_snapshots;
mod terminals;
mod timeouts;
mod tunnel;
mod unison;
mod x11;
