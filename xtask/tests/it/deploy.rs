//! The files of `deploy/` fit each other and the settings. No Docker runs in the tests: what an engine would refuse at
//! once is looked for here.

use crate::in_root;
use serde_yaml_ng::Value;
use std::collections::BTreeSet;

fn read(file: &str) -> String {
    std::fs::read_to_string(in_root(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn compose() -> Value {
    let mut compose: Value = serde_yaml_ng::from_str(&read("deploy/compose.yaml")).unwrap();
    compose.apply_merge().unwrap();
    compose
}

fn services(compose: &Value) -> impl Iterator<Item = (&str, &Value)> {
    compose["services"].as_mapping().unwrap().iter().map(|(name, service)| (name.as_str().unwrap(), service))
}

/// Words of `text` that begin with `prefix`, up to the first character that `ends` them.
fn words<'a>(text: &'a str, prefix: &str, is_part: impl Fn(char) -> bool) -> BTreeSet<&'a str> {
    let starts = text.match_indices(prefix).map(|(at, _)| at);
    starts.map(|at| text[at..].split(|c| !is_part(c)).next().unwrap_or_default()).collect()
}

/// The settings that `default.toml` explains, set or not, as variables.
fn settings() -> BTreeSet<String> {
    let defaults = read("runtime/src/config/default.toml");
    let names = defaults.lines().filter_map(|line| line.trim_start_matches("# ").split_once(" = "));
    names.map(|(name, _)| format!("SENDRY_{}", name.to_uppercase())).collect()
}

#[test]
fn every_variable_of_ours_is_a_setting() {
    let known = settings();
    assert!(known.contains("SENDRY_QUEUE_URL") && known.contains("SENDRY_ADDR"), "{known:?}");
    for file in ["deploy/compose.yaml", "deploy/Dockerfile"] {
        let text = read(file);
        for variable in words(&text, "SENDRY_", |c| c.is_ascii_uppercase() || c == '_') {
            // Of the compose file itself: which port of the host leads to the server.
            assert!(
                known.contains(variable) || variable == "SENDRY_PORT",
                "{file}: {variable} is no setting"
            );
        }
    }
}

#[test]
fn what_the_compose_file_asks_for_stands_in_the_example_without_secrets() {
    let example = read("deploy/.env.example");
    let given: Vec<(&str, &str)> = example
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .collect();
    let text = read("deploy/compose.yaml");
    for variable in words(&text, "${", |c| c.is_ascii_uppercase() || "${_".contains(c)) {
        let variable = variable.trim_start_matches("${");
        assert!(given.iter().any(|(name, _)| *name == variable), "{variable} is missing in .env.example");
    }
    for (name, value) in given {
        assert!(
            !name.ends_with("PASSWORD") || value.is_empty(),
            "{name} must not have a value in an example"
        );
    }
}

#[test]
fn services_are_built_or_pulled_and_wait_for_what_is_checked() {
    let compose = compose();
    let dockerfile = read("deploy/Dockerfile");
    let engines = ["rabbitmq", "mongodb", "postgres"];
    for (name, service) in services(&compose) {
        if engines.contains(&name) {
            let image = service["image"].as_str().unwrap();
            assert!(image.split_once(':').is_some_and(|(_, tag)| tag != "latest"), "{image} is not pinned");
            assert!(service["healthcheck"]["test"].is_sequence(), "{name} has no health check");
            let volume = service["volumes"][0].as_str().unwrap().split(':').next().unwrap();
            assert!(compose["volumes"].get(volume).is_some(), "{name}: the volume {volume} is not declared");
        } else {
            let build = &service["build"];
            assert_eq!(
                (build["context"].as_str(), build["dockerfile"].as_str()),
                (Some(".."), Some("deploy/Dockerfile"))
            );
            let stage = format!(" AS {}", build["target"].as_str().unwrap());
            assert!(
                dockerfile.lines().any(|line| line.starts_with("FROM ") && line.ends_with(&stage)),
                "no stage{stage}"
            );
            for engine in engines {
                assert_eq!(service["depends_on"][engine]["condition"].as_str(), Some("service_healthy"));
                let url = ["SENDRY_QUEUE_URL", "SENDRY_EVENTS_URL", "SENDRY_DATABASE_URL"]
                    .map(|url| service["environment"][url].as_str().unwrap());
                assert!(
                    url.iter().any(|url| url.contains(&format!("@{engine}:"))),
                    "{name} has no way to {engine}"
                );
            }
        }
    }
    assert_eq!(services(&compose).count(), 5);
}

#[test]
fn images_are_not_root_and_hold_what_the_build_makes() {
    let dockerfile = read("deploy/Dockerfile");
    let mut stages = dockerfile.split("\nFROM ").skip(1);
    let build = stages.next().unwrap();
    assert!(build.contains("cargo xtask build --release"), "what is shipped is built as the README says");
    let rust = &read("Cargo.toml");
    let version =
        rust.lines().find_map(|line| line.strip_prefix("rust-version = \"")).unwrap().trim_end_matches('"');
    assert!(
        build.starts_with(&format!("rust:{version}-")),
        "the image builds with another Rust than the workspace"
    );
    let mut images = 0;
    for stage in stages {
        images += 1;
        assert!(stage.lines().next().unwrap().contains(":nonroot "), "{stage}");
        for copied in stage.lines().filter(|line| line.starts_with("COPY --from=build")) {
            for made in copied.split_whitespace().filter(|word| word.starts_with("/out/")) {
                let name = made.trim_start_matches("/out/");
                assert!(
                    build.contains(&format!("target/release/{name} ")) || build.contains(made),
                    "{made} is copied, but not made"
                );
            }
        }
        let program =
            stage.lines().find_map(|line| line.strip_prefix("ENTRYPOINT [\"/usr/local/bin/")).unwrap();
        let program = program.trim_end_matches("\"]");
        assert!(build.contains(&format!("target/release/{program} ")), "{program} is not built");
    }
    assert_eq!(images, 2);
}
