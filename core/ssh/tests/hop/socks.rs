use xssh_ssh::hop::{Credentials, HopError};

use crate::servers::{Port, dynamic_forward, keygen, microsocks, sshd, target};
use crate::travel::{proxy, refusal, talk, talk_through, through};

#[tokio::test]
async fn microsocks_connects_us() {
    let target = target();
    let server = microsocks(&[]);
    for scheme in ["socks5", "socks5h"] {
        let uri = format!("{scheme}://127.0.0.1:{}", server.port);
        talk_through(&uri, target, None).await;
        let named = through(&proxy(&uri), "localhost", target, None, &Default::default()).await.unwrap();
        talk(named).await;
    }
}

#[tokio::test]
async fn a_proxy_with_users_lets_in_those_it_knows() {
    let target = target();
    let server = microsocks(&["-u", "me", "-P", "s3cret"]);
    let uri = format!("socks5h://me@127.0.0.1:{}", server.port);
    talk_through(&uri, target, Some(&Credentials::new("me", "s3cret"))).await;

    let nobody = refusal(&uri, "127.0.0.1", target, None).await;
    assert!(matches!(nobody, HopError::NeedsCredentials { .. }), "{nobody}");
    let wrong = refusal(&uri, "127.0.0.1", target, Some(&Credentials::new("me", "wr0ng"))).await;
    assert!(matches!(wrong, HopError::WrongCredentials { .. }), "{wrong}");
}

#[tokio::test]
async fn refusals_are_told_in_words() {
    let server = microsocks(&[]);
    let uri = format!("socks5h://127.0.0.1:{}", server.port);
    let nowhere = Port::free();
    let text = refusal(&uri, "127.0.0.1", nowhere.number, None).await.to_string();
    assert!(text.contains("connection refused (code 5)"), "{text}");
    let text = refusal(&uri, "no-such-host.invalid", 22, None).await.to_string();
    assert!(text.contains("no-such-host.invalid:22"), "{text}");
    // With socks5:// the name is ours to resolve, and the proxy is not asked.
    let ours = refusal(&uri.replace("socks5h", "socks5"), "no-such-host.invalid", 22, None).await;
    assert!(matches!(ours, HopError::Unresolved { .. }), "{ours}");
}

#[tokio::test]
async fn openssh_connects_us_by_every_version() {
    let target = target();
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("key");
    keygen(&key);
    let sshd = sshd(&key);
    let server = dynamic_forward(&key, &sshd);
    for scheme in ["socks4a", "socks5", "socks5h"] {
        let uri = format!("{scheme}://127.0.0.1:{}", server.port);
        talk_through(&uri, target, None).await;
        let named = through(&proxy(&uri), "localhost", target, None, &Default::default()).await.unwrap();
        talk(named).await;
    }
}

#[tokio::test]
async fn an_http_proxy_is_no_socks_proxy() {
    let target = target();
    for scheme in ["socks4a", "socks5h"] {
        let text = refusal(&format!("{scheme}://127.0.0.1:{target}"), "host", 22, None).await.to_string();
        assert!(text.contains("ssh server"), "{text}");
    }
}
