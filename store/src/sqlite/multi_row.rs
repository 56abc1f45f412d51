//! Statements over many rows at once: `INSERT … VALUES (…),(…),…` and `WITH asked(…) AS (VALUES (…),(…),…) …`.
//!
//! The rule: whatever the number of rows, only a handful of texts are ever prepared, one per size in [`SIZES`]; a
//! run of rows is cut into those sizes. So every statement is found in the connection's cache.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use std::ops::Range;
use std::sync::Arc;

/// Rows per statement, largest first. More than 256 gain nothing: the cost is then SQLite's, not the call's.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

/// A statement in all its sizes.
pub(super) struct MultiRow {
    texts: [Arc<str>; SIZES.len()],
}

impl MultiRow {
    /// A statement that reads `{head} (?,…),(?,…) {tail}`, with `columns` placeholders a row.
    ///
    /// The placeholders have no numbers on purpose: numbered ones are looked up in a list, each in time proportional
    /// to their number.
    pub(super) fn new(head: &str, columns: usize, tail: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(","));
        Self {
            texts: SIZES.map(|size| format!("{head} {} {tail}", vec![row.as_str(); size].join(",")).into()),
        }
    }

    /// Cuts `rows` rows into statements.
    pub(super) fn cut(&self, rows: usize) -> impl Iterator<Item = (Range<usize>, SqlStr)> + '_ {
        let mut start = 0;
        std::iter::from_fn(move || {
            let place = SIZES.iter().position(|size| *size <= rows - start)?;
            let range = start..start + SIZES[place];
            start = range.end;
            Some((range, AssertSqlSafe(self.texts[place].clone()).into_sql_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_exactly_one_statement() {
        let statement = MultiRow::new("INSERT INTO t VALUES", 2, "");
        for rows in [0, 1, 3, 4, 5, 255, 256, 257, 1_000] {
            let mut end = 0;
            for (range, sql) in statement.cut(rows) {
                assert_eq!(range.start, end);
                assert_eq!(sql.as_str().matches("(?,?)").count(), range.len());
                end = range.end;
            }
            assert_eq!(end, rows);
        }
    }
}
