use xssh_ssh::destination::Destination;
use xssh_ssh::hop::{environment, jump};
use xssh_ssh::settings::Jump;

/// A destination, a list of hops, and the variables that name a proxy.
pub(super) fn destination(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = Destination::parse(&text);
    let _ = Destination::parse_jump(&text);
    let _ = jump::parse(&Jump(text.to_string()));
    for element in text.split(',') {
        let _ = jump::parse(&Jump(element.to_owned()));
    }
    // The first line is a proxy, the second what needs none.
    let (proxy, none) = text.split_once('\n').unwrap_or((&text, ""));
    let variable = |name: &str| Some(if name.to_lowercase() == "no_proxy" { none } else { proxy }.to_owned());
    let _ = environment::proxy_for(variable, "host.example.org", 22);
    let _ = environment::proxy_for(variable, "192.0.2.1", 22);
}
