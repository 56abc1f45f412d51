//! The report as a person reads it.

use super::{Aim, MIB, PointReport, Report};
use crate::embedded::COMPARED;
use crate::samples::Figures;
use std::fmt::{Display, Formatter, Result};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.limits(f)?;
        writeln!(
            f,
            "\n{:<28}{:<22}{:>10}{:>10}{:>10}{:>12}{:>10}",
            "Ingest", "", "hits/s", "p50 ms", "p99 ms", "CPU µs/hit", "of bare"
        )?;
        for PointReport { point, bare, alone, together, alone_of_bare, together_of_bare } in &self.points {
            row(f, &point.to_string(), "bare server", bare, None)?;
            row(f, "", "Sendry, ingest alone", alone, Some(*alone_of_bare))?;
            row(f, "", "Sendry, counting too", together, Some(*together_of_bare))?;
        }
        let rate = |rate: Option<f64>| match rate {
            Some(rate) => format!("{} hits/s", thousands(rate)),
            None => "too few to tell".to_owned(),
        };
        writeln!(f, "\nDrain (counting, nothing coming in)")?;
        line(f, "of batches", &rate(self.drain.batches))?;
        line(f, "of single hits", &rate(self.drain.single_hits))?;
        self.memory(f)?;
        writeln!(f, "\nAims (ingest alone, drain alone)")?;
        for one in &self.aims {
            aim(f, one)?;
        }
        let hits = thousands(self.counted_exactly as f64);
        writeln!(f, "\n{hits} hits were accepted by Sendry, and exactly as many were counted.")?;
        writeln!(
            f,
            "{} rounds, {:.0} s; figures are medians, ratios of neighbours.",
            self.rounds, self.seconds
        )?;
        write!(f, "Load before: {:.1} (a busy machine gives rough figures).", self.load_before)
    }
}

impl Report {
    fn limits(&self, f: &mut Formatter<'_>) -> Result {
        let limits = &self.limits;
        writeln!(f, "Limits of this machine")?;
        let syncs = format!("{:.2} / {:.2} ms", limits.fdatasync_4_kib_ms, limits.fdatasync_256_kib_ms);
        line(f, "fdatasync of 4 KiB / 256 KiB", &syncs)?;
        let commits = format!("{} commits/s", thousands(limits.sqlite_commits_per_second));
        line(f, "SQLite, a small row per commit", &commits)?;
        let Figures { hits_per_second, p50_ms, cpu_us_per_hit, .. } = limits.parse_only;
        let hits = thousands(hits_per_second);
        let figures =
            format!("{hits} hits/s, p50 {p50_ms:.3} ms, CPU {cpu_us_per_hit:.1} µs/hit ({COMPARED})");
        line(f, "axum, parse and forget", &figures)
    }

    fn memory(&self, f: &mut Formatter<'_>) -> Result {
        let memory = &self.memory;
        let mb = |bytes: u64| format!("{:.1} MB", bytes as f64 / MIB);
        writeln!(f, "\nMemory (resident)")?;
        let [idle, most, after] = [memory.sendry_idle, memory.sendry_most, memory.sendry_after].map(mb);
        line(f, "Sendry", &format!("idle {idle}, at most {most}, after all that {after}"))?;
        line(f, "Sendry, ingest alone", &format!("at most {}", mb(memory.sendry_most_alone)))?;
        let [idle, most] = [memory.bare_idle, memory.bare_most].map(mb);
        line(f, "bare server", &format!("idle {idle}, at most {most}"))
    }
}

pub(crate) fn line(f: &mut Formatter<'_>, what: &str, figures: &str) -> Result {
    writeln!(f, "  {what:<48}{figures}")
}

fn row(f: &mut Formatter<'_>, point: &str, server: &str, figures: &Figures, of_bare: Option<f64>) -> Result {
    let of_bare = of_bare.map_or(String::new(), |ratio| format!("{:.0} %", ratio * 100.0));
    let Figures { hits_per_second, p50_ms, p99_ms, cpu_us_per_hit, refused } = figures;
    let hits = thousands(*hits_per_second);
    write!(
        f,
        "  {point:<26}{server:<22}{hits:>10}{p50_ms:>10.3}{p99_ms:>10.3}{cpu_us_per_hit:>12.2}{of_bare:>10}"
    )?;
    if *refused > 0 {
        write!(f, "  {refused} refused")?;
    }
    writeln!(f)
}

pub(crate) fn aim(f: &mut Formatter<'_>, Aim { what, aim, at_least, unit, figure, reached }: &Aim) -> Result {
    let number = |number: f64| match number {
        large if large >= 1_000.0 => thousands(large),
        small => format!("{:.*}", if small < 10.0 { 2 } else { 0 }, small),
    };
    let figure = figure.map_or("unknown".to_owned(), |figure| format!("{} {unit}", number(figure)));
    let aim = format!("aim {} {} {unit}", if *at_least { "≥" } else { "≤" }, number(*aim));
    let verdict = if *reached { "reached" } else { "NOT reached" };
    writeln!(f, "  {what:<48}{figure:<20}{aim:<26}{verdict}")
}

pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn thousands_are_parted() {
        assert_eq!(thousands(999.4), "999");
        assert_eq!(thousands(1_234_567.0), "1,234,567");
    }
}
