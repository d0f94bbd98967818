use crate::settings::FingerprintHash;
use crate::{hostkey, limits};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, PublicKey, key::parse_public_key, ssh_encoding::Encode};

/// A public key, or a certificate: what is offered to a server. It keeps the bytes that it was read from, because an
/// agent knows its keys by them.
#[derive(Debug, Clone)]
pub(super) struct PublicHalf {
    blob: Vec<u8>,
    data: KeyData,
}

impl PublicHalf {
    /// From the wire's form (RFC 4253, section 6.6; PROTOCOL.certkeys). `None` for what is no key.
    pub(super) fn from_blob(blob: &[u8]) -> Option<Self> {
        // The parser takes no notice of what follows a key; that would then be signed for with it.
        let data = KeyData::from(parse_public_key(blob).ok()?);
        let half = Self { blob: blob.to_vec(), data };
        (encode(&half.data)? == half.blob).then_some(half)
    }

    pub(super) fn from_data(data: KeyData) -> Option<Self> {
        Some(Self { blob: encode(&data)?, data })
    }

    /// From a line of a `.pub` file: type, base64 and a comment. `None` for what is no key.
    pub(super) fn from_line(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (name, base64) = (words.next()?, words.next()?);
        let half = Self::from_blob(&STANDARD.decode(base64).ok()?)?;
        (half.name() == name).then_some(half)
    }

    /// The bytes on the wire.
    pub(super) fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// The name of the key's type, as it stands in the key: `ssh-ed25519`, `ssh-rsa-cert-v01@openssh.com` …
    pub(super) fn name(&self) -> String {
        match &self.data {
            KeyData::Certificate(certificate) => certificate.algorithm().to_certificate_type(),
            plain => plain.algorithm().as_str().to_owned(),
        }
    }

    /// OpenSSH's word for the type in logs: `ED25519`, `RSA-CERT` …
    pub(super) fn label(&self) -> String {
        let suffix = if self.certificate().is_some() { "-CERT" } else { "" };
        format!("{}{suffix}", hostkey::key_type(&self.plain_key()))
    }

    /// The fingerprint; that of a certificate is its key's.
    pub(super) fn fingerprint(&self, hash: FingerprintHash) -> String {
        hostkey::fingerprint(&self.plain_key(), hash)
    }

    fn plain_key(&self) -> PublicKey {
        PublicKey::new(self.plain().clone(), "")
    }

    /// The key alone, without its certificate.
    pub(super) fn plain(&self) -> &KeyData {
        self.certificate().map_or(&self.data, Certificate::public_key)
    }

    pub(super) fn certificate(&self) -> Option<&Certificate> {
        self.data.certificate()
    }

    /// Whether this is a certificate that a user may log in with.
    pub(super) fn is_user_certificate(&self) -> bool {
        self.certificate().is_some_and(|c| c.cert_type() == CertType::User)
    }

    /// Whether the private half lives in a security key.
    pub(super) fn is_security_key(&self) -> bool {
        let plain = self.plain();
        plain.is_sk_ed25519() || plain.is_sk_ecdsa_p256()
    }

    pub(super) fn is_rsa(&self) -> bool {
        self.plain().is_rsa()
    }

    /// Bits of an RSA key's modulus; `None` for every other key.
    pub(super) fn rsa_bits(&self) -> Option<u32> {
        Some(self.plain().rsa()?.key_size())
    }

    /// Whether both have the same key; certificates are left aside.
    pub(super) fn same_key(&self, other: &Self) -> bool {
        self.plain() == other.plain()
    }

    /// The key as russh takes it. Only for what is no certificate.
    pub(super) fn to_public_key(&self) -> PublicKey {
        PublicKey::new(self.data.clone(), "")
    }
}

/// Equal are the bytes: key, certificate and all.
impl PartialEq for PublicHalf {
    fn eq(&self, other: &Self) -> bool {
        self.blob == other.blob
    }
}

/// Whether bytes hold more certificates inside one another than the decoder's stack is good for.
pub(super) fn nested_too_deep(bytes: &[u8]) -> bool {
    const MARKER: &[u8] = b"-cert-v01@";
    let markers = bytes.windows(MARKER.len()).filter(|window| *window == MARKER);
    markers.count() > limits::CERTIFICATE_NESTING
}

fn encode(data: &KeyData) -> Option<Vec<u8>> {
    let mut blob = Vec::new();
    data.encode(&mut blob).ok()?;
    Some(blob)
}

#[cfg(test)]
mod tests {
    use super::PublicHalf;
    use crate::settings::FingerprintHash;
    use proptest::prelude::*;

    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ me@here";

    #[test]
    fn a_line_is_read_with_its_fingerprints() {
        let key = PublicHalf::from_line(ED25519).unwrap();
        assert_eq!((key.name().as_str(), key.label().as_str()), ("ssh-ed25519", "ED25519"));
        assert_eq!(key.fingerprint(FingerprintHash::Sha256), "SHA256:T7SvZ2cslqpPj6nKzitCBHHlpVF3r3MvLwmFL0fk0IE");
        assert_eq!(key.fingerprint(FingerprintHash::Md5), "MD5:46:5d:0f:4b:7b:74:b6:5f:ce:80:b0:33:70:9e:33:96");
    }

    #[test]
    fn a_line_of_another_type_than_its_key_is_no_key() {
        assert!(PublicHalf::from_line(&ED25519.replace("ssh-ed25519 ", "ssh-rsa ")).is_none());
        assert!(PublicHalf::from_line("ssh-ed25519").is_none());
    }

    #[test]
    fn bytes_behind_a_key_make_it_none() {
        let mut blob = PublicHalf::from_line(ED25519).unwrap().blob().to_vec();
        blob.push(0);
        assert!(PublicHalf::from_blob(&blob).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(blob in any::<Vec<u8>>(), line in ".*") {
            let _ = PublicHalf::from_blob(&blob);
            let _ = PublicHalf::from_line(&line);
        }

        #[test]
        fn no_change_of_a_key_panics(at in 0usize..51, byte: u8) {
            let mut blob = PublicHalf::from_line(ED25519).unwrap().blob().to_vec();
            blob[at] = byte;
            if let Some(key) = PublicHalf::from_blob(&blob) {
                let _ = (key.name(), key.label(), key.fingerprint(FingerprintHash::Sha256));
            }
        }
    }
}
