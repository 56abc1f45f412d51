//! Who may import whom, read from the manifests: the rooms of the house keep their doors.
//!
//! Between our crates development dependencies count too: a test that needs a forbidden room stands in the wrong one.
//! The technologies of others are free to tests, which look into a database or a broker from outside.

use std::collections::BTreeMap;

use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Package};

use crate::{in_root, metadata};

/// Our crates, and which of ours each may import. Nobody imports server or edge-ingest: they are in no list.
const OURS: [(&str, &[&str]); 11] = [
    ("telemetry", &[]),
    ("queue", &["telemetry"]),
    ("store", &["telemetry"]),
    ("edge-ingest", &["telemetry"]),
    ("app", &["telemetry", "store"]),
    ("runtime", &["telemetry", "queue", "store"]),
    ("consumer", &["telemetry", "queue", "store", "runtime"]),
    ("server", &["telemetry", "queue", "store", "runtime", "consumer", "app"]),
    ("testbed", &[]),
    ("xtask", &["testbed"]),
    ("bench", &["testbed", "telemetry"]),
];

/// Crates of others that only some of ours may name, so that each technology can be replaced in one place. A name
/// that ends in `*` stands for all that begin so.
const THEIRS: [(&str, &[&str]); 7] = [
    ("sqlx*", &["store", "bench"]),
    ("mongodb", &["store", "bench"]),
    ("lapin", &["queue", "bench"]),
    ("rusqlite", &["queue", "bench"]),
    ("redis", &["server"]),
    ("worker*", &["edge-ingest"]),
    ("leptos*", &["app", "server"]),
];

#[test]
fn every_member_has_its_place_in_the_rules() {
    let known = BTreeMap::from(OURS);
    for package in packages() {
        assert!(known.contains_key(package.name.as_str()), "{} is missing in the table above", package.name);
    }
}

#[test]
fn our_crates_import_only_whom_they_may() {
    let known = BTreeMap::from(OURS);
    for (package, dependency) in dependencies() {
        // Services for tests are for everybody's tests.
        let testbed = dependency.name == "testbed" && dependency.kind == DependencyKind::Development;
        if known.contains_key(dependency.name.as_str()) && !testbed {
            let allowed = known[package.name.as_str()].contains(&dependency.name.as_str());
            assert!(allowed, "{} must not import {}", package.name, dependency.name);
        }
    }
}

#[test]
fn technologies_stay_in_their_rooms() {
    for (package, dependency) in dependencies() {
        for (pattern, rooms) in THEIRS {
            let meant = match pattern.strip_suffix('*') {
                Some(beginning) => dependency.name.starts_with(beginning),
                None => dependency.name == pattern,
            };
            let of_tests = dependency.kind == DependencyKind::Development;
            let allowed = !meant || of_tests || rooms.contains(&package.name.as_str());
            assert!(allowed, "{} belongs into {rooms:?}, not into {}", dependency.name, package.name);
        }
    }
}

#[test]
fn the_dashboard_knows_the_store_on_the_server_only() {
    let metadata = metadata();
    let app = metadata.packages.iter().find(|package| package.name == "app").unwrap();
    for store in app.dependencies.iter().filter(|dependency| dependency.name == "store") {
        assert!(store.optional, "app may have store only as an optional dependency");
    }
    for (feature, enables) in &app.features {
        let opens = enables.iter().any(|enabled| enabled == "dep:store" || enabled.starts_with("store/"));
        assert!(!opens || feature == "ssr", "feature {feature} of app must not enable store: only ssr may");
        let through = enables.iter().any(|enabled| enabled == "ssr");
        assert!(
            !through,
            "feature {feature} of app must not enable ssr: hydrate would bring the store along"
        );
    }
}

/// Our crates, with the one that is a workspace of its own.
fn packages() -> Vec<Package> {
    let edge =
        MetadataCommand::new().manifest_path(in_root("edge-ingest/Cargo.toml")).no_deps().exec().unwrap();
    metadata().packages.into_iter().chain(edge.packages).collect()
}

fn dependencies() -> Vec<(Package, Dependency)> {
    packages()
        .into_iter()
        .flat_map(|package| package.dependencies.clone().into_iter().map(move |one| (package.clone(), one)))
        .collect()
}
