//! Domains for canonicalisation.

use super::super::error::Fault;
use super::super::keyword::Keyword;
use super::super::reader::Reader;
use super::super::values::Value;
use super::Line;

/// As many as OpenSSH 9.2 takes (readconf.h, MAX_CANON_DOMAINS).
const MOST_DOMAINS: usize = 32;

pub(super) fn canonical(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let mut domains = Vec::new();
    while let Some(argument) = line.arguments.next() {
        if argument.is_empty() {
            return Err(Fault::EmptyArgument(line.name.to_owned()));
        }
        if argument.eq_ignore_ascii_case("none") {
            line.alone("none", domains.len())?;
        }
        domains.push(checked(&argument)?);
    }
    if domains.len() > MOST_DOMAINS && line.active && !reader.values.has(Keyword::CanonicalDomains) {
        return Err(Fault::Phrase("too many hostname suffixes."));
    }
    if !domains.is_empty() {
        reader.set(line, Keyword::CanonicalDomains, Value::List(domains));
    }
    Ok(())
}

/// A domain in lower case, without a final dot.
pub(in super::super) fn checked(name: &str) -> Result<String, Fault> {
    let name = name.to_ascii_lowercase();
    let fault = |after| Fault::value("domain name \"", name.clone(), after);
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        return Err(fault("\" starts with invalid character"));
    }
    if name.contains("..") {
        return Err(fault("\" contains consecutive separators"));
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) {
        return Err(fault("\" contains invalid characters"));
    }
    Ok(name.strip_suffix('.').map(str::to_owned).unwrap_or(name))
}

/// `none`, `*`, or `sources:targets`.
pub(super) fn permitted_cnames(reader: &mut Reader<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
    let mut rules = Vec::new();
    while let Some(argument) = line.arguments.next() {
        rules.push(if argument.eq_ignore_ascii_case("none") {
            line.alone("none", rules.len())?;
            (argument, String::new())
        } else if argument == "*" {
            (argument.clone(), argument)
        } else {
            let lower = argument.to_ascii_lowercase();
            match lower.split_once(':') {
                Some((sources, targets)) if !targets.is_empty() => (sources.to_owned(), targets.to_owned()),
                _ => return Err(Fault::value("Invalid permitted CNAME \"", lower, "\"")),
            }
        });
    }
    if !line.active || !reader.values.permitted_cnames.is_empty() {
        return Ok(());
    }
    if rules.len() > MOST_DOMAINS {
        return Err(Fault::Phrase("too many permitted CNAMEs."));
    }
    reader.values.permitted_cnames = rules;
    Ok(())
}
