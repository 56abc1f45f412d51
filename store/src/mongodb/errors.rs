//! What an error of MongoDB means to a caller.
//!
//! The rule: a document is at fault only where the server says so in a code that is about documents. All else may pass by
//! waiting, so that no outage is ever mistaken for a bad message.

use crate::error::StoreError;
use ::mongodb::error::{Error, ErrorKind, InsertManyError, WriteFailure};

/// Codes of the server, as its `error_codes.yml` names them.
mod code {
    pub(super) const BAD_VALUE: i32 = 2;
    pub(super) const FAILED_TO_PARSE: i32 = 9;
    pub(super) const TYPE_MISMATCH: i32 = 14;
    pub(super) const INVALID_BSON: i32 = 22;
    pub(super) const DOLLAR_PREFIXED_FIELD_NAME: i32 = 52;
    pub(super) const EMPTY_FIELD_NAME: i32 = 56;
    pub(super) const DOTTED_FIELD_NAME: i32 = 57;
    pub(super) const DOCUMENT_VALIDATION_FAILURE: i32 = 121;
    pub(super) const OBJECT_TOO_LARGE: i32 = 10_334;
    pub(super) const UNAUTHORIZED: i32 = 13;
    pub(super) const CANNOT_CREATE_INDEX: i32 = 67;
    pub(super) const INDEX_OPTIONS_CONFLICT: i32 = 85;
    pub(super) const INDEX_KEY_SPECS_CONFLICT: i32 = 86;
    pub(super) const DUPLICATE_KEY: i32 = 11_000;
    pub(super) const KEY_TOO_LONG: i32 = 17_280;
    pub(super) const REGEX_TOO_LONG: i32 = 51_091;
}

/// How much of what the server says is passed on.
const LONGEST_WORDS: usize = 500;

/// A document that was refused, by its own fault. The same codes about a whole command may speak of the server.
fn is_about_a_document(code: i32) -> bool {
    matches!(
        code,
        code::BAD_VALUE
            | code::FAILED_TO_PARSE
            | code::TYPE_MISMATCH
            | code::INVALID_BSON
            | code::DOLLAR_PREFIXED_FIELD_NAME
            | code::EMPTY_FIELD_NAME
            | code::DOTTED_FIELD_NAME
            | code::DOCUMENT_VALIDATION_FAILURE
            | code::OBJECT_TOO_LARGE
            | code::KEY_TOO_LONG
    )
}

/// What became of an insert: whatever is stored already is as good as stored now.
pub(super) fn of_insert(error: &Error) -> Result<(), StoreError> {
    match &*error.kind {
        ErrorKind::InsertMany(failure) if failure.write_concern_error.is_none() && all_repeats(failure) => {
            Ok(())
        }
        _ => Err(judged(error)),
    }
}

fn all_repeats(failure: &InsertManyError) -> bool {
    let refused = failure.write_errors.as_deref().unwrap_or_default();
    !refused.is_empty() && refused.iter().all(|error| error.code == code::DUPLICATE_KEY)
}

/// What any other call's error means.
pub(super) fn judged(error: &Error) -> StoreError {
    let about_a_document = match &*error.kind {
        ErrorKind::InsertMany(InsertManyError { write_concern_error: Some(_), .. }) => false,
        ErrorKind::InsertMany(InsertManyError { write_errors, .. }) => {
            let mut others = write_errors.iter().flatten().map(|error| error.code);
            others.all(|code| code == code::DUPLICATE_KEY || is_about_a_document(code))
        }
        ErrorKind::Write(WriteFailure::WriteError(error)) => is_about_a_document(error.code),
        ErrorKind::Command(error) => {
            matches!(error.code, code::OBJECT_TOO_LARGE | code::INVALID_BSON | code::REGEX_TOO_LONG)
        }
        // The driver itself measures documents before it sends them.
        ErrorKind::InvalidArgument { .. } => true,
        ErrorKind::Bson(_) => return StoreError::Damaged(words(error)),
        _ => false,
    };
    let cause = words(error).into();
    if about_a_document { StoreError::Refused(cause) } else { StoreError::Unavailable(cause) }
}

/// Whether the server will not make these indexes, now or later: an operator has made others under their names, or did
/// not allow it.
pub(super) fn is_index_refused(error: &Error) -> bool {
    let ErrorKind::Command(error) = &*error.kind else { return false };
    matches!(
        error.code,
        code::UNAUTHORIZED
            | code::CANNOT_CREATE_INDEX
            | code::INDEX_OPTIONS_CONFLICT
            | code::INDEX_KEY_SPECS_CONFLICT
    )
}

/// The error in one short line: the driver's own would list every document, and the server's whole answer.
pub(super) fn words(error: &Error) -> String {
    let mut words = match &*error.kind {
        ErrorKind::InsertMany(failure) => {
            let refused = failure.write_errors.iter().flatten();
            let refused = refused.filter(|error| error.code != code::DUPLICATE_KEY);
            let refused: Vec<(i32, &str)> =
                refused.map(|error| (error.code, error.message.as_str())).collect();
            match (&failure.write_concern_error, refused.first()) {
                (Some(error), _) => format!("not durable: error {}: {}", error.code, error.message),
                (None, Some((code, message))) => {
                    format!(
                        "{} documents were refused, the first with error {code}: {message}",
                        refused.len()
                    )
                }
                (None, None) => "an insert failed without a word".to_owned(),
            }
        }
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => {
            format!("not durable: error {}: {}", error.code, error.message)
        }
        ErrorKind::Write(WriteFailure::WriteError(error)) => {
            format!("error {}: {}", error.code, error.message)
        }
        kind => kind.to_string(),
    };
    if words.len() > LONGEST_WORDS {
        words.truncate(words.floor_char_boundary(LONGEST_WORDS));
        words.push('…');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::mongodb::bson::{Document, deserialize_from_document, doc};

    /// The driver's errors cannot be made by others; they can be read, as from a server.
    fn insert_error(write_errors: Vec<Document>, durable: bool) -> Error {
        let mut failure = doc! { "writeErrors": write_errors, "insertedIds": {} };
        if !durable {
            failure.insert(
                "writeConcernError",
                doc! { "code": 64, "errmsg": "waiting for replication timed out" },
            );
        }
        ErrorKind::InsertMany(deserialize_from_document(failure).unwrap()).into()
    }

    fn refused(code: i32) -> Document {
        doc! { "index": 0, "code": code, "errmsg": "because" }
    }

    #[test]
    fn repeats_are_stored_unless_they_are_not_durable() {
        assert!(of_insert(&insert_error(vec![refused(11_000), refused(11_000)], true)).is_ok());
        assert!(
            of_insert(&insert_error(vec![refused(11_000)], false)).is_err_and(|error| error.is_retryable())
        );
    }

    #[test]
    fn a_bad_document_is_refused_and_an_outage_is_not() {
        let judged = |codes: &[i32]| {
            of_insert(&insert_error(codes.iter().map(|code| refused(*code)).collect(), true)).unwrap_err()
        };
        assert!(!judged(&[11_000, 121]).is_retryable());
        // Not primary, interrupted at shutdown, out of disk space, not allowed, and one that nobody knows.
        for code in [10_107, 11_600, 14_031, 13, 99_999] {
            assert!(judged(&[code, 121]).is_retryable(), "{code}");
        }
    }

    #[test]
    fn words_are_short_and_say_the_first_cause() {
        let long = doc! { "index": 1, "code": 121, "errmsg": "ö".repeat(2_000) };
        let words = words(&insert_error(vec![refused(11_000), long, refused(2)], true));
        assert!(words.starts_with("2 documents were refused, the first with error 121: ö"), "{words}");
        assert!(words.len() < 600);
    }
}
