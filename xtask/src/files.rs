//! Files and folders, with errors that name them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))
}

/// A folder that exists and is empty.
pub(crate) fn empty_folder(folder: &Path) -> Result<()> {
    remove(folder)?;
    make_folder(folder)
}

/// Removes a file or a folder, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    removed.with_context(|| format!("could not remove {}", path.display()))
}

pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
}

pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    fs::write(path, content).with_context(|| format!("could not write {}", path.display()))
}

pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("could not rename {} to {}", from.display(), to.display()))
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        make_folder(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("could not copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    make_folder(to)?;
    for entry in entries(from)? {
        let copy_to = to.join(entry.file_name().unwrap_or_default());
        if entry.is_dir() { copy_folder(&entry, &copy_to)? } else { copy(&entry, &copy_to)? }
    }
    Ok(())
}

/// What lies in a folder, in the order of names.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let could_not = || format!("could not list {}", folder.display());
    let entries = fs::read_dir(folder).with_context(could_not)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry.with_context(could_not)?.path())).collect::<Result<_>>()?;
    paths.sort();
    Ok(paths)
}

/// Every file below a folder, in the order of names; none where there is no folder.
pub(crate) fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in entries(folder)? {
        if entry.is_dir() { files.extend(walk(&entry)?) } else { files.push(entry) }
    }
    Ok(files)
}
