//! The style sheet keeps its promises: two equal dark themes, no missing colour, no forgotten file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../style")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder with an ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found
}

/// The declarations of the block that begins with `start`.
fn block(sheet: &str, start: &str) -> Vec<String> {
    let body = sheet.split_once(start).unwrap().1.split_once('}').unwrap().0;
    let lines = body.lines().map(str::trim).filter(|line| line.ends_with(';'));
    lines.map(str::to_owned).collect()
}

#[test]
fn dark_is_the_same_whether_chosen_or_the_systems() {
    let sheet = read(&folder().join("tokens.css"));
    let chosen = block(&sheet, "[data-theme=\"dark\"] {");
    assert!(chosen.len() > 20);
    assert_eq!(chosen, block(&sheet, "[data-theme=\"system\"] {"));
}

#[test]
fn every_colour_of_light_has_one_in_dark() {
    let sheet = read(&folder().join("tokens.css"));
    let names = |start| -> BTreeSet<String> {
        let lines = block(&sheet, start);
        lines.iter().filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect()
    };
    assert_eq!(names(":root {"), names("[data-theme=\"dark\"] {"));
}

#[test]
fn the_sheet_imports_every_file_and_nothing_else() {
    let main = folder().join("main.css");
    let imported: BTreeSet<PathBuf> = read(&main)
        .lines()
        .filter_map(|line| line.strip_prefix("@import \"")?.strip_suffix("\";"))
        .map(|name| folder().join(name))
        .collect();
    let mut there: BTreeSet<PathBuf> = files(&folder(), "css").into_iter().collect();
    there.remove(&main);
    assert_eq!(imported, there);
}

#[test]
fn parts_and_their_style_have_the_same_name() {
    let code = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for room in ["widgets", "pages"] {
        for sheet in files(&folder().join(room), "css") {
            let name = sheet.file_stem().unwrap().to_str().unwrap();
            let file = code.join(room).join(format!("{name}.rs"));
            assert!(
                file.exists() || code.join(room).join(name).is_dir(),
                "no {name} in {room}: {}",
                sheet.display()
            );
        }
    }
}

#[test]
fn charts_use_only_colours_that_exist() {
    let tokens = read(&folder().join("tokens.css"));
    let charts = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/charts");
    let mut seen = 0;
    for file in files(&charts, "rs").into_iter().filter(|file| !file.ends_with("option.rs")) {
        for piece in read(&file).split("\"$").skip(1) {
            let name = piece.split('"').next().unwrap_or_default();
            if !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric()) {
                assert!(tokens.contains(&format!("--{name}:")), "no token --{name}: {}", file.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 5, "the search finds nothing");
}
