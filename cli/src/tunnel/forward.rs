//! A forward as `--status` shows it.

use serde_json::{Value, json};
use xssh_ssh::forward::{Place, Stands, Target};

/// A forward that stands, with the port on which it really listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    kind: &'static str,
    listen: String,
    port: Option<u16>,
    to: String,
}

impl Shown {
    /// Describes one; `gateway_ports` decides where one without an address listens here.
    pub(super) fn new(stands: &Stands, gateway_ports: bool) -> Self {
        let target = &stands.order.target;
        let kind = match (stands.remote, target) {
            (true, _) => "remote",
            (false, Target::Socks) => "dynamic",
            (false, _) => "local",
        };
        let (listen, port) = match &stands.order.place {
            Place::Path(path) => (path.clone(), None),
            Place::Port { bind, port } => {
                let port = stands.chosen.unwrap_or(*port);
                let address = match bind.as_deref() {
                    None if gateway_ports && !stands.remote => "*".to_owned(),
                    None => "localhost".to_owned(),
                    Some("") => "*".to_owned(),
                    Some(address) => bracketed(address),
                };
                (format!("{address}:{port}"), Some(port))
            }
        };
        let to = match target {
            Target::Port { host, port } => format!("{}:{port}", bracketed(host)),
            Target::Path(path) => path.clone(),
            Target::Socks => "socks".to_owned(),
        };
        Self { kind, listen, port, to }
    }

    /// For the record.
    pub(super) fn json(&self) -> Value {
        json!({ "kind": self.kind, "listen": self.listen, "port": self.port, "to": self.to })
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xssh_ssh::forward::Order;

    #[test]
    fn a_forward_is_shown_with_its_real_port() {
        let of = |bind: Option<&str>, port, target, remote, chosen| {
            let place = Place::Port { bind: bind.map(str::to_owned), port };
            Shown::new(&Stands { order: Order { place, target }, remote, chosen }, true).json()
        };
        let to = Target::Port { host: "::1".to_owned(), port: 80 };
        let shown = of(None, 0, to.clone(), true, Some(4711));
        assert_eq!(shown, json!({ "kind": "remote", "listen": "localhost:4711", "port": 4711, "to": "[::1]:80" }));
        let shown = of(None, 5432, to, false, None);
        assert_eq!(shown, json!({ "kind": "local", "listen": "*:5432", "port": 5432, "to": "[::1]:80" }));
        let shown = of(Some("::"), 1080, Target::Socks, false, None);
        assert_eq!(shown, json!({ "kind": "dynamic", "listen": "[::]:1080", "port": 1080, "to": "socks" }));
    }
}
