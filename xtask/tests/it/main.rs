//! What holds for the workspace as a whole: who may use whom, and settings that are written twice agree.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod deploy;
mod import_rules;
mod leptos_toml;
mod security;

use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand};

/// The members of the workspace as their manifests say it.
fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(in_root("Cargo.toml")).no_deps().exec().unwrap()
}

/// A file in the root of the workspace; asked at run time, as several clones may share a target folder.
fn in_root(file: &str) -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).with_file_name(file)
}
