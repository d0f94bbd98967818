//! Lists of networks, `192.0.2.0/24,2001:db8::/32`, for `Match localnetwork`.

use std::net::IpAddr;

use thiserror::Error;

/// Networks, each an address whose host bits are zero, and the length of its mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Networks(Vec<(IpAddr, u32)>);

/// A list that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Complaint {
    #[error("empty entry in list \"{0}\"")]
    Empty(String),
    #[error("Invalid network entry \"{0}\"")]
    Invalid(String),
    #[error("Inconsistent mask length for network \"{0}\"")]
    Mask(String),
}

impl Networks {
    pub(crate) fn parse(list: &str) -> Result<Self, Complaint> {
        list.split(',')
            .map(|entry| if entry.is_empty() { Err(Complaint::Empty(list.to_owned())) } else { network(entry) })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        let (bits, width) = bits(address);
        self.0.iter().any(|(network, length)| {
            let (wanted, wanted_width) = self::bits(*network);
            width == wanted_width && (bits ^ wanted).checked_shr(width - length).unwrap_or(0) == 0
        })
    }
}

fn network(entry: &str) -> Result<(IpAddr, u32), Complaint> {
    let invalid = || Complaint::Invalid(entry.to_owned());
    let (address, length) = entry.split_once('/').map_or((entry, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().map_err(|_| invalid())?;
    let (bits, width) = bits(address);
    let length = match length {
        None => width,
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().map_err(|_| invalid())?
        }
        Some(_) => return Err(invalid()),
    };
    let host_bits = |length: u32| bits.checked_shl(128 - width + length).unwrap_or(0);
    if length > width || host_bits(length) != 0 {
        return Err(Complaint::Mask(entry.to_owned()));
    }
    Ok((address, length))
}

/// The bits of an address and how many there are.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(list: &str, address: &str) -> bool {
        Networks::parse(list).unwrap().contain(address.parse().unwrap())
    }

    #[test]
    fn networks_contain_their_addresses() {
        assert!(contain("192.0.2.0/24", "192.0.2.255"));
        assert!(!contain("192.0.2.0/24", "192.0.3.0"));
        assert!(contain("192.0.2.7", "192.0.2.7"));
        assert!(contain("0.0.0.0/0", "10.1.2.3"));
        assert!(!contain("0.0.0.0/0", "::1"));
        assert!(contain("10.0.0.0/8,2001:db8::/32", "2001:db8:1::1"));
        assert!(contain("::/0", "fe80::1"));
        assert!(!contain("2001:db8::/32", "2001:db9::"));
    }

    #[test]
    fn malformed_lists_are_named() {
        let parse = Networks::parse;
        assert_eq!(parse("10.0.0.0/8,"), Err(Complaint::Empty("10.0.0.0/8,".into())));
        assert_eq!(parse("10.0.0.1/8"), Err(Complaint::Mask("10.0.0.1/8".into())));
        assert_eq!(parse("10.0.0.0/33"), Err(Complaint::Mask("10.0.0.0/33".into())));
        assert_eq!(parse("::1/0"), Err(Complaint::Mask("::1/0".into())));
        assert_eq!(parse("10.0.0.0/+8"), Err(Complaint::Invalid("10.0.0.0/+8".into())));
        assert_eq!(parse("home"), Err(Complaint::Invalid("home".into())));
    }
}
