use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex, sink};
use xssh_ssh::hop::{Credentials, Hop, Trust, Tunnel, deadline, jump, through_proxy};
use xssh_ssh::settings::{AddressFamily, Jump};

/// What an HTTP proxy answers.
pub(super) fn http(data: &[u8]) {
    answer("http://proxy:3128", data);
}

/// What a SOCKS 5 proxy answers.
pub(super) fn socks5(data: &[u8]) {
    answer("socks5h://proxy:1080", data);
}

/// What a SOCKS 4a proxy answers.
pub(super) fn socks4a(data: &[u8]) {
    answer("socks4a://proxy:1080", data);
}

/// The first byte says whether there is a password and in what pieces the rest arrives; then the proxy hangs up.
fn answer(proxy: &str, data: &[u8]) {
    let Some((choice, answer)) = data.split_first() else {
        return;
    };
    let Ok(Hop::Proxy(proxy)) = jump::parse(&Jump(proxy.to_owned())) else {
        panic!("{proxy} is no proxy");
    };
    let credentials = Credentials::new("user", "password");
    let trust = Trust::Only(Vec::new());
    let piece = usize::from(choice >> 1).max(1);
    super::scratch::block_on(async {
        let (ours, theirs) = duplex(1 << 16);
        let (mut requests, mut answers) = tokio::io::split(theirs);
        let tunnel = Tunnel {
            target: ("host.example.org", 22),
            credentials: Some(&credentials).filter(|_| choice & 1 == 0),
            address_family: AddressFamily::Any,
            trust: &trust,
            deadline: deadline(Some(Duration::from_secs(10))),
        };
        let opening = async {
            let opened = through_proxy(Box::new(ours), &proxy, &tunnel).await;
            if let Ok(mut wire) = opened {
                let _ = wire.read_to_end(&mut Vec::new()).await;
            }
        };
        let answering = async {
            for piece in answer.chunks(piece) {
                if answers.write_all(piece).await.is_err() {
                    break;
                }
            }
            let _ = answers.shutdown().await;
        };
        let listening = async {
            let _ = tokio::io::copy(&mut requests, &mut sink()).await;
        };
        tokio::select! {
            () = opening => (),
            ((), ()) = async { tokio::join!(answering, listening) } => (),
        }
    });
}
