//! wasm-bindgen as a library: JavaScript glue and wasm out of what rustc made.
//!
//! The names are what Leptos' page asks for: `sendry.js`, `sendry.wasm` (wasm-bindgen's own would be `sendry_bg.wasm`).

use std::path::Path;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use super::NAME;
use crate::files;

/// Empties `folder` and generates into it.
pub(super) fn generate(wasm: &Path, folder: &Path) -> Result<()> {
    files::empty_folder(folder)?;
    Bindgen::new()
        .input_path(wasm)
        .out_name(NAME)
        .typescript(false)
        .web(true)
        .and_then(|bindgen| bindgen.generate(folder))
        .context("wasm-bindgen could not read the compiled dashboard")?;
    files::rename(&folder.join(format!("{NAME}_bg.wasm")), &folder.join(format!("{NAME}.wasm")))
}
