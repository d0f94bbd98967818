//! The patterns of ssh_config(5): `*`, `?`, and comma-separated lists with `!`. Time is bounded by the product of the
//! lengths, whatever the pattern.

/// The longest element of a list that can match (match.c keeps elements in a buffer of 1024 bytes).
const LONGEST_ELEMENT: usize = 1022;

/// What a list of patterns says to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// An element matches, and no negated one does.
    Matches,
    /// A negated element matches.
    Negated,
    /// Nothing matches.
    Absent,
}

/// Whether `text` as a whole matches `pattern`, byte by byte.
#[must_use]
pub fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let (mut t, mut p) = (0, 0);
    // Where to go on when the text does not fit: after the last star, one byte later.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(&wanted) if wanted == b'?' || wanted == byte => {
                t += 1;
                p += 1;
            }
            _ => {
                let Some((after_star, from)) = retry else { return false };
                retry = Some((after_star, from + 1));
                (p, t) = (after_star, from + 1);
            }
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// Tests `text` against a comma-separated list. An element that begins with `!` is negated.
#[must_use]
pub fn list(text: &str, patterns: &str) -> Verdict {
    let mut verdict = Verdict::Absent;
    let mut rest = patterns;
    while !rest.is_empty() {
        let (element, after) = rest.split_once(',').unwrap_or((rest, ""));
        let (negated, pattern) = element.strip_prefix('!').map_or((false, element), |pattern| (true, pattern));
        if pattern.len() > LONGEST_ELEMENT {
            return Verdict::Absent;
        }
        if matches(text, pattern) {
            if negated {
                return Verdict::Negated;
            }
            verdict = Verdict::Matches;
        }
        rest = after;
    }
    verdict
}

/// Like [`list`] for host names: neither side's case counts.
#[must_use]
pub fn host_list(host: &str, patterns: &str) -> Verdict {
    list(&host.to_ascii_lowercase(), &patterns.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, without thought for speed.
    fn oracle(text: &[u8], pattern: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some((b'*', rest)), _) => (0..=text.len()).any(|skip| oracle(&text[skip..], rest)),
            (Some((b'?', rest)), Some((_, after))) => oracle(after, rest),
            (Some((wanted, rest)), Some((byte, after))) => wanted == byte && oracle(after, rest),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(text in "[ab]{0,9}", pattern in "[ab?*]{0,7}") {
            prop_assert_eq!(matches(&text, &pattern), oracle(text.as_bytes(), pattern.as_bytes()));
        }

        #[test]
        fn a_list_is_its_elements(text in "[ab]{0,3}", elements in prop::collection::vec("!?[ab?*]{0,3}", 0..5)) {
            let patterns = elements.join(",");
            let hit = |negated: bool| elements.iter().any(|element| {
                let pattern = element.strip_prefix('!').unwrap_or(element);
                element.starts_with('!') == negated && oracle(text.as_bytes(), pattern.as_bytes())
            });
            let only_empty = patterns.is_empty() || patterns.ends_with(',') && text.is_empty();
            prop_assume!(!only_empty);
            let expected = if hit(true) { Verdict::Negated } else if hit(false) { Verdict::Matches } else { Verdict::Absent };
            prop_assert_eq!(list(&text, &patterns), expected);
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        assert!(!matches(&"a".repeat(4000), &format!("{}b", "a*".repeat(400))));
    }

    #[test]
    fn negation_beats_any_match_and_case_counts_only_for_users() {
        assert_eq!(list("me", "*,!me"), Verdict::Negated);
        assert_eq!(list("me", "ME"), Verdict::Absent);
        assert_eq!(host_list("Host.EXAMPLE", "*.example"), Verdict::Matches);
        assert_eq!(list("me", ""), Verdict::Absent);
        assert_eq!(list(&"a".repeat(2000), &"a".repeat(2000)), Verdict::Absent);
    }
}
