//! Leptos' settings stand in two files, for two readers: `Cargo.toml` for the build, `Leptos.toml` for the server.
//!
//! What both carry is the same in both; else the server would serve what was built elsewhere.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{in_root, metadata};

type Settings = BTreeMap<String, Value>;

/// Without these a server started from the sources would not find what either tool built.
const NEEDED_IN_BOTH: [&str; 5] = ["output-name", "site-root", "site-pkg-dir", "site-addr", "reload-port"];

#[test]
fn settings_that_both_files_carry_agree() {
    let (build, runtime) = (of_the_build(), of_the_server());
    for (key, value) in &runtime {
        if let Some(built) = build.get(key) {
            assert_eq!(built, value, "{key} differs between Cargo.toml and Leptos.toml");
        }
    }
}

#[test]
fn both_files_carry_what_the_server_shares_with_the_build() {
    let (build, runtime) = (of_the_build(), of_the_server());
    for key in NEEDED_IN_BOTH {
        assert!(build.contains_key(key), "Cargo.toml lacks {key}");
        assert!(runtime.contains_key(key), "Leptos.toml lacks {key}");
    }
}

/// `[[workspace.metadata.leptos]]`
fn of_the_build() -> Settings {
    let sections = metadata().workspace_metadata["leptos"].clone();
    let mut sections: Vec<Settings> = serde_json::from_value(sections).unwrap();
    assert_eq!(sections.len(), 1, "one dashboard, one section");
    sections.remove(0)
}

/// `[package.metadata.leptos]`, where Leptos looks for it in any file that it is given.
fn of_the_server() -> Settings {
    let file = std::fs::read_to_string(in_root("Leptos.toml")).unwrap();
    let mut document: BTreeMap<String, Value> = toml::from_str(&file).unwrap();
    let settings = document.remove("package").unwrap()["metadata"]["leptos"].clone();
    serde_json::from_value(settings).unwrap()
}
