//! A context that depends on nothing of the machine.

use std::net::IpAddr;
use std::sync::Arc;

use xssh_os::names::{Family, Lookup};

use super::context::{LocalContext, Names};

/// Knows three names and one interface.
struct FakeNames;

impl Names for FakeNames {
    fn lookup(&self, name: &str, _: Family) -> Lookup {
        match name {
            "www.example.org." => Lookup::Found { canonical: Some("web1.example.org".into()) },
            "web.example.org." | "plain" => Lookup::Found { canonical: Some(name.trim_end_matches('.').into()) },
            "broken.example.org." => Lookup::Failed { reason: "Temporary failure in name resolution".into() },
            _ => Lookup::NotFound { reason: "Name or service not known".into() },
        }
    }

    fn numeric_address(&self, name: &str, _: Family) -> Option<String> {
        name.parse::<IpAddr>().ok().map(|address| address.to_string())
    }

    fn interface_addresses(&self) -> Vec<IpAddr> {
        vec![IpAddr::from([192, 0, 2, 7])]
    }
}

pub(super) fn context() -> LocalContext {
    LocalContext {
        home: "/nonexistent/home".into(),
        local_user: "lu".into(),
        uid: 1000,
        hostname: "desk.home.arpa".into(),
        system_dir: "/nonexistent/etc".into(),
        environment: Arc::new(|name| (name == "SET").then(|| "value".to_owned())),
        names: Arc::new(FakeNames),
    }
}
