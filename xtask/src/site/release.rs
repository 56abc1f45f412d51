//! The site as one ships it: small, its names carrying a hash of the content, each file compressed beforehand.
//!
//! It is built aside and then put in place as a whole. The hashes stand in `hash.txt` beside the server's binary,
//! where Leptos looks for them, in cargo-leptos' format.

use std::fmt::{self, Display};
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::stamps::Stamps;
use super::{NAME, assets, bindgen, order, style};
use crate::command::{output, run};
use crate::step::{note, step};
use crate::workspace::{Mode, Workspace};
use crate::{files, npm};

const BINARYEN: &str = "132.0.0";
/// What rustc's wasm uses, so that wasm-opt may too.
const WASM_OPT: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Where a site and the list of its hashed names come to lie, with what is remembered of them.
pub(super) struct Place {
    pub(super) site: PathBuf,
    pub(super) hashes: PathBuf,
    pub(super) stamps: Stamps,
}

impl Place {
    /// Where the server of the same build looks.
    pub(super) fn served(workspace: &Workspace) -> Result<Self> {
        let hashes = workspace.target.join(Mode::Release.folder()).join("hash.txt");
        Ok(Self { site: workspace.site(), hashes, stamps: Stamps::open(workspace, Mode::Release)? })
    }

    /// Beside the site that is worked with, which stays as it is.
    pub(super) fn aside(folder: &Path) -> Self {
        let stamps = Stamps::aside(folder.join("stamps.json"));
        Self { site: folder.join("site"), hashes: folder.join("hash.txt"), stamps }
    }
}

pub(super) fn build(workspace: &Workspace, wasm: PathBuf, place: Place) -> Result<()> {
    let Place { site, hashes, mut stamps } = place;
    let mut inputs = files::walk(&workspace.root.join("style"))?;
    inputs.extend(files::walk(&assets::folder(workspace))?);
    inputs.push(wasm.clone());

    let mut outputs = files::walk(&site)?;
    outputs.push(hashes.clone());
    if !stamps.fresh("site", &inputs, &outputs) {
        let made = workspace.own().join("site");
        files::empty_folder(&made)?;
        make(workspace, &wasm, &made, &hashes)?;
        files::remove(&site)?;
        files::rename(&made, &site)?;
        outputs = files::walk(&site)?;
        outputs.push(hashes);
        stamps.record("site", &inputs, &outputs)?;
    }
    report(&site)
}

fn make(workspace: &Workspace, wasm: &Path, site: &Path, hashes: &Path) -> Result<()> {
    let package = site.join("pkg");
    step("wasm-bindgen", || {
        bindgen::generate(wasm, &package)?;
        Ok("made the JavaScript glue")
    })?;
    make_small(workspace, &package.join(format!("{NAME}.wasm")))?;
    files::write(&package.join(format!("{NAME}.css")), style::bundle(workspace)?)?;
    assets::mirror(workspace, site)?;
    files::write(hashes, put_hashes_into_names(&package)?)?;
    step("compression", || {
        npm::require_node()?;
        let script = workspace.root.join("xtask/src/site/precompress.mjs");
        output(Command::new("node").arg(script).arg(site), "compress the site")?;
        Ok("gzip and brotli beside each file")
    })?;
    Ok(())
}

/// Makes the dashboard's wasm small as it is sent, with brotli, not as it lies there: wasm-opt's `-Oz` makes every copy of
/// a function another one, and what it makes is a seventh shorter and a fifth larger with brotli.
fn make_small(workspace: &Workspace, wasm: &Path) -> Result<()> {
    let unused = [
        "--duplicate-function-elimination",
        "--dae",
        "--simplify-locals-notee-nostructure",
        "--remove-unused-module-elements",
        "-g",
    ];
    optimise(workspace, wasm, &unused)?;
    let read = std::fs::read(wasm).with_context(|| format!("could not read {}", wasm.display()))?;
    files::write(wasm, order::name_by_place(&read)?)?;
    optimise(workspace, wasm, &["--reorder-functions-by-name", "--strip-debug"])
}

/// Optimises a wasm file in place; `options` are wasm-opt's: what to do, and what else the wasm uses.
pub(crate) fn optimise(workspace: &Workspace, wasm: &Path, options: &[&str]) -> Result<()> {
    let wasm_opt = npm::tool(workspace, "binaryen", BINARYEN, "wasm-opt")?;
    step("wasm-opt", || {
        let mut node = Command::new("node");
        node.arg(wasm_opt).args(options).args(WASM_OPT).arg(wasm).arg("-o").arg(wasm);
        run(&mut node, "make the wasm smaller")?;
        Ok("made it smaller")
    })?;
    Ok(())
}

/// Renames `sendry.js` to `sendry.<hash>.js` and so on; hands back the content of `hash.txt`. The glue does not name
/// the wasm (the page does), so the order does not matter. Snippets keep their names: the glue imports them.
fn put_hashes_into_names(package: &Path) -> Result<String> {
    let mut hashes = String::new();
    for kind in ["js", "wasm", "css"] {
        let file = package.join(format!("{NAME}.{kind}"));
        let content = std::fs::read(&file).with_context(|| format!("could not read {}", file.display()))?;
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(&content);
        let hash = format!("{:016x}", hasher.finish());
        files::rename(&file, &package.join(format!("{NAME}.{hash}.{kind}")))?;
        hashes.push_str(&format!("{kind}: {hash}\n"));
    }
    Ok(hashes)
}

/// What the dashboard is to weigh at most, in kB with brotli, ECharts apart.
const MOST: f64 = 350.0;

/// What a browser loads of the dashboard before it comes alive, in bytes with brotli.
pub(crate) struct Weight {
    pub(crate) wasm: u64,
    pub(crate) js: u64,
}

impl Weight {
    /// Of a site as it is shipped.
    pub(crate) fn of(site: &Path) -> Result<Self> {
        let files = files::walk(&site.join("pkg"))?;
        let sum = |suffix: &str| {
            let named = files.iter().filter(|file| file.to_string_lossy().ends_with(suffix));
            named.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
        };
        Ok(Self { wasm: sum(".wasm.br"), js: sum(".js.br") })
    }
}

impl Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [wasm, js] = [self.wasm, self.js].map(|bytes| bytes as f64 / 1000.0);
        write!(f, "wasm {wasm:.1} kB + js {js:.1} kB = {:.1} kB brotli (of {MOST:.0})", wasm + js)
    }
}

/// What a browser downloads: each file as it is, with gzip, with brotli.
fn report(site: &Path) -> Result<()> {
    let size = |path: PathBuf| path.metadata().map(|file| file.len()).ok();
    let mut total = [0, 0, 0];
    for file in files::walk(site)? {
        let name = file.strip_prefix(site).unwrap_or(&file).to_string_lossy().into_owned();
        if name.ends_with(".gz") || name.ends_with(".br") {
            continue;
        }
        let raw = size(file.clone()).unwrap_or_default();
        let gzip = size(format!("{}.gz", file.display()).into()).unwrap_or(raw);
        let brotli = size(format!("{}.br", file.display()).into()).unwrap_or(raw);
        note("", line(&name, [raw, gzip, brotli]));
        total = [total[0] + raw, total[1] + gzip, total[2] + brotli];
    }
    note("", line("together", total));
    note("dashboard", Weight::of(site)?);
    note("site", site.display());
    Ok(())
}

fn line(name: &str, sizes: [u64; 3]) -> String {
    let [raw, gzip, brotli] = sizes.map(|size| size as f64 / 1000.0);
    format!("{name:<40} {raw:>8.1} kB, gzip {gzip:>7.1}, brotli {brotli:>7.1}")
}
