use xssh_ssh::hop::{Credentials, HopError};

use crate::servers::{Port, target, tinyproxy};
use crate::travel::{refusal, talk_through};

#[tokio::test]
async fn tinyproxy_connects_us() {
    let target = target();
    let proxy = tinyproxy(&format!("ConnectPort {target}"));
    talk_through(&format!("http://127.0.0.1:{}/", proxy.port), target, None).await;
}

#[tokio::test]
async fn a_proxy_with_users_lets_in_those_it_knows() {
    let target = target();
    let proxy = tinyproxy(&format!("ConnectPort {target}\nBasicAuth me s3cret"));
    let uri = format!("http://me@127.0.0.1:{}", proxy.port);
    talk_through(&uri, target, Some(&Credentials::new("me", "s3cret"))).await;

    let nobody = refusal(&uri, "127.0.0.1", target, None).await;
    assert!(matches!(&nobody, HopError::NeedsCredentials { host, .. } if host == "127.0.0.1"), "{nobody}");

    let wrong = refusal(&uri, "127.0.0.1", target, Some(&Credentials::new("me", "wr0ng"))).await;
    assert!(matches!(wrong, HopError::WrongCredentials { .. }), "{wrong}");
    assert!(!wrong.to_string().contains("wr0ng"), "{wrong}");
}

#[tokio::test]
async fn a_port_that_is_not_allowed_says_what_to_change() {
    let proxy = tinyproxy("ConnectPort 443");
    let text = refusal(&format!("http://127.0.0.1:{}", proxy.port), "127.0.0.1", 22, None).await.to_string();
    assert!(
        text.starts_with(&format!(
            "proxy http://127.0.0.1:{} refused a connection to 127.0.0.1:22: HTTP/1.",
            proxy.port
        )),
        "{text}"
    );
    assert!(text.contains(" 403 ") && text.contains("443") && text.contains("ConnectPort 22"), "{text}");
}

#[tokio::test]
async fn a_host_that_the_proxy_cannot_reach_is_told() {
    let proxy = tinyproxy("");
    let nowhere = Port::free();
    let closed = nowhere.number;
    let text = refusal(&format!("http://127.0.0.1:{}", proxy.port), "127.0.0.1", closed, None).await.to_string();
    assert!(text.contains("could not reach"), "{text}");
}

#[tokio::test]
async fn an_ssh_server_is_no_proxy() {
    let target = target();
    let text = refusal(&format!("http://127.0.0.1:{target}"), "host", 22, None).await.to_string();
    assert!(text.contains("SSH-2.0-target") && text.contains("without http://"), "{text}");
}

#[tokio::test]
async fn nothing_listening_is_told_in_openssh_words() {
    let nowhere = Port::free();
    let closed = nowhere.number;
    let text = refusal(&format!("http://127.0.0.1:{closed}"), "host", 22, None).await.to_string();
    assert_eq!(text, format!("connect to host 127.0.0.1 port {closed}: Connection refused"));
}
