//! The rules of the house that no compiler checks (docs/architecture.md), so that no reviewer has to.

mod documents;
mod licences;
mod manifests;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the project.
struct Text {
    /// From the project's root.
    path: PathBuf,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file below these places that has this extension.
fn texts(places: &[&str], extension: &str) -> Vec<Text> {
    let mut found = Vec::new();
    for place in places {
        gather(&root().join(place), extension, &mut found);
    }
    assert!(!found.is_empty(), "no .{extension} in {places:?}");
    found
}

fn gather(folder: &Path, extension: &str, found: &mut Vec<Text>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("fuzz/target") {
            // What cargo builds of the fuzz targets, which are a workspace of their own.
            continue;
        }
        if path.is_dir() {
            gather(&path, extension, found);
        } else if path.extension().is_some_and(|own| own == extension) {
            let text = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root()).unwrap().to_owned();
            found.push(Text { path, text });
        }
    }
}

/// Fails with every complaint, a line each.
fn expect_none(complaints: impl IntoIterator<Item = String>) {
    let complaints: Vec<String> = complaints.into_iter().collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}
