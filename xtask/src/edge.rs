//! The Worker: from `edge-ingest/` to `edge-ingest/build`, which wrangler bundles with `worker.js` and runs or deploys.
//!
//! As worker-build does it, without the need to install it: compiled for wasm, bound by wasm-bindgen with what starting
//! anew after a panic needs, made smaller by wasm-opt.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::command::{output, run};
use crate::step::{note, step};
use crate::wasm_target::TARGET;
use crate::workspace::Workspace;
use crate::{files, npm, site, wasm_target};

const NAME: &str = "edge_ingest";
/// What the platform's smallest plan takes is far more; a Worker that starts quickly is small.
const MOST_GZIPPED: u64 = 250_000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    Shipped,
    /// With a route that panics.
    ForTests,
}

pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join("edge-ingest")
}

/// Builds the Worker into `build` (or, for tests, `build-for-tests`) and says how large its bundle is.
pub(crate) fn build(workspace: &Workspace, variant: Variant) -> Result<PathBuf> {
    wasm_target::ensure(workspace)?;
    let folder = folder(workspace);
    npm::install(&folder)?;
    let wasm = compile(workspace, &folder, variant)?;
    let made = folder.join(match variant {
        Variant::Shipped => "build",
        Variant::ForTests => "build-for-tests",
    });
    let entry = made.join("index.js");
    if !is_newer(&entry, &[wasm.clone(), folder.join("worker.js")]) {
        step("wasm-bindgen", || {
            generate(&wasm, &made)?;
            Ok("made the JavaScript glue")
        })?;
        let optimised = made.join(format!("{NAME}_bg.wasm"));
        site::optimise(workspace, &optimised, &["-Oz", "--enable-exception-handling"])?;
        // Last: where it is there, all is done.
        files::write(&entry, files::read(&folder.join("worker.js"))?)?;
    }
    if variant == Variant::Shipped {
        let gzipped = gzipped(&made)?;
        note(
            "bundle",
            format!("{:.1} kB gzipped, of {} kB at most", gzipped as f64 / 1e3, MOST_GZIPPED / 1_000),
        );
        ensure!(gzipped <= MOST_GZIPPED, "the Worker's bundle is too large: {gzipped} bytes gzipped");
    }
    Ok(made)
}

fn is_newer(file: &Path, inputs: &[PathBuf]) -> bool {
    let age = |path: &Path| path.metadata().and_then(|found| found.modified()).ok();
    let made = age(file);
    // xtask itself is an input: what it makes may change with it
    let own = std::env::current_exe().ok();
    made.is_some() && inputs.iter().chain(&own).all(|input| age(input) <= made)
}

fn compile(workspace: &Workspace, folder: &Path, variant: Variant) -> Result<PathBuf> {
    // A folder for each: the two would make each other stale.
    let target = workspace.target.join(match variant {
        Variant::Shipped => "edge",
        Variant::ForTests => "edge-for-tests",
    });
    step("worker", || {
        let mut cargo = workspace.cargo();
        cargo.current_dir(folder).args(["build", "--release", "--locked", "--target", TARGET]);
        cargo.arg("--target-dir").arg(&target);
        if variant == Variant::ForTests {
            cargo.args(["--features", "deliberate-panic"]);
        }
        run(&mut cargo, "compile the Worker")?;
        Ok("compiled for workerd")
    })?;
    Ok(target.join(TARGET).join("release").join(format!("{NAME}.wasm")))
}

fn generate(wasm: &Path, folder: &Path) -> Result<()> {
    files::empty_folder(folder)?;
    Bindgen::new()
        .input_path(wasm)
        .out_name(NAME)
        .typescript(false)
        .reset_state_function(true)
        .force_enable_abort_handler(true)
        .module(true)
        .and_then(|bindgen| bindgen.generate(folder))
        .context("wasm-bindgen could not read the compiled Worker")?;
    // workerd hands a module over without being asked for its source.
    let glue = folder.join(format!("{NAME}.js"));
    let text = std::fs::read_to_string(&glue).context("wasm-bindgen made no JavaScript")?;
    ensure!(text.contains("import source "), "wasm-bindgen's glue is not as expected");
    files::write(&glue, text.replace("import source ", "import "))
}

/// What a deployment uploads: the wasm, and the JavaScript as wrangler bundles it (`minify` in wrangler.toml); gzipped.
fn gzipped(folder: &Path) -> Result<u64> {
    let script = "const z=require('zlib'),fs=require('fs'),[folder,modules]=process.argv.slice(1);\
                  const built=require(modules+'/esbuild').buildSync({entryPoints:[folder+'/index.js'],bundle:true,\
                  minify:true,format:'esm',write:false,external:['*.wasm']});\
                  const size=bytes=>z.gzipSync(bytes,{level:9}).length;\
                  console.log(size(built.outputFiles[0].contents)+size(fs.readFileSync(folder+'/edge_ingest_bg.wasm')))";
    let mut node = Command::new("node");
    node.args(["-e", script]).arg(folder).arg(folder.with_file_name("node_modules"));
    output(&mut node, "measure the bundle")?.trim().parse().context("node printed no number")
}
