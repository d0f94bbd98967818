use super::algorithm::Hash;
use crypto_bigint::{BoxedUint, NonZero};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA512};
use russh::keys::signature::Signer;
use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair};
use russh::keys::ssh_key::{self, Mpint, Signature};
use russh::keys::{Algorithm, HashAlg, PrivateKey};
use zeroize::Zeroizing;

/// Signs `data`; the answer is a signature as it goes onto the wire (RFC 4253, section 6.6).
pub(super) fn sign(key: &PrivateKey, hash: Hash, data: &[u8]) -> Result<Vec<u8>, ssh_key::Error> {
    let signature = match key.key_data() {
        KeypairData::Rsa(pair) => match sign_with_ring(pair, hash, data) {
            Some(bytes) => Signature::new(Algorithm::Rsa { hash }, bytes)?,
            None => (pair, hash).try_sign(data)?,
        },
        other => other.try_sign(data)?,
    };
    let mut bytes = Vec::new();
    signature.encode(&mut bytes)?;
    Ok(bytes)
}

/// An RSA signature in a tenth of the time that ssh-key takes, where ring can: it has no SHA-1, no key outside of 2048 to
/// 4096 bits or of an odd size, and no exponent below 65537. It also finds out when the parts of a key do not fit together.
fn sign_with_ring(pair: &RsaKeypair, hash: Hash, data: &[u8]) -> Option<Vec<u8>> {
    let padding = match hash? {
        HashAlg::Sha256 => &RSA_PKCS1_SHA256,
        HashAlg::Sha512 => &RSA_PKCS1_SHA512,
        _ => return None,
    };
    let (public, private) = (pair.public(), pair.private());
    let (d, p, q) = (private.d(), private.p(), private.q());
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: public.n().as_positive_bytes()?, e: public.e().as_positive_bytes()? },
        d: d.as_positive_bytes()?,
        p: p.as_positive_bytes()?,
        q: q.as_positive_bytes()?,
        dP: &*exponent(d, p)?,
        dQ: &*exponent(d, q)?,
        qInv: private.iqmp().as_positive_bytes()?,
    };
    let key = KeyPair::from_components(&components).ok()?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(padding, &SystemRandom::new(), data, &mut signature).ok()?;
    Some(signature)
}

/// `d` mod `prime` - 1, which OpenSSH's format leaves out.
fn exponent(d: &Mpint, prime: &Mpint) -> Option<Zeroizing<Vec<u8>>> {
    let number = |number: &Mpint| Some(BoxedUint::from_be_slice_vartime(number.as_positive_bytes()?));
    let prime = number(prime)?;
    let bytes = prime.bits().div_ceil(8) as usize;
    let less_one = NonZero::new(prime.wrapping_sub(BoxedUint::one())).into_option()?;
    let exponent = Zeroizing::new(number(d)?.rem_vartime(&less_one)).to_be_bytes();
    let exponent = Zeroizing::new(exponent.into_vec());
    // As long as the prime: ring takes no more.
    let start = exponent.len().checked_sub(bytes)?;
    exponent.get(start..).map(|bytes| Zeroizing::new(bytes.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::{sign, sign_with_ring};
    use russh::keys::signature::{Signer, Verifier};
    use russh::keys::ssh_encoding::Decode;
    use russh::keys::ssh_key::Signature;
    use russh::keys::{HashAlg, PrivateKey};
    use std::process::Command;

    fn rsa(bits: &str) -> PrivateKey {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let how = ["-q", "-t", "rsa", "-b", bits, "-N", "", "-f", path.to_str().unwrap()];
        assert!(Command::new("ssh-keygen").args(how).status().unwrap().success());
        PrivateKey::from_openssh(std::fs::read(path).unwrap()).unwrap()
    }

    /// ring against ssh-key: RSA signatures of this kind have no randomness.
    #[test]
    fn both_ways_sign_alike() {
        for bits in ["2048", "3072"] {
            let key = rsa(bits);
            let pair = key.key_data().rsa().unwrap();
            for hash in [HashAlg::Sha256, HashAlg::Sha512] {
                let fast = sign_with_ring(pair, Some(hash), b"data").unwrap();
                let slow: Signature = (pair, Some(hash)).try_sign(b"data").unwrap();
                assert_eq!(fast, slow.as_bytes(), "{bits}");
            }
        }
    }

    #[test]
    fn what_ring_does_not_have_is_signed_all_the_same() {
        let (small, odd, large) = (rsa("1024"), rsa("2050"), rsa("2048"));
        for (key, hash) in [(&small, Some(HashAlg::Sha512)), (&odd, Some(HashAlg::Sha512)), (&large, None)] {
            assert!(sign_with_ring(key.key_data().rsa().unwrap(), hash, b"data").is_none());
            let bytes = sign(key, hash, b"data").unwrap();
            let signature = Signature::decode(&mut bytes.as_slice()).unwrap();
            key.public_key().key_data().verify(b"data", &signature).unwrap();
        }
    }
}
