//! TLS to an `https://` proxy, with certificates checked against the system's store. Nothing here runs, and no store is
//! read, until such a proxy is on the way.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use log::debug;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore};

use super::error::{TlsProblem, shown, system_words};
use super::{BoxedWire, HopError, Proxy};

/// Who may sign a proxy's certificate.
#[derive(Debug, Clone, Default)]
pub enum Trust {
    /// The system's store, or what SSL_CERT_FILE and SSL_CERT_DIR name in its place.
    #[default]
    System,
    /// These authorities and no other, each a certificate in DER.
    Only(Vec<Vec<u8>>),
}

/// Makes the wire to a proxy a secure one.
pub(super) async fn secure(wire: BoxedWire, proxy: &Proxy, trust: &Trust) -> Result<BoxedWire, HopError> {
    let failed = |problem| HopError::Tls { hop: proxy.to_string(), problem };
    // A zone belongs to this machine and not to the name in a certificate.
    let name = proxy.host.split('%').next().unwrap_or_default();
    let server = ServerName::try_from(name.to_owned());
    let server = server.map_err(|_| failed(TlsProblem::UnusableName(shown(name.as_bytes()))))?;
    let trust = trust.clone();
    let config = tokio::task::spawn_blocking(move || config(&trust)).await;
    let config = config.map_err(|error| failed(TlsProblem::Failed(error.to_string())))?.map_err(failed)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(server, wire).await;
    let stream = stream.map_err(|error| failed(problem_of(&error, name)))?;
    debug!("{proxy} showed a valid certificate.");
    Ok(Box::new(Secured(stream)))
}

/// A TLS stream whose end need not be announced. Proxies that just close are many, and ssh, which guards its own stream
/// against being cut short, then says the same as for any connection that ends.
struct Secured(TlsStream<BoxedWire>);

impl AsyncRead for Secured {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.0).poll_read(cx, buf)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            result => Poll::Ready(result),
        }
    }
}

impl AsyncWrite for Secured {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Blocks while it reads the system's store.
fn config(trust: &Trust) -> Result<ClientConfig, TlsProblem> {
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::System => {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                debug!("certificate store: {}", shown(error.to_string().as_bytes()));
            }
            roots.add_parsable_certificates(found.certs);
        }
        Trust::Only(authorities) => {
            roots.add_parsable_certificates(authorities.iter().cloned().map(CertificateDer::from));
        }
    }
    if roots.is_empty() {
        return Err(TlsProblem::NoStore);
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder =
        builder.with_safe_default_protocol_versions().map_err(|error| TlsProblem::Failed(error.to_string()))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn problem_of(error: &io::Error, wanted: &str) -> TlsProblem {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(problem)) => certificate_problem(problem, wanted),
        Some(broken @ rustls::Error::InvalidMessage(_)) => TlsProblem::NotTls(shown(broken.to_string().as_bytes())),
        Some(other) => TlsProblem::Failed(shown(other.to_string().as_bytes())),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            TlsProblem::NotTls("it closed the connection in the handshake".to_owned())
        }
        None => TlsProblem::Failed(system_words(error)),
    }
}

fn certificate_problem(problem: &CertificateError, wanted: &str) -> TlsProblem {
    match problem {
        // A bad signature: the authority has the name of one that is trusted, and another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsProblem::UnknownAuthority,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsProblem::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsProblem::NotYetValid,
        CertificateError::Revoked => TlsProblem::Revoked,
        CertificateError::NotValidForName => wrong_name(wanted, &[]),
        CertificateError::NotValidForNameContext { presented, .. } => wrong_name(wanted, presented),
        other => TlsProblem::BadCertificate(shown(other.to_string().as_bytes())),
    }
}

fn wrong_name(wanted: &str, presented: &[String]) -> TlsProblem {
    let presented = match presented {
        [] => "nobody".to_owned(),
        _ => shown(presented.join(", ").as_bytes()),
    };
    TlsProblem::WrongName { wanted: shown(wanted.as_bytes()), presented }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::through;
    use super::*;

    #[test]
    fn without_an_authority_nothing_is_trusted() {
        assert_eq!(config(&Trust::Only(Vec::new())).unwrap_err(), TlsProblem::NoStore);
        assert_eq!(config(&Trust::Only(vec![b"no certificate".to_vec()])).unwrap_err(), TlsProblem::NoStore);
    }

    #[test]
    fn every_problem_with_a_certificate_says_what_to_do() {
        for (problem, cure) in [
            (CertificateError::UnknownIssuer, "update-ca-certificates"),
            (CertificateError::Expired, "renew"),
            (CertificateError::NotValidYet, "clock"),
            (CertificateError::NotValidForName, "name the proxy"),
            (CertificateError::Revoked, "administrator"),
            (CertificateError::BadEncoding, "replace"),
        ] {
            let text = certificate_problem(&problem, "proxy.example").to_string();
            assert!(text.contains(cure), "{text}");
        }
    }

    #[test]
    fn a_plain_proxy_is_told_from_one_that_speaks_tls() {
        let says = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        let error = through("https://proxy.example", None, says, &[]).0.unwrap_err().to_string();
        assert!(error.contains("http://"), "{error}");
    }
}
