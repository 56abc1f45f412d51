//! Usage rows as they are listed.

use crate::error::StoreError;
use crate::metrics::Usage;
use crate::sql::aggregates::unsigned;
use sqlx::{ColumnIndex, Decode, Row, Type};
use telemetry::report::ClientId;

/// Rows of `day, accepted, bytes, field, n`, in the order of days: one per day and field, a day without rejects with
/// one row without a field.
pub(crate) fn days<R: Row>(client: ClientId, rows: &[R]) -> Result<Vec<Usage>, StoreError>
where
    usize: ColumnIndex<R>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
{
    let mut days: Vec<Usage> = Vec::new();
    for row in rows {
        let day: i64 = row.try_get(0)?;
        if days.last().is_none_or(|last| last.day != day) {
            days.push(Usage {
                client,
                day,
                accepted: unsigned(row.try_get(1)?)?,
                bytes: unsigned(row.try_get(2)?)?,
                rejected: Default::default(),
            });
        }
        if let (Some(last), Some(field)) = (days.last_mut(), row.try_get::<Option<String>, _>(3)?) {
            last.rejected.insert(field, unsigned(row.try_get(4)?)?);
        }
    }
    Ok(days)
}
