use std::fmt;

use thiserror::Error;

use super::{Expiry, Line, Sources, SourcesError};

/// What a line asks of who comes by it, beside its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// From where; from everywhere where there is none.
    pub sources: Option<Sources>,
    /// Until when.
    pub expiry: Option<Expiry>,
    /// Not the key itself counts, but certificates that it has signed.
    pub authority: Option<Principals>,
}

/// Whose certificates count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principals {
    /// Those that have the account's own name.
    Account,
    /// Those that have one of these names.
    Named(Vec<String>),
}

/// Why a line's terms cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TermsError {
    /// From where.
    #[error("from: {0}")]
    Sources(#[from] SourcesError),
    /// Until when.
    #[error("expiry-time: '{0}' is no time; YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS is one, with a Z for UTC")]
    Expiry(String),
    /// Names of nobody.
    #[error("principals names nobody")]
    Nobody,
    /// Names without a certificate.
    #[error("principals without cert-authority does nothing")]
    NoAuthority,
}

impl Line {
    /// What it asks of who comes by it.
    ///
    /// # Errors
    /// They cannot be read, so nobody may come by it.
    pub fn terms(&self) -> Result<Terms, TermsError> {
        let sources = self.value("from").map(Sources::parse).transpose()?;
        let expiry = self
            .value("expiry-time")
            .map(|text| Expiry::parse(text).ok_or_else(|| TermsError::Expiry(text.chars().take(40).collect())));
        let is_authority = self.options.iter().any(|option| option.is("cert-authority"));
        let authority = match (is_authority, self.value("principals")) {
            (false, Some(_)) => return Err(TermsError::NoAuthority),
            (false, None) => None,
            (true, None) => Some(Principals::Account),
            (true, Some(names)) => {
                let names: Vec<String> = names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
                Some(Principals::Named(names).some().ok_or(TermsError::Nobody)?)
            }
        };
        Ok(Terms { sources, expiry: expiry.transpose()?, authority })
    }
}

impl Principals {
    fn some(self) -> Option<Self> {
        (self != Self::Named(Vec::new())).then_some(self)
    }

    /// Whether a certificate with these names counts. One that has none is nobody's.
    pub fn have(&self, names: &[String], account: &str) -> bool {
        names.iter().any(|name| match self {
            Self::Account => name == account,
            Self::Named(named) => named.contains(name),
        })
    }
}

/// In a few words, behind what a line lets its key do.
impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.authority {
            Some(Principals::Account) => {
                f.write_str("; for who has a certificate that it has signed for this account")?
            }
            Some(Principals::Named(names)) => {
                write!(f, "; for who has a certificate that it has signed for {}", names.join(" or "))?;
            }
            None => {}
        }
        if let Some(sources) = &self.sources {
            write!(f, "; from {sources} only")?;
        }
        match self.expiry {
            Some(expiry) => write!(f, "; until {expiry}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKZP7fC2XWzPWQHHHqmXsBOQbwzoGnQHmW5z9l6oU5yq";

    fn terms(options: &str) -> Result<Terms, TermsError> {
        Line::parse(&format!("{options} {KEY}")).unwrap().unwrap().terms()
    }

    #[test]
    fn terms_are_read_from_the_options() {
        let found =
            terms("restrict,from=\"10.0.0.0/8\",expiry-time=\"20300101Z\",cert-authority,principals=\"a,b\"").unwrap();
        let said = "; for who has a certificate that it has signed for a or b; from 10.0.0.0/8 only; \
                    until 2030-01-01 00:00:00 UTC";
        assert_eq!(found.to_string(), said);
        assert_eq!(terms("restrict").unwrap().to_string(), "");
        let principals = terms("cert-authority").unwrap().authority.unwrap();
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(principals.have(&names(&["x", "root"]), "root") && !principals.have(&names(&["x"]), "root"));
        assert!(!principals.have(&[], "root"));
        let principals = found.authority.unwrap();
        assert!(principals.have(&names(&["b"]), "root") && !principals.have(&names(&["root", "a*", "*"]), "root"));
    }

    #[test]
    fn terms_that_cannot_be_kept_are_errors() {
        for options in [
            "from=\"!x\"",
            "expiry-time=\"soon\"",
            "principals=\"a\"",
            "cert-authority,principals=\",\"",
            "from=\"1/2\"",
        ] {
            assert!(terms(options).is_err(), "{options}");
        }
    }
}
