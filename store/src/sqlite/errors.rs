//! What an error code of SQLite means to a caller.
//!
//! The rule: a lock, a full disk, an I/O error may pass by waiting.

use crate::sql::errors::Meaning;

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

/// What a result code, as the driver writes it, means.
pub(crate) fn meaning(code: Option<&str>) -> Meaning {
    match code.and_then(|text| text.parse::<i32>().ok()).map(|code| code & 0xff) {
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
        ) => Meaning::Unavailable,
        Some(code::CORRUPT | code::NOT_A_DATABASE) => Meaning::Damaged,
        _ => Meaning::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_and_full_disks_pass_and_constraints_do_not() {
        assert_eq!(meaning(Some("5")), Meaning::Unavailable);
        // Extended: a disk that is full while the log is written.
        assert_eq!(meaning(Some("2314")), Meaning::Unavailable);
        assert_eq!(meaning(Some("11")), Meaning::Damaged);
        assert_eq!(meaning(Some("2067")), Meaning::Refused);
        assert_eq!(meaning(None), Meaning::Refused);
    }
}
