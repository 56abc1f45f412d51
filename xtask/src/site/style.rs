//! One style sheet out of `style/`: `main.css` with its `@import`s put in, in their order.
//!
//! Plain CSS is served as it is written. Only `@import "file.css";` is known: an import with a layer, a condition or
//! an address would change meaning when put in, and is refused by name.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files;
use crate::workspace::Workspace;

pub(super) fn bundle(workspace: &Workspace) -> Result<String> {
    let mut sheet = String::new();
    put_in(&workspace.root.join("style/main.css"), &mut sheet, &mut Vec::new())?;
    Ok(sheet)
}

/// Appends a file; `done` are those put in before: a second import of the same file adds nothing.
fn put_in(file: &Path, sheet: &mut String, done: &mut Vec<PathBuf>) -> Result<()> {
    if done.iter().any(|known| known == file) {
        return Ok(());
    }
    done.push(file.to_owned());
    for line in files::read(file)?.lines() {
        match line.trim().strip_prefix("@import") {
            None => {
                sheet.push_str(line);
                sheet.push('\n');
            }
            Some(import) => {
                let name = quoted(import.trim());
                let name = name.with_context(|| {
                    format!("{}: only `@import \"file.css\";`, not: {line}", file.display())
                })?;
                if name.contains("://") {
                    bail!("{}: a style sheet from elsewhere is not bundled: {line}", file.display());
                }
                put_in(&file.with_file_name(name.trim_start_matches("./")), sheet, done)?;
            }
        }
    }
    Ok(())
}

/// `"file.css";` → `file.css`
fn quoted(text: &str) -> Option<&str> {
    let text = text.strip_suffix(';')?.trim();
    let double = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    double.or_else(|| text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet_of(files: &[(&str, &str)]) -> Result<String> {
        let folder = std::env::temp_dir().join(format!(
            "sendry-style-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        files::empty_folder(&folder)?;
        for (name, content) in files {
            files::write(&folder.join(name), content)?;
        }
        let mut sheet = String::new();
        let done = put_in(&folder.join("main.css"), &mut sheet, &mut Vec::new());
        files::remove(&folder)?;
        done.map(|()| sheet)
    }

    #[test]
    fn imports_are_put_in_where_they_stand_and_once() {
        let sheet = sheet_of(&[
            (
                "main.css",
                "@import \"base.css\";\n@import './parts/card.css';\n@import \"base.css\";\nbody {}\n",
            ),
            ("base.css", "html {}\n"),
            ("parts/card.css", "@import \"edge.css\";\n.card {}\n"),
            ("parts/edge.css", ".edge {}\n"),
        ]);
        assert_eq!(sheet.unwrap(), "html {}\n.edge {}\n.card {}\nbody {}\n");
    }

    #[test]
    fn an_import_with_a_meaning_of_its_own_is_refused() {
        for import in
            ["@import \"a.css\" print;", "@import url(a.css);", "@import \"https://example.org/a.css\";"]
        {
            assert!(sheet_of(&[("main.css", import), ("a.css", "")]).is_err(), "{import}");
        }
    }
}
