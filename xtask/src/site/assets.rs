//! Files that are served as they are: `app/public/`, with ECharts put into it.
//!
//! ECharts is not kept in the repository: charming, which draws with it, brings the version that it was made for.
//! It lies in `app/public/` (git-ignored) because cargo-leptos takes its assets from there as well.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

use crate::files;
use crate::step::step;
use crate::workspace::Workspace;

const ECHARTS: &str = "echarts.min.js";

pub(super) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join("app/public")
}

/// Copies ECharts from charming's source, where it is missing or Cargo.lock has changed since.
pub(super) fn provide_echarts(workspace: &Workspace) -> Result<()> {
    let place = folder(workspace).join(ECHARTS);
    let age = |path: &Path| path.metadata().and_then(|found| found.modified()).ok();
    if place.exists() && age(&place) > age(&workspace.root.join("Cargo.lock")) {
        return Ok(());
    }
    step("echarts", || {
        files::copy(&charmings_echarts(workspace)?, &place)?;
        Ok("copied from charming's crate")
    })?;
    Ok(())
}

fn charmings_echarts(workspace: &Workspace) -> Result<PathBuf> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace.root.join("Cargo.toml"))
        .exec()
        .context("could not ask cargo for the dependencies' folders")?;
    let charming = metadata.packages.iter().find(|package| package.name == "charming");
    let charming = charming.context("charming is no dependency any more: where is ECharts to come from?")?;
    let assets = charming.manifest_path.with_file_name("src").join("asset").into_std_path_buf();
    let mut files = files::entries(&assets)?.into_iter();
    let echarts = files.find(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("echarts-") && name.ends_with(".min.js")
    });
    echarts.with_context(|| format!("charming brings no ECharts in {}", assets.display()))
}

/// Where the files will lie in the site.
pub(super) fn copies(workspace: &Workspace, site: &Path) -> Result<Vec<PathBuf>> {
    let folder = folder(workspace);
    let files = files::walk(&folder)?;
    Ok(files.iter().filter_map(|file| file.strip_prefix(&folder).ok()).map(|file| site.join(file)).collect())
}

/// Makes the site's root equal to `app/public/`, `pkg/` apart.
pub(super) fn mirror(workspace: &Workspace, site: &Path) -> Result<()> {
    files::make_folder(site)?;
    for entry in files::entries(site)? {
        if entry.file_name().is_some_and(|name| name != "pkg") {
            files::remove(&entry)?;
        }
    }
    files::copy_folder(&folder(workspace), site)
}
