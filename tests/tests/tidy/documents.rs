//! Documents: that their links lead somewhere, and that they name what is there.

use std::collections::BTreeSet;
use std::fs;

use super::{Text, expect_none, manifests, root, texts};

fn documents() -> Vec<Text> {
    let mut all = texts(&["docs"], "md");
    for name in ["README.md", "CHANGELOG.md"] {
        all.push(Text { path: name.into(), text: fs::read_to_string(root().join(name)).unwrap() });
    }
    all
}

/// What stands in the brackets of `](…)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut complaints = Vec::new();
    for document in documents() {
        let folder = root().join(&document.path).parent().unwrap().to_owned();
        for link in links(&document.text).filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let text = match file {
                "" => Some(document.text.clone()),
                file if folder.join(file).is_dir() => continue,
                file => fs::read_to_string(folder.join(file)).ok(),
            };
            let found = text.is_some_and(|text| anchor.is_empty() || anchors(&text).contains(anchor));
            if !found {
                complaints.push(format!("{}: {link} leads nowhere", document.path.display()));
            }
        }
    }
    expect_none(complaints);
}

#[test]
fn every_dependency_has_its_reason() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let table = text.split("## Dependencies").nth(1).and_then(|rest| rest.split("\n#").next()).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let explained: BTreeSet<String> = rows.map(str::to_owned).collect();
    let there = manifests::foreign();
    let missing =
        there.difference(&explained).map(|name| format!("{name}: docs/architecture.md does not say why it is there"));
    let gone =
        explained.difference(&there).map(|name| format!("{name}: docs/architecture.md explains what is not there"));
    expect_none(missing.chain(gone));
}

/// Files that the map names by their path.
#[test]
fn the_map_names_what_is_there() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let named = text.split('`').skip(1).step_by(2).filter(|name| name.ends_with(".rs") && !name.contains(' '));
    let places = ["", "core/ssh/src/", "cli/src/"];
    let gone = named.filter(|name| {
        let bare =
            ["terminal/", "session/"].iter().any(|room| root().join("core/ssh/src").join(room).join(name).exists());
        !bare && !places.iter().any(|place| root().join(place).join(name).exists())
    });
    expect_none(gone.map(|name| format!("docs/architecture.md: there is no {name}")));
}
