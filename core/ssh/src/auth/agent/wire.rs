//! The agent's messages: a length, a kind, and fields (draft-miller-ssh-agent, section 3).

use crate::fields::Fields;
use crate::limits;
use crate::terminal::visible::visible;
use zeroize::Zeroizing;

pub(super) const FAILURE: u8 = 5;
pub(super) const SUCCESS: u8 = 6;
pub(super) const REQUEST_IDENTITIES: u8 = 11;
pub(super) const IDENTITIES_ANSWER: u8 = 12;
pub(super) const SIGN_REQUEST: u8 = 13;
pub(super) const SIGN_RESPONSE: u8 = 14;
pub(super) const ADD_IDENTITY: u8 = 17;
pub(super) const ADD_ID_CONSTRAINED: u8 = 25;
pub(super) const EXTENSION: u8 = 27;
pub(super) const EXTENSION_FAILURE: u8 = 28;
pub(super) const CONSTRAIN_LIFETIME: u8 = 1;
pub(super) const CONSTRAIN_CONFIRM: u8 = 2;
/// What two commercial agents say for a failure (authfd.h, SSH2_AGENT_FAILURE and SSH_COM_AGENT2_FAILURE).
const OTHER_FAILURES: [u8; 2] = [30, 102];

pub(super) fn is_failure(kind: u8) -> bool {
    matches!(kind, FAILURE | EXTENSION_FAILURE) || OTHER_FAILURES.contains(&kind)
}

/// A message on its way to the agent. It may hold a private key.
pub(super) struct Request(Zeroizing<Vec<u8>>);

impl Request {
    pub(super) fn new(kind: u8) -> Self {
        // The length comes in `finish`.
        Self(Zeroizing::new(vec![0, 0, 0, 0, kind]))
    }

    pub(super) fn byte(&mut self, byte: u8) -> &mut Self {
        self.raw(&[byte])
    }

    pub(super) fn uint(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn string(&mut self, bytes: &[u8]) -> &mut Self {
        self.uint(u32::try_from(bytes.len()).unwrap_or(u32::MAX)).raw(bytes)
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        // Growing would leave a copy of what is secret behind.
        let mut grown = Zeroizing::new(Vec::with_capacity(self.0.len() + bytes.len()));
        grown.extend_from_slice(&self.0);
        grown.extend_from_slice(bytes);
        self.0 = grown;
        self
    }

    pub(super) fn finish(mut self) -> Zeroizing<Vec<u8>> {
        let length = u32::try_from(self.0.len() - 4).unwrap_or(u32::MAX).to_be_bytes();
        for (byte, value) in self.0.iter_mut().zip(length) {
            *byte = value;
        }
        self.0
    }
}

/// The key blobs and comments of an SSH_AGENT_IDENTITIES_ANSWER.
pub(super) fn read_identities(message: &[u8]) -> Result<Vec<(&[u8], String)>, &'static str> {
    const BROKEN: &str = "sent a list of keys that is cut short or malformed";
    let mut fields = fields(message, IDENTITIES_ANSWER).ok_or("did not answer with a list of keys")?;
    let count = fields.uint().ok_or(BROKEN)?;
    if count > limits::AGENT_IDENTITIES {
        return Err("says that it holds more keys than can be true");
    }
    (0..count).map(|_| Some((fields.string()?, visible(fields.string()?)))).collect::<Option<_>>().ok_or(BROKEN)
}

/// The type of an SSH_AGENT_SIGN_RESPONSE's signature, and the signature with its type.
pub(super) fn read_signature(message: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let mut fields = fields(message, SIGN_RESPONSE).ok_or("did not answer with a signature")?;
    let broken = "sent a signature that is cut short or malformed";
    let signature = fields.string().ok_or(broken)?;
    let name = Fields(signature).string().ok_or(broken)?;
    Ok((name, signature))
}

fn fields(message: &[u8], kind: u8) -> Option<Fields<'_>> {
    let (first, rest) = message.split_first()?;
    (*first == kind).then_some(Fields(rest))
}

#[cfg(test)]
mod tests {
    use super::{IDENTITIES_ANSWER, Request, SIGN_RESPONSE, read_identities, read_signature};
    use proptest::prelude::*;

    #[test]
    fn a_list_that_claims_too_much_is_refused() {
        let mut message = Request::new(IDENTITIES_ANSWER);
        message.uint(u32::MAX);
        assert!(read_identities(&message.finish()[4..]).unwrap_err().contains("more keys"));
        let mut message = Request::new(IDENTITIES_ANSWER);
        message.uint(1).uint(u32::MAX).raw(b"abc");
        assert!(read_identities(&message.finish()[4..]).unwrap_err().contains("cut short"));
    }

    #[test]
    fn comments_cannot_act_on_a_terminal() {
        let mut message = Request::new(IDENTITIES_ANSWER);
        message.uint(1).string(b"key").string(b"me\x1b[2J");
        let message = message.finish();
        assert_eq!(read_identities(&message[4..]).unwrap(), [(&b"key"[..], r"me\033[2J".to_owned())]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(mut bytes in any::<Vec<u8>>()) {
            for kind in [IDENTITIES_ANSWER, SIGN_RESPONSE] {
                if let Some(first) = bytes.first_mut() {
                    *first = kind;
                }
                let _ = read_identities(&bytes);
                let _ = read_signature(&bytes);
            }
        }
    }
}
