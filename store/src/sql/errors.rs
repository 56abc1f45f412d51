//! What an error of a SQL engine means to a caller: one conversion for both of them.
//!
//! The rule: whatever may pass by waiting is `Unavailable`, so that no outage is ever mistaken for a bad message. Each
//! engine says what its own codes mean; what the driver itself reports is judged here.

use crate::error::StoreError;
use crate::{postgres, sqlite};
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;

/// What an engine's code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It may pass by waiting.
    Unavailable,
    /// It will be the same for this call tomorrow.
    Refused,
    /// What is stored cannot be read.
    Damaged,
}

fn meaning(cause: &dyn DatabaseError) -> Meaning {
    match cause.try_downcast_ref::<PgDatabaseError>() {
        Some(cause) => postgres::errors::meaning(cause.code()),
        None => sqlite::errors::meaning(cause.code().as_deref()),
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        let meaning = match &error {
            E::Database(cause) => meaning(cause.as_ref()),
            E::Io(_)
            | E::Tls(_)
            | E::Protocol(_)
            | E::PoolTimedOut
            | E::PoolClosed
            | E::WorkerCrashed
            | E::BeginFailed => Meaning::Unavailable,
            E::Decode(_)
            | E::ColumnDecode { .. }
            | E::ColumnNotFound(_)
            | E::ColumnIndexOutOfBounds { .. }
            | E::RowNotFound => Meaning::Damaged,
            _ => Meaning::Refused,
        };
        match meaning {
            Meaning::Unavailable => Self::Unavailable(error.into()),
            Meaning::Refused => Self::Refused(error.into()),
            Meaning::Damaged => Self::Damaged(error.to_string()),
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
