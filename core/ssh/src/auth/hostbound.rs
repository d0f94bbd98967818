//! A request to log in by key that names the key of the host it is for (PROTOCOL, section 3.1,
//! `publickey-hostbound-v00@openssh.com`). An agent that was forwarded signs with a key that is bound to hosts only where
//! the request says which host that is.

use crate::fields::Fields;

/// SSH_MSG_USERAUTH_REQUEST (RFC 4252, section 6).
const REQUEST: u8 = 50;
const PLAIN: &[u8] = b"publickey";
const BOUND: &[u8] = b"publickey-hostbound-v00@openssh.com";

/// The same of what is signed for a login (RFC 4252, section 7), with the host's key; `None` where it is something else.
pub(super) fn of(signed: &[u8], host_key: &[u8]) -> Option<Vec<u8>> {
    let mut fields = Fields(signed);
    let session = fields.string()?;
    let kind = fields.byte()?;
    let (user, service, method) = (fields.string()?, fields.string()?, fields.string()?);
    let has_signature = fields.byte()?;
    let (algorithm, key) = (fields.string()?, fields.string()?);
    if kind != REQUEST || method != PLAIN || has_signature != 1 || !fields.0.is_empty() {
        return None;
    }
    let mut bound = Vec::with_capacity(signed.len() + BOUND.len() + host_key.len() + 4);
    string(&mut bound, session);
    bound.push(REQUEST);
    for field in [user, service, BOUND] {
        string(&mut bound, field);
    }
    bound.push(has_signature);
    for field in [algorithm, key, host_key] {
        string(&mut bound, field);
    }
    Some(bound)
}

fn string(to: &mut Vec<u8>, field: &[u8]) {
    to.extend_from_slice(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
    to.extend_from_slice(field);
}

#[cfg(test)]
mod tests {
    use super::{of, string};
    use proptest::prelude::*;

    fn request(method: &[u8], more: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        string(&mut bytes, b"session id");
        bytes.push(50);
        for field in [&b"me"[..], b"ssh-connection", method] {
            string(&mut bytes, field);
        }
        bytes.push(1);
        for field in [&b"ssh-ed25519"[..], b"key"].iter().chain(more) {
            string(&mut bytes, field);
        }
        bytes
    }

    #[test]
    fn the_hosts_key_comes_last_and_the_method_says_so() {
        let bound = request(b"publickey-hostbound-v00@openssh.com", &[b"host key"]);
        assert_eq!(of(&request(b"publickey", &[]), b"host key"), Some(bound.clone()));
        assert_eq!(of(&bound, b"host key"), None);
        assert_eq!(of(&request(b"password", &[]), b"host key"), None);
        assert_eq!(of(&request(b"publickey", &[b"more"]), b"host key"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>(), cut in any::<prop::sample::Index>()) {
            let _ = of(&bytes, b"host key");
            let whole = request(b"publickey", &[]);
            prop_assert_eq!(of(&whole[..cut.index(whole.len())], b"host key"), None);
        }
    }
}
