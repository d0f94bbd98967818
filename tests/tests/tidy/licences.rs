//! Licences: whoever ships the binary may do so under MIT OR Apache-2.0, and has to install no C library.

use std::process::Command;

use serde_json::Value;

use super::{expect_none, root};

/// Licences that ask no more of a binary than to be named.
const ALLOWED: [&str; 9] =
    ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "Zlib", "Unlicense", "Unicode-3.0"];

/// What brings C code of its own and builds it without anything installed.
const CARRIES_ITS_C: [&str; 2] = ["ring", "zstd-sys"];

/// Every package of the build, as cargo resolved it for this system.
fn packages() -> Vec<Value> {
    let cargo = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"])
        .output()
        .unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Whether an SPDX expression can be met with what is allowed. Cargo's old `/` means OR.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|licence| ALLOWED.contains(&licence.trim())))
}

#[test]
fn every_dependency_may_be_shipped() {
    expect_none(packages().iter().filter_map(|package| {
        let (name, licence) = (&package["name"], package["license"].as_str().unwrap_or("none"));
        (!is_allowed(licence)).then(|| format!("{name}: its licence is {licence}"))
    }));
}

#[test]
fn no_dependency_needs_an_installed_library() {
    expect_none(packages().iter().filter_map(|package| {
        let (name, links) = (package["name"].as_str()?, package["links"].as_str()?);
        (!CARRIES_ITS_C.contains(&name)).then(|| format!("{name}: links to {links}"))
    }));
}

#[test]
fn every_dependency_comes_from_the_registry() {
    expect_none(packages().iter().filter_map(|package| {
        let source = package["source"].as_str()?;
        (!source.starts_with("registry+")).then(|| format!("{}: comes from {source}", package["name"]))
    }));
}
