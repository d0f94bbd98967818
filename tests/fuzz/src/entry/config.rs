use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use xssh_os::names::{Family, Lookup};
use xssh_ssh::config::{CommandLine, ConfigFile, LocalContext, Names, Resolver, dump};
use xssh_ssh::destination::Destination;

/// Knows no names, and asks nobody.
struct NoNames;

impl Names for NoNames {
    fn lookup(&self, name: &str, _: Family) -> Lookup {
        Lookup::Found { canonical: Some(name.to_owned()) }
    }

    fn numeric_address(&self, name: &str, _: Family) -> Option<String> {
        name.parse::<IpAddr>().ok().map(|address| address.to_string())
    }

    fn interface_addresses(&self) -> Vec<IpAddr> {
        vec![[192, 0, 2, 1].into()]
    }
}

fn context(home: &Path) -> LocalContext {
    LocalContext {
        home: home.to_path_buf(),
        local_user: "someone".into(),
        uid: 0,
        hostname: "here".into(),
        system_dir: home.to_path_buf(),
        environment: Arc::new(|name| (name == "SHELL").then(|| "/bin/true".to_owned())),
        names: Arc::new(NoNames),
    }
}

/// A configuration file, resolved and printed.
pub(super) fn config(data: &[u8]) {
    if leaves_home(data) {
        return;
    }
    super::scratch::file("config", data, |path| {
        let context = context(path.parent().unwrap_or(path));
        let resolver = Resolver::new(context.clone(), ConfigFile::File(path.to_path_buf()));
        for destination in ["host", "someone@host.example.org"] {
            let Ok(destination) = Destination::parse(destination) else {
                continue;
            };
            if let Ok(settings) = resolver.resolve(&CommandLine::new(destination)) {
                let _ = dump(&settings, &context);
            }
        }
    });
}

/// Whether it might run a command or read a file elsewhere: fuzzing must do neither, not even through /bin/true.
fn leaves_home(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data).to_lowercase();
    let unquoted = text.replace(['"', '\'', '\\'], "");
    let elsewhere = |line: &str| line.contains("include") && line.contains(['/', '~', '$', '%']);
    unquoted.contains("exec") || unquoted.lines().any(elsewhere)
}
