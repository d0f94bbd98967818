use std::path::Path;

use xssh_ssh::hostkey::{Host, KnownHosts, Policy};
use xssh_ssh::settings::StrictChecking;

/// A known_hosts file, asked about a name, a port and an address.
pub(super) fn known_hosts(data: &[u8]) {
    super::scratch::file("known_hosts", data, |path| {
        for port in [22, 2222] {
            let host =
                Host { name: "host.example.org".into(), port, alias: None, address: Some([192, 0, 2, 1].into()) };
            let _ = KnownHosts::load(&policy(path), &host);
        }
    });
}

fn policy(path: &Path) -> Policy {
    Policy {
        strict: StrictChecking::Yes,
        user_files: vec![path.to_path_buf()],
        check_host_ip: true,
        ..Policy::default()
    }
}
