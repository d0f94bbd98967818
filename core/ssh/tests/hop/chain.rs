use xssh_ssh::hop::Trust;

use crate::servers::{microsocks, target, tinyproxy};
use crate::travel::{onward, proxy, talk, through};

#[tokio::test]
async fn a_proxy_behind_a_proxy_behind_a_proxy() {
    let target = target();
    let (first, second, third) = (microsocks(&[]), tinyproxy(""), microsocks(&[]));
    let http = proxy(&format!("http://127.0.0.1:{}", second.port));
    let socks = proxy(&format!("socks5h://localhost:{}", third.port));
    let first = proxy(&format!("socks5://127.0.0.1:{}", first.port));
    let wire = through(&first, &http.host, http.port, None, &Trust::System).await.unwrap();
    let wire = onward(wire, &http, &socks.host, socks.port, None, &Trust::System).await.unwrap();
    let wire = onward(wire, &socks, "127.0.0.1", target, None, &Trust::System).await.unwrap();
    talk(wire).await;
}
