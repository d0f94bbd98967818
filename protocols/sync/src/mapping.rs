//! Owners and groups that become others on the way: rsync's `--usermap`, `--groupmap` and `--chown`.
//!
//! The source says other names, so that the two sides compare and set what is meant; the target knows nothing of it.

use xssh_filter::NamePattern;

/// Which owners and groups become which.
///
/// ```
/// use xssh_sync::Mapping;
///
/// let mapping = Mapping::parse("0-99:nobody,www-*:web,:1000", "*:staff").unwrap();
/// assert_eq!(mapping.label(false, 33, Some("www-data")), Some("nobody"));
/// assert_eq!(mapping.label(false, 500, Some("www-data")), Some("web"));
/// assert_eq!(mapping.label(false, 501, None), Some("+1000"));
/// assert_eq!(mapping.label(false, 502, Some("me")), None);
/// assert_eq!(mapping.label(true, 7, None), Some("staff"));
/// assert!(Mapping::parse("x", "").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    texts: [String; 2],
    users: Vec<Rule>,
    groups: Vec<Rule>,
}

/// Words that map nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} does not say who becomes who, as in 0-99:nobody,www-*:web,*:1000")]
pub struct MappingError(String);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    who: Who,
    /// A name, or a number with a sign before it that no name has.
    becomes: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Who {
    Everybody,
    Nameless,
    Numbers(u32, u32),
    Names(NamePattern),
}

impl Mapping {
    /// Reads what becomes of users and of groups: rules with commas between, of which the first that fits counts.
    ///
    /// # Errors
    /// A rule is none.
    pub fn parse(users: &str, groups: &str) -> Result<Self, MappingError> {
        let texts = [users.to_owned(), groups.to_owned()];
        Ok(Self { users: rules(users)?, groups: rules(groups)?, texts })
    }

    /// Everybody becomes one user and one group: `USER:GROUP`, of which one may be missing.
    ///
    /// # Errors
    /// It is none.
    pub fn everybody(owner: &str) -> Result<Self, MappingError> {
        let (user, group) = owner.split_once(':').unwrap_or((owner, ""));
        let all = |name: &str| if name.is_empty() { String::new() } else { format!("*:{name}") };
        if owner.matches([':', ',']).count() > 1 || (user.is_empty() && group.is_empty()) {
            return Err(MappingError(owner.to_owned()));
        }
        Self::parse(&all(user), &all(group))
    }

    /// As it was read: for users, and for groups.
    pub(crate) fn texts(&self) -> &[String; 2] {
        &self.texts
    }

    /// What somebody becomes, if something else.
    pub fn label(&self, group: bool, id: u32, name: Option<&str>) -> Option<&str> {
        let mut rules = if group { &self.groups } else { &self.users }.iter();
        rules.find(|rule| rule.who.is(id, name)).map(|rule| rule.becomes.as_str())
    }
}

fn rules(text: &str) -> Result<Vec<Rule>, MappingError> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts.map(|part| rule(part).ok_or_else(|| MappingError(part.to_owned()))).collect()
}

fn rule(text: &str) -> Option<Rule> {
    let (who, becomes) = text.split_once(':')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let who = match who.split_once('-') {
        _ if who == "*" => Who::Everybody,
        _ if who.is_empty() => Who::Nameless,
        Some((low, high)) if is_number(low) && is_number(high) => Who::Numbers(low.parse().ok()?, high.parse().ok()?),
        _ if is_number(who) => Who::Numbers(who.parse().ok()?, who.parse().ok()?),
        _ => Who::Names(NamePattern::parse(who.as_bytes())?),
    };
    let becomes = match becomes {
        "" => return None,
        number if is_number(number) => format!("+{}", number.parse::<u32>().ok()?),
        name => name.to_owned(),
    };
    Some(Rule { who, becomes })
}

impl Who {
    fn is(&self, id: u32, name: Option<&str>) -> bool {
        match self {
            Self::Everybody => true,
            Self::Nameless => name.is_none(),
            Self::Numbers(low, high) => (low..=high).contains(&&id),
            Self::Names(pattern) => name.is_some_and(|name| pattern.matches(name.as_bytes())),
        }
    }
}
