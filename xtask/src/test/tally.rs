//! Counts of tests, read from the summaries of the runners.
//!
//! A runner whose summary cannot be found has failed: no number is made up for it.

use std::fmt::{self, Display};
use std::ops::Add;

use anyhow::{Context, Result};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Left out by their own mark (`#[ignore]`, `test.skip`): neither, but named, so that nobody forgets them.
    pub(crate) ignored: u64,
}

impl Tally {
    /// One check, such as formatting.
    pub(crate) fn check(passed: bool) -> Self {
        Self { passed: passed.into(), failed: (!passed).into(), ignored: 0 }
    }

    /// One check that says why it failed.
    pub(crate) fn of_check(result: Result<()>) -> Self {
        if let Err(error) = &result {
            eprintln!("failed: {error:#}");
        }
        Self::check(result.is_ok())
    }

    /// libtest: `test result: ok. 3 passed; 1 failed; 0 ignored; …`, one line per binary.
    pub(crate) fn of_libtest(lines: &[String]) -> Self {
        let results = lines.iter().filter(|line| line.starts_with("test result: "));
        let of = |line: &String| {
            let [passed, failed, ignored] = ["passed", "failed", "ignored"].map(|word| before(line, word));
            Self { passed, failed, ignored }
        };
        results.map(of).fold(Self::default(), Self::add)
    }

    /// nextest: `Summary [ 1.2s] 5 tests run: 3 passed (1 slow), 1 failed, 1 timed out, 0 skipped`.
    pub(crate) fn of_nextest(lines: &[String]) -> Result<Self> {
        let summary = lines.iter().rev().find(|line| line.trim_start().starts_with("Summary ["));
        let summary = summary.context("nextest ran no test: did everything compile?")?;
        let (_, counts) = summary.split_once(']').context("nextest's summary has no counts")?;
        let counts = counts.split_once("run: ").map_or(counts, |(_, counts)| counts);
        let failed = ["failed", "timed", "exec"].map(|word| before(counts, word)).iter().sum();
        Ok(Self { passed: before(counts, "passed"), failed, ignored: before(counts, "skipped") })
    }

    /// Playwright, and our own `api.py`: one line per outcome, `  12 passed (3.4s)`, `  1 failed`, `  2 did not run`.
    pub(crate) fn of_outcomes(lines: &[String], runner: &str) -> Result<Self> {
        let of = |outcome: &str| {
            let found = lines.iter().rev().find_map(|line| {
                let (count, rest) = line.trim().split_once(' ')?;
                rest.starts_with(outcome).then(|| count.parse().ok()).flatten()
            });
            found.unwrap_or(0_u64)
        };
        // a test that passed only at the second attempt has not passed
        let failed = of("failed") + of("flaky") + of("did not run");
        let tally = Self { passed: of("passed"), failed, ignored: of("skipped") };
        (tally.passed + tally.failed > 0).then_some(tally).with_context(|| format!("{runner} ran no test"))
    }

    /// Node's own runner: one line per outcome, `ℹ pass 12`, `ℹ fail 1`, `ℹ cancelled 0`, `ℹ skipped 0`.
    pub(crate) fn of_node(lines: &[String]) -> Result<Self> {
        let of = |outcome: &str| {
            let found = lines.iter().rev().find_map(|line| {
                let rest = line.trim().strip_prefix('ℹ')?.trim_start().strip_prefix(outcome)?;
                rest.trim().parse::<u64>().ok()
            });
            found.unwrap_or(0)
        };
        let tally = Self {
            passed: of("pass"),
            failed: of("fail") + of("cancelled"),
            ignored: of("skipped") + of("todo"),
        };
        (tally.passed + tally.failed > 0).then_some(tally).context("Node ran no test")
    }

    /// When the runner itself failed without a failed test (it crashed, did not compile), that is one failure.
    pub(crate) fn and_ended(self, well: bool) -> Self {
        if well || self.failed > 0 { self } else { self + Self::check(false) }
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
        }
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// The number before a word; 0 where it does not occur.
fn before(line: &str, word: &str) -> u64 {
    let words: Vec<_> = line.split_whitespace().map(|word| word.trim_matches([',', ';', '(', ')'])).collect();
    let counts =
        words.windows(2).filter(|pair| pair[1] == word).filter_map(|pair| pair[0].parse::<u64>().ok());
    counts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn libtest_binaries_are_summed() {
        let said = lines(
            "running 3 tests\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
             test result: FAILED. 2 passed; 1 failed; 2 ignored; 0 measured",
        );
        assert_eq!(Tally::of_libtest(&said), Tally { passed: 5, failed: 1, ignored: 2 });
    }

    #[test]
    fn nextest_counts_a_time_out_as_a_failure() {
        let said = lines(
            "     Summary [   0.005s] 7 tests run: 4 passed (1 slow), 2 failed, 1 timed out, 3 skipped\n\
             error: test run failed",
        );
        assert_eq!(Tally::of_nextest(&said).unwrap(), Tally { passed: 4, failed: 3, ignored: 3 });
    }

    #[test]
    fn a_nextest_without_a_summary_is_an_error() {
        assert!(Tally::of_nextest(&lines("error: could not compile")).is_err());
    }

    #[test]
    fn playwright_counts_flaky_and_missing_tests_as_failures() {
        let said = lines(
            "Running 5 tests\n  1 failed\n    dashboard.spec.ts\n  1 flaky\n  1 did not run\n  2 passed (3.4s)",
        );
        assert_eq!(
            Tally::of_outcomes(&said, "Playwright").unwrap(),
            Tally { passed: 2, failed: 3, ignored: 0 }
        );
    }

    #[test]
    fn node_counts_what_was_cancelled_as_failed() {
        let said = lines("✔ one\nℹ tests 4\nℹ pass 2\nℹ fail 1\nℹ cancelled 1\nℹ skipped 0\nℹ todo 0");
        assert_eq!(Tally::of_node(&said).unwrap(), Tally { passed: 2, failed: 2, ignored: 0 });
        assert!(Tally::of_node(&lines("ℹ pass 0\nℹ fail 0")).is_err());
    }

    #[test]
    fn a_runner_that_broke_counts_once() {
        let passed = Tally { passed: 2, failed: 0, ignored: 0 };
        assert_eq!(passed.and_ended(false), Tally { passed: 2, failed: 1, ignored: 0 });
        assert_eq!(passed.and_ended(true), passed);
        assert_eq!(Tally::check(false).and_ended(false), Tally { passed: 0, failed: 1, ignored: 0 });
    }
}
