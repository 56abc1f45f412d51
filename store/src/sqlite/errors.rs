//! What an error of SQLite means to a caller.
//!
//! The rule: whatever may pass by waiting (a lock, a full disk, an I/O error, no connection in time) is
//! `Unavailable`, so that no outage is ever mistaken for a bad message.

use crate::error::StoreError;
use sqlx::migrate::MigrateError;

/// Primary result codes, as `sqlite3.h` numbers them. The extended codes have them in their low byte.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const NO_MEMORY: i32 = 7;
    pub(super) const READ_ONLY: i32 = 8;
    pub(super) const INTERRUPTED: i32 = 9;
    pub(super) const IO: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANNOT_OPEN: i32 = 14;
    pub(super) const PROTOCOL: i32 = 15;
    pub(super) const NOT_A_DATABASE: i32 = 26;
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Database(cause) => {
                match cause.code().and_then(|text| text.parse::<i32>().ok()).map(|n| n & 0xff) {
                    Some(
                        code::BUSY
                        | code::LOCKED
                        | code::NO_MEMORY
                        | code::READ_ONLY
                        | code::INTERRUPTED
                        | code::IO
                        | code::FULL
                        | code::CANNOT_OPEN
                        | code::PROTOCOL,
                    ) => Self::Unavailable(error.into()),
                    Some(code::CORRUPT | code::NOT_A_DATABASE) => Self::Damaged(error.to_string()),
                    _ => Self::Refused(error.into()),
                }
            }
            E::Io(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::BeginFailed => {
                Self::Unavailable(error.into())
            }
            E::Decode(_)
            | E::ColumnDecode { .. }
            | E::ColumnNotFound(_)
            | E::ColumnIndexOutOfBounds { .. }
            | E::RowNotFound => Self::Damaged(error.to_string()),
            _ => Self::Refused(error.into()),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => cause.into(),
            other => Self::Refused(other.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_retryable_and_a_wrong_statement_is_not() {
        assert!(StoreError::from(sqlx::Error::PoolTimedOut).is_retryable());
        assert!(StoreError::from(sqlx::Error::WorkerCrashed).is_retryable());
        assert!(StoreError::from(sqlx::Error::Io(std::io::ErrorKind::StorageFull.into())).is_retryable());
        assert!(!StoreError::from(sqlx::Error::RowNotFound).is_retryable());
        assert!(!StoreError::from(sqlx::Error::InvalidArgument("x".into())).is_retryable());
    }
}
