//! What an error code of PostgreSQL means to a caller.
//!
//! The rule: only what the values of a call can cause is refused. Everything else is the server's, the network's or the
//! operator's (a crash, a failover, a full disk, a deadlock, a password that was changed, a table that is being
//! restored) and may pass by waiting; a consumer that took it for a bad message would dead-letter good ones.

use crate::sql::errors::Meaning;

/// What a SQLSTATE means. Its first two characters are its class.
pub(crate) fn meaning(code: &str) -> Meaning {
    match code.get(..2).unwrap_or_default() {
        // Data exception, constraint violation, cardinality violation, a value beyond a limit of the server.
        "22" | "23" | "21" | "54" => Meaning::Refused,
        // Internal: damaged pages and indexes.
        "XX" => match code {
            "XX001" | "XX002" => Meaning::Damaged,
            _ => Meaning::Unavailable,
        },
        _ => Meaning::Unavailable,
    }
}

/// Whether a first connection was refused for something that nobody should wait for: a wrong name, password or
/// certificate, a database that does not exist.
pub(super) fn is_misconfiguration(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Configuration(_) => true,
        sqlx::Error::Database(cause) => {
            cause.code().is_some_and(|code| code.starts_with("28") || code == "3D000" || code == "42501")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_pass_and_constraints_do_not() {
        let passing = [
            "08006", "08001", // connection lost, cannot connect
            "40001", "40P01", "55P03", // serialization failure, deadlock, lock not available
            "57014", "25P03", // statement or idle transaction timed out
            "57P01", "57P02", "57P03", // shutdown, crash, starting up
            "53100", "53200", "53300", // disk full, out of memory, too many connections
            "25006", // read-only after a failover
            "58030", "XX000", // I/O, internal
            "28P01", "42P01", // a password or a schema that an operator is changing
        ];
        for code in passing {
            assert_eq!(meaning(code), Meaning::Unavailable, "{code}");
        }
        for code in ["23505", "23514", "22001", "22P02", "22021", "54000", "21000"] {
            assert_eq!(meaning(code), Meaning::Refused, "{code}");
        }
        assert_eq!(meaning("XX001"), Meaning::Damaged);
    }
}
