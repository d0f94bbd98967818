//! `CanonicalizeHostname`: a short name is searched for in the given domains, and permitted aliases are followed.
//! Numeric addresses are brought into their usual form in any case.

use log::{debug, error, info, trace};
use xssh_os::names::{Family, Lookup};

use super::context::LocalContext;
use super::directive::domains;
use super::error::ConfigError;
use super::keyword::Keyword;
use super::pattern::{self, Verdict};
use super::values::Values;

/// The rules as far as the first pass has read them.
struct Rules<'a> {
    values: &'a Values,
    context: &'a LocalContext,
    family: Family,
    /// No proxy stands between, so that names mean here what they mean there.
    direct: bool,
}

/// Brings `host` into the form under which the final pass will know it.
///
/// # Errors
/// Where no domain has it and there is no falling back, or where a direct host with permitted CNAMEs does not resolve.
pub(super) fn canonicalize(values: &Values, context: &LocalContext, host: &str) -> Result<String, ConfigError> {
    let family = match values.word(Keyword::AddressFamily) {
        Some("inet") => Family::Inet,
        Some("inet6") => Family::Inet6,
        _ => Family::Any,
    };
    let direct = values.text_unless_none(Keyword::ProxyCommand).is_none() && values.list(Keyword::ProxyJump).is_empty();
    let rules = Rules { values, context, family, direct };
    if let Some(address) = rules.address(host) {
        return Ok(address);
    }
    let host = host.to_ascii_lowercase();
    if let Some(canonical) = rules.search(&host)? {
        return Ok(canonical);
    }
    rules.alias(host)
}

/// Whether a name can only be an address.
fn looks_numeric(host: &str) -> bool {
    host.contains(['%', ':']) || host.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

impl Rules<'_> {
    /// The usual form of a numeric address. What looks like one and is none stays as it is.
    fn address(&self, host: &str) -> Option<String> {
        // A name that holds a letter no number has is spared the resolver.
        if !host.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':' | b'x' | b'X'))
            && !looks_numeric(host)
        {
            return None;
        }
        match self.context.names.numeric_address(host, self.family) {
            Some(address) if !address.eq_ignore_ascii_case(host) => {
                trace!("canonicalised address \"{host}\" => \"{address}\"");
                Some(address)
            }
            Some(_) => Some(host.to_owned()),
            None => looks_numeric(host).then(|| host.to_owned()),
        }
    }

    fn mode(&self) -> &'static str {
        self.values.word(Keyword::CanonicalizeHostname).unwrap_or("false")
    }

    /// Names behind a proxy are the proxy's affair, unless the user wants it otherwise.
    fn applies(&self) -> bool {
        match self.mode() {
            "false" => false,
            "always" => true,
            _ => self.direct,
        }
    }

    /// The full name of `host` in the first of the domains that has it.
    fn search(&self, host: &str) -> Result<Option<String>, ConfigError> {
        if !self.applies() {
            return Ok(None);
        }
        let anchored = host.ends_with('.');
        let candidates: Vec<String> = if anchored {
            vec![host.to_owned()]
        } else {
            let most_dots = self.values.number(Keyword::CanonicalizeMaxDots).unwrap_or(1);
            let dots = host.bytes().filter(|b| *b == b'.').count();
            if i64::try_from(dots).is_ok_and(|dots| dots > most_dots) {
                trace!("not canonicalizing hostname \"{host}\" (max dots {most_dots})");
                return Ok(None);
            }
            let domains = self.values.list(Keyword::CanonicalDomains);
            let domains = domains.iter().take_while(|domain| !domain.eq_ignore_ascii_case("none"));
            domains.map(|domain| format!("{host}.{domain}.")).collect()
        };
        for candidate in candidates {
            trace!("attempting \"{host}\" => \"{candidate}\"");
            let Some(alias) = self.lookup(&candidate, false).ok().flatten() else {
                continue;
            };
            let full = candidate.strip_suffix('.').unwrap_or(&candidate).to_owned();
            return Ok(Some(self.follow(&full, &alias).unwrap_or_else(|| {
                debug!("Canonicalized hostname \"{host}\" => \"{full}\"");
                full
            })));
        }
        if self.values.word(Keyword::CanonicalizeFallbackLocal) == Some("no") {
            return Err(ConfigError::Unresolved(host.to_owned()));
        }
        trace!("host {host} not found in any suffix");
        Ok(None)
    }

    /// What a permitted CNAME of the plain name says, where the domains had nothing to say.
    fn alias(&self, host: String) -> Result<String, ConfigError> {
        if !self.has_permitted_cnames() || !(self.direct || self.mode() == "always") {
            return Ok(host);
        }
        match self.lookup(&host, self.direct) {
            Ok(Some(alias)) => Ok(self.follow(&host, &alias).unwrap_or(host)),
            Ok(None) => Ok(host),
            Err(reason) if self.direct => Err(ConfigError::Lookup { host, reason }),
            Err(_) => Ok(host),
        }
    }

    fn has_permitted_cnames(&self) -> bool {
        match self.values.permitted_cnames.as_slice() {
            [] => false,
            [(source, target)] => !(source.eq_ignore_ascii_case("none") && target.is_empty()),
            _ => true,
        }
    }

    /// The canonical name of a name that resolves, empty where there is none; an error where it does not. Trouble
    /// with the resolver is always worth a line, a missing name only where it ends everything.
    fn lookup(&self, name: &str, fatal: bool) -> Result<Option<String>, String> {
        match self.context.names.lookup(name, self.family) {
            Lookup::Found { canonical: None } => Ok(Some(String::new())),
            Lookup::Found { canonical: Some(canonical) } => match domains::checked(&canonical) {
                Ok(_) => Ok(Some(canonical)),
                Err(fault) => {
                    error!("ignoring bad CNAME \"{canonical}\" for host \"{name}\": {fault}");
                    Ok(Some(String::new()))
                }
            },
            Lookup::NotFound { reason } => {
                debug!("Could not resolve hostname {name}: {reason}");
                Err(reason)
            }
            Lookup::Failed { reason } => {
                if !fatal {
                    error!("Could not resolve hostname {name}: {reason}");
                }
                Err(reason)
            }
        }
    }

    /// The alias, if a rule lets `name` be replaced by it.
    fn follow(&self, name: &str, alias: &str) -> Option<String> {
        if alias.is_empty() || alias == name || !self.applies() || !self.has_permitted_cnames() {
            return None;
        }
        let matches =
            |text: &str, patterns: &str| pattern::list(text, &patterns.to_ascii_lowercase()) == Verdict::Matches;
        let mut rules = self.values.permitted_cnames.iter();
        rules.find(|(sources, targets)| matches(name, sources) && matches(alias, targets))?;
        info!("Canonicalized DNS aliased hostname \"{name}\" => \"{alias}\"");
        Some(alias.to_ascii_lowercase())
    }
}
