//! Remembers what each part of the site was made from and what it made.
//!
//! A part is fresh only while both its inputs and its outputs are as they were: cargo-leptos, which writes into the
//! same folder, is noticed too.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::files;
use crate::workspace::{Mode, Workspace};

pub(super) struct Stamps {
    file: PathBuf,
    parts: BTreeMap<String, String>,
}

impl Stamps {
    /// Forgets everything, and empties the site, where it was last built in the other mode.
    pub(super) fn open(workspace: &Workspace, mode: Mode) -> Result<Self> {
        let file = workspace.own().join(format!("site-{}.json", mode.folder()));
        let other = match mode {
            Mode::Dev => Mode::Release,
            Mode::Release => Mode::Dev,
        };
        files::remove(&workspace.own().join(format!("site-{}.json", other.folder())))?;
        let parts = std::fs::read(&file).ok().and_then(|json| serde_json::from_slice(&json).ok());
        if parts.is_none() {
            files::empty_folder(&workspace.site())?;
        }
        Ok(Self { file, parts: parts.unwrap_or_default() })
    }

    /// Of a site that lies in a folder of its own; nothing else is touched.
    pub(super) fn aside(file: PathBuf) -> Self {
        let parts = std::fs::read(&file).ok().and_then(|json| serde_json::from_slice(&json).ok());
        Self { file, parts: parts.unwrap_or_default() }
    }

    pub(super) fn fresh(&self, part: &str, inputs: &[PathBuf], outputs: &[PathBuf]) -> bool {
        outputs.iter().all(|output| output.exists())
            && self.parts.get(part).is_some_and(|stamp| *stamp == stamp_of(inputs, outputs))
    }

    pub(super) fn record(&mut self, part: &str, inputs: &[PathBuf], outputs: &[PathBuf]) -> Result<()> {
        self.parts.insert(part.to_owned(), stamp_of(inputs, outputs));
        let json = serde_json::to_vec_pretty(&self.parts).context("could not note what was built")?;
        files::write(&self.file, json)
    }
}

fn stamp_of(inputs: &[PathBuf], outputs: &[PathBuf]) -> String {
    let mut hasher = DefaultHasher::new();
    for files in [inputs, outputs] {
        files.len().hash(&mut hasher);
        files.iter().for_each(|file| state_of(file).hash(&mut hasher));
    }
    // xtask itself is an input: what it makes may change with it
    std::env::current_exe().ok().and_then(|exe| state_of(&exe)).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn state_of(file: &Path) -> Option<(PathBuf, u64, std::time::SystemTime)> {
    let metadata = file.metadata().ok()?;
    Some((file.to_owned(), metadata.len(), metadata.modified().ok()?))
}
