//! The table of `docs/security.md` names tests: each of them exists.

use crate::in_root;

/// What stands between backticks and looks like a file of the tree, with the test in it where one is named.
fn named(page: &str) -> Vec<(String, Option<String>)> {
    let quoted = page.split('`').skip(1).step_by(2);
    let files = quoted.filter(|text| {
        let file = text.split("::").next().unwrap_or_default();
        file.contains('/') && (file.ends_with(".rs") || file.ends_with(".spec.js"))
    });
    let parts = files.map(|text| match text.split_once("::") {
        Some((file, test)) => (file.to_owned(), Some(test.to_owned())),
        None => (text.to_owned(), None),
    });
    parts.collect()
}

#[test]
fn every_test_that_the_security_page_names_exists() {
    let page = std::fs::read_to_string(in_root("docs/security.md")).unwrap();
    let named = named(&page);
    assert!(named.len() > 40, "the page names {} tests only", named.len());
    for (file, test) in named {
        let text = std::fs::read_to_string(in_root(&file)).unwrap_or_else(|_| panic!("there is no {file}"));
        if let Some(test) = test {
            assert!(text.contains(&format!("fn {test}(")), "{file} has no test {test}");
        }
    }
}
