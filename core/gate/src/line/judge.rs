use std::collections::HashMap;

use super::{Line, LineError, Terms, TermsError};

/// Something about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The number of the line, from 1.
    pub line: usize,
    /// How much it weighs.
    pub weight: Weight,
    /// In words.
    pub words: String,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The line does not do what it seems to.
    Wrong,
    /// It gives more than is needed.
    Loose,
}

/// What is wrong with the lines of a file, and the lines themselves, with their numbers.
pub fn judge(text: &str) -> (Vec<(usize, Line)>, Vec<Finding>) {
    let mut lines: Vec<(usize, Line)> = Vec::new();
    // By its key, the first line that takes all who have it.
    let mut firsts: HashMap<String, usize> = HashMap::new();
    let mut findings = Vec::new();
    for (at, text) in text.lines().enumerate() {
        let mut find = |weight, words: String| findings.push(Finding { line: at + 1, weight, words });
        match Line::parse(text) {
            Ok(None) => {}
            Ok(Some(line)) => {
                if let Some(first) = firsts.get(&line.key.blob) {
                    find(Weight::Wrong, format!("the same key stands in line {first}, which counts instead"));
                } else if takes_all(&line) {
                    firsts.insert(line.key.blob.clone(), at + 1);
                }
                if let Err(error) = line.terms() {
                    find(weight(&error), error.to_string());
                }
                loose(&line).into_iter().for_each(|words| find(Weight::Loose, words.to_owned()));
                lines.push((at + 1, line));
            }
            Err(error) => find(Weight::Wrong, said(&error)),
        }
    }
    (lines, findings)
}

/// Whether a line takes all of its key's holders, so that none after it counts for them.
fn takes_all(line: &Line) -> bool {
    let is_open = |terms: Terms| terms.sources.is_none() && terms.expiry.is_none() && terms.authority.is_none();
    line.terms().is_ok_and(is_open)
}

/// A line without certificates is none the worse for their names.
fn weight(error: &TermsError) -> Weight {
    if *error == TermsError::NoAuthority { Weight::Loose } else { Weight::Wrong }
}

fn said(error: &LineError) -> String {
    format!("it lets nobody in: {error}")
}

/// What a line gives beside its command.
fn loose(line: &Line) -> Vec<&'static str> {
    let has = |name: &str| line.options.iter().any(|option| option.is(name));
    let restrict = has("restrict");
    let mut found = Vec::new();
    if !has("command") {
        found.push("it has no command: the key may run anything that the account may");
    } else if !restrict {
        let closed = ["no-pty", "no-port-forwarding", "no-agent-forwarding", "no-x11-forwarding", "no-user-rc"];
        if !closed.into_iter().all(has) {
            found.push(
                "restrict is missing: beside its command the key may have a terminal, or forward ports, agent or X11",
            );
        }
    }
    let forwards = if restrict { has("port-forwarding") } else { !has("no-port-forwarding") };
    if forwards && has("permitopen") && !has("permitlisten") {
        found.push("permitopen without permitlisten: ports may be opened here for others (-R), and none is excluded");
    }
    if forwards && restrict && !has("permitopen") {
        found.push("port-forwarding without permitopen: every host and port that this machine reaches");
    }
    if restrict && has("agent-forwarding") {
        found.push("agent-forwarding: whoever is root here may use the client's agent");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKZP7fC2XWzPWQHHHqmXsBOQbwzoGnQHmW5z9l6oU5yq";

    fn found(options: &str) -> String {
        let (_, findings) = judge(&format!("# remark\n{options}{KEY}\n"));
        findings.iter().map(|finding| format!("{}: {}\n", finding.line, finding.words)).collect()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        assert_eq!(found("restrict,command=\"x\" "), "");
        for (options, words) in [
            ("", "2: it has no command"),
            ("command=\"x\" ", "2: restrict is missing"),
            ("command=\"x\",command=\"y\" ", "2: it lets nobody in: 'command' stands there twice"),
            ("restrict,commando=\"x\" ", "2: it lets nobody in: there is no option 'commando'"),
            ("restrict,command=\"x\",port-forwarding,permitopen=\"h:1\" ", "permitopen without permitlisten"),
            ("restrict,command=\"x\",expiry-time=\"soon\" ", "2: expiry-time: 'soon' is no time"),
            ("restrict,command=\"x\",from=\"10.0.0.1/8\" ", "2: from: '10.0.0.1/8' is no network"),
            ("restrict,command=\"x\",principals=\"a\" ", "2: principals without cert-authority"),
            ("restrict,command=\"x\",port-forwarding ", "without permitopen"),
            ("restrict,command=\"x\",agent-forwarding ", "agent-forwarding"),
        ] {
            assert!(found(options).contains(words), "{options}: {}", found(options));
        }
        let closed = "command=\"x\",no-pty,no-port-forwarding,no-agent-forwarding,no-X11-forwarding,no-user-rc ";
        assert_eq!(found(closed), "");
    }

    #[test]
    fn the_same_key_twice_is_named() {
        let (lines, findings) = judge(&format!("restrict,command=\"a\" {KEY}\nrestrict,command=\"b\" {KEY} x\n"));
        assert_eq!((lines.len(), findings.len(), findings[0].line), (2, 1, 2));
        // The first that lets everybody in counts, and not one before it that lets in some.
        let lines = ["from=\"10.0.0.1\",", "", "", ""].map(|terms| format!("{terms}restrict,command=\"a\" {KEY}"));
        let (_, findings) = judge(&lines.join("\n"));
        let told: Vec<_> =
            findings.iter().map(|finding| (finding.line, finding.words.contains("in line 2,"))).collect();
        assert_eq!(told, [(3, true), (4, true)]);
    }
}
