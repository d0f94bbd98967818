//! `xssh route`: the way to a host, shown.

use std::time::Duration;

use serde_json::{Value, json};
use xssh_ssh::session::HopReport;
use xssh_ssh::session::route::{Opened, open};

use crate::args::Invocation;
use crate::{environment, help, remote_shell, runtime, words};

/// Opens the way, shows it, and closes it again.
pub(crate) fn run(invocation: &Invocation, json: bool) -> u8 {
    let context = environment::context();
    let resolved = match remote_shell::resolve(invocation, &context) {
        Ok(resolved) => resolved,
        Err(error) => return words::fail(&error),
    };
    runtime::block_on(async {
        match open(&remote_shell::guide(&resolved), &resolved.settings).await {
            Ok(Opened { session, reports }) => {
                session.close().await;
                help::stdout(&if json { as_json(&reports) } else { as_table(&reports) })
            }
            Err(error) => words::fail(&error),
        }
    })
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

fn as_json(reports: &[HopReport]) -> String {
    let hops: Vec<Value> = reports.iter().map(hop_as_json).collect();
    format!("{}\n", json!({ "hops": hops }))
}

fn hop_as_json(hop: &HopReport) -> Value {
    let algorithms = hop.algorithms.as_ref().map(|chosen| {
        json!({
            "kex": chosen.kex, "host_key": chosen.host_key, "cipher": chosen.cipher, "mac": chosen.mac,
            "compression": chosen.compression,
        })
    });
    json!({
        "kind": hop.kind,
        "name": hop.name,
        "address": hop.address.map(|address| address.to_string()),
        "host_key": hop.host_key,
        "authentication": hop.auth.as_ref().map(|auth| json!({ "method": auth.method, "key": auth.key })),
        "algorithms": algorithms,
        "milliseconds": {
            "connect": milliseconds(hop.connecting),
            "key_exchange": milliseconds(hop.key_exchange),
            "authentication": milliseconds(hop.authentication),
        },
    })
}

fn as_table(reports: &[HopReport]) -> String {
    let mut text = String::new();
    for (index, hop) in reports.iter().enumerate() {
        let address = hop.address.map(|address| format!("  at {address}")).unwrap_or_default();
        text.push_str(&format!("{}  {:<8} {}{address}\n", index + 1, hop.kind, hop.name));
        let mut row = |what: &str, value: Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!("   {what:<14} {value}\n"));
            }
        };
        row("host key", hop.host_key.clone());
        row(
            "authentication",
            hop.auth.as_ref().map(|auth| match &auth.key {
                Some(key) => format!("{} with {key}", auth.method),
                None => auth.method.to_owned(),
            }),
        );
        row(
            "algorithms",
            hop.algorithms.as_ref().map(|chosen| {
                format!(
                    "{}, {}, {}, {}, compression {}",
                    chosen.kex, chosen.host_key, chosen.cipher, chosen.mac, chosen.compression
                )
            }),
        );
        let (connect, kex) = (milliseconds(hop.connecting), milliseconds(hop.key_exchange));
        row(
            "time",
            Some(match hop.kind {
                "ssh" => format!(
                    "{connect} ms to here, {kex} ms key exchange, {} ms authentication",
                    milliseconds(hop.authentication)
                ),
                _ => format!("{connect} ms"),
            }),
        );
    }
    text
}
