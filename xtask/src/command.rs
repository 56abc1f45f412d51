//! Running other programs.
//!
//! A program that is missing, fails or hangs becomes an error that names it; none is waited for without an end when
//! it depends on a network.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Runs with the terminal's output; `what` completes "could not …".
pub(crate) fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| could_not(what, command))?;
    if !status.success() {
        bail!("could not {what}: `{}` ended with {status}", line(command));
    }
    Ok(())
}

/// Runs and hands back what it printed; its error output goes into the error.
pub(crate) fn output(command: &mut Command, what: &str) -> Result<String> {
    let output = command.output().with_context(|| could_not(what, command))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("could not {what}: `{}` ended with {}: {}", line(command), output.status, said.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` did not print text", line(command)))
}

/// Whether it runs to a good end; silent. For questions like "is this tool here?".
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Runs silently, for `limit` at most. False when it failed, hung or is not there.
pub(crate) fn succeeds_within(command: &mut Command, limit: Duration) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let end = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(50)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}

/// Runs with its output both shown and collected; hands back all lines (without colours) and whether it succeeded.
pub(crate) fn watch(command: &mut Command, what: &str) -> Result<(Vec<String>, bool)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child: Child = command.spawn().with_context(|| could_not(what, command))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let lines = std::thread::scope(|scope| {
        let out = scope.spawn(|| show(out, false));
        let mut lines = show(err, true);
        lines.extend(out.join().unwrap_or_default());
        lines
    });
    let status = child.wait().with_context(|| could_not(what, command))?;
    Ok((lines, status.success()))
}

fn show(stream: Option<impl Read>, error: bool) -> Vec<String> {
    let Some(stream) = stream else { return Vec::new() };
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end();
        if error {
            eprintln!("{text}")
        } else {
            println!("{text}")
        }
        lines.push(without_colours(text));
        bytes.clear();
    }
    lines
}

fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split("\u{1b}[");
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        plain.push_str(&part[end..]);
    }
    plain
}

fn could_not(what: &str, command: &Command) -> String {
    format!("could not {what}: `{}` did not start", command.get_program().to_string_lossy())
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
