use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use xssh_ssh::hop::{Credentials, HopError, TlsProblem, Trust};

use crate::servers::{run, target, tinyproxy, tls_front};
use crate::travel::{proxy, talk, through};

const NEW_KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/// A certificate authority of the test's own.
struct Authority {
    directory: TempDir,
}

impl Authority {
    fn new(name: &str) -> Self {
        let authority = Self { directory: tempfile::tempdir().unwrap() };
        authority.openssl(&format!("req -x509 {NEW_KEY} -days 2 -keyout ca.key -out ca.pem -subj /CN={name}"));
        authority
    }

    fn openssl(&self, arguments: &str) {
        run("openssl", Command::new("openssl").args(arguments.split(' ')).current_dir(&self.directory));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Key and certificate in PEM for the names.
    fn certificate(&self, names: &str) -> (PathBuf, PathBuf) {
        fs::write(self.path("names"), format!("subjectAltName={names}\n")).unwrap();
        self.openssl(&format!("req {NEW_KEY} -keyout leaf.key -out leaf.csr -subj /CN=proxy"));
        self.openssl(
            "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out leaf.pem",
        );
        (self.path("leaf.pem"), self.path("leaf.key"))
    }

    fn trust(&self) -> Trust {
        self.openssl("x509 -in ca.pem -outform DER -out ca.der");
        Trust::Only(vec![fs::read(self.path("ca.der")).unwrap()])
    }
}

async fn problem(uri: &str, target: u16, trust: &Trust) -> TlsProblem {
    let result = through(&proxy(uri), "127.0.0.1", target, None, trust).await;
    match result.map(|_| ()).unwrap_err() {
        HopError::Tls { problem, .. } => problem,
        other => panic!("{other}"),
    }
}

fn front(certificate: &(PathBuf, PathBuf), behind: u16) -> crate::servers::Server {
    let (certificate, key): (&Path, &Path) = (&certificate.0, &certificate.1);
    tls_front(certificate, key, behind)
}

#[tokio::test]
async fn an_https_proxy_is_checked_and_carries_us() {
    let authority = Authority::new("ours");
    let target = target();
    let plain = tinyproxy(&format!("ConnectPort {target}\nBasicAuth me s3cret"));
    let secure = front(&authority.certificate("DNS:localhost,IP:127.0.0.1"), plain.port);
    for host in ["localhost", "127.0.0.1"] {
        let uri = format!("https://me@{host}:{}", secure.port);
        let credentials = Credentials::new("me", "s3cret");
        let wire = through(&proxy(&uri), "127.0.0.1", target, Some(&credentials), &authority.trust()).await.unwrap();
        talk(wire).await;
    }
}

#[tokio::test]
async fn a_stranger_is_not_believed() {
    let authority = Authority::new("ours");
    let target = target();
    let secure = front(&authority.certificate("IP:127.0.0.1"), target);
    let uri = format!("https://127.0.0.1:{}", secure.port);
    assert_eq!(problem(&uri, target, &Authority::new("another").trust()).await, TlsProblem::UnknownAuthority);
    // One that only has the name of a trusted authority is no better.
    assert_eq!(problem(&uri, target, &Authority::new("ours").trust()).await, TlsProblem::UnknownAuthority);
    // Neither is one whose authority the system does not know; without any store, that is what is told.
    let system = problem(&uri, target, &Trust::System).await;
    assert!(matches!(system, TlsProblem::UnknownAuthority | TlsProblem::NoStore), "{system}");
}

#[tokio::test]
async fn another_name_is_told_with_the_one_presented() {
    let authority = Authority::new("ours");
    let target = target();
    let secure = front(&authority.certificate("DNS:other.example"), target);
    let found = problem(&format!("https://127.0.0.1:{}", secure.port), target, &authority.trust()).await;
    let TlsProblem::WrongName { wanted, presented } = &found else { panic!("{found}") };
    assert_eq!(wanted, "127.0.0.1");
    assert!(presented.contains("other.example"), "{presented}");
}

#[tokio::test]
async fn what_speaks_no_tls_is_told() {
    let trust = Authority::new("ours").trust();
    let found = problem(&format!("https://127.0.0.1:{}", target()), 22, &trust).await;
    assert!(matches!(found, TlsProblem::NotTls(_)), "{found}");
    assert!(found.to_string().contains("http://"), "{found}");
}

/// A proxy that grants one connection and goes away without the word that TLS has for it.
async fn abrupt(certificate: &(PathBuf, PathBuf)) -> u16 {
    let chain = vec![CertificateDer::from_pem_file(&certificate.0).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&certificate.1).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(socket).await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nlast words").await.unwrap();
        stream.flush().await.unwrap();
    });
    port
}

#[tokio::test]
async fn an_end_that_is_not_announced_is_an_end() {
    let authority = Authority::new("ours");
    let port = abrupt(&authority.certificate("IP:127.0.0.1")).await;
    let uri = format!("https://127.0.0.1:{port}");
    let mut wire = through(&proxy(&uri), "host", 22, None, &authority.trust()).await.unwrap();
    let mut heard = Vec::new();
    wire.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"last words");
}
