//! Going through one proxy as the driver does, and seeing that what lies behind is really the target.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use xssh_ssh::hop::{self, BoxedWire, Credentials, Hop, HopError, Proxy, Trust, Tunnel};
use xssh_ssh::settings::{AddressFamily, Connection, Jump};

use crate::servers::BANNER;

pub(crate) fn proxy(uri: &str) -> Proxy {
    match hop::jump::parse(&Jump(uri.to_owned())).unwrap() {
        Hop::Proxy(proxy) => proxy,
        Hop::Ssh(destination) => panic!("{destination:?}"),
    }
}

/// A wire through the proxy to `host`:`port`.
pub(crate) async fn through(
    proxy: &Proxy,
    host: &str,
    port: u16,
    credentials: Option<&Credentials>,
    trust: &Trust,
) -> Result<BoxedWire, HopError> {
    let (stream, _) = hop::tcp::connect(&proxy.host, proxy.port, &Connection::default()).await?;
    onward(Box::new(stream), proxy, host, port, credentials, trust).await
}

/// The same over a wire to the proxy.
pub(crate) async fn onward(
    wire: BoxedWire,
    proxy: &Proxy,
    host: &str,
    port: u16,
    credentials: Option<&Credentials>,
    trust: &Trust,
) -> Result<BoxedWire, HopError> {
    let tunnel = Tunnel {
        target: (host, port),
        credentials,
        address_family: AddressFamily::Inet,
        trust,
        deadline: Instant::now() + Duration::from_secs(60),
    };
    hop::through_proxy(wire, proxy, &tunnel).await
}

/// As [`through`], and says why it failed.
pub(crate) async fn refusal(uri: &str, host: &str, port: u16, credentials: Option<&Credentials>) -> HopError {
    let result = through(&proxy(uri), host, port, credentials, &Trust::System).await;
    result.map(|_| ()).unwrap_err()
}

/// Goes through to the target on 127.0.0.1 and talks to it.
pub(crate) async fn talk_through(uri: &str, target: u16, credentials: Option<&Credentials>) {
    let wire = through(&proxy(uri), "127.0.0.1", target, credentials, &Trust::System).await.unwrap();
    talk(wire).await;
}

/// Hears the banner, whole and first, and then a million bytes come back as they were sent.
pub(crate) async fn talk(mut wire: BoxedWire) {
    let talking = async {
        let mut heard = vec![0; BANNER.len()];
        wire.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, BANNER);
        let sent: Vec<u8> = (0..1_000_003_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let mut back = vec![0; sent.len()];
        let (mut reader, mut writer) = tokio::io::split(wire);
        let both = async {
            writer.write_all(&sent).await.unwrap();
            writer.flush().await.unwrap();
        };
        tokio::join!(both, async { reader.read_exact(&mut back).await.unwrap() });
        assert!(sent == back, "the bytes were changed on the way");
    };
    timeout(Duration::from_secs(60), talking).await.unwrap();
}
