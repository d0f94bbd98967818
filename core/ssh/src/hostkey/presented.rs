//! What the host showed: a key, or a certificate for one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use russh::keys::{Certificate, PublicKeyOrCertificate};

use super::HostKeyError;
use super::key::{Key, KeyDefect, RSA_MINIMUM};
use super::policy::Policy;

/// The host's key, and the certificate that it came in.
pub(super) struct Presented {
    pub(super) key: Key,
    pub(super) vouched: Option<Vouched>,
}

/// A certificate and the key that signed it. The certificate is not checked.
pub(super) struct Vouched {
    pub(super) certificate: Certificate,
    pub(super) authority: Key,
}

impl Presented {
    /// Takes what the key exchange gave, if it is a key of sufficient size.
    pub(super) fn new(shown: PublicKeyOrCertificate, policy: &Policy) -> Result<Self, HostKeyError> {
        let presented = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => Self { key: Key::new(key.key_data())?, vouched: None },
            PublicKeyOrCertificate::Certificate(certificate) => Self {
                key: Key::new(certificate.public_key())?,
                vouched: Some(Vouched { authority: Key::new(certificate.signature_key())?, certificate }),
            },
        };
        let key = &presented.key;
        if key.is_rsa() && key.bits() < policy.required_rsa_size.max(RSA_MINIMUM) {
            return Err(HostKeyError::BadKey(KeyDefect::TooShort));
        }
        Ok(presented)
    }

    /// The type's name on the wire.
    pub(super) fn name(&self) -> String {
        match &self.vouched {
            Some(vouched) => vouched.certificate.algorithm().to_certificate_type(),
            None => self.key.name(),
        }
    }

    /// All that was shown, base64.
    pub(super) fn text(&self) -> String {
        match &self.vouched {
            Some(vouched) => STANDARD.encode(vouched.certificate.to_bytes().unwrap_or_default()),
            None => self.key.text(),
        }
    }
}
