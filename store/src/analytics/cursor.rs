//! Cursors: where the next page begins, as text that a caller hands back unread.
//!
//! The rule: a cursor is read back as what it was or refused as a bad `cursor`; it carries no rights, since every page
//! is asked for within a client's scope.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use telemetry::error::ApiError;

pub(super) fn write<T: Serialize>(place: &T) -> Result<String, ApiError> {
    serde_json::to_vec(place).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| ApiError::internal())
}

pub(super) fn read<T: DeserializeOwned>(cursor: &str) -> Result<T, ApiError> {
    let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
    serde_json::from_slice(&json).map_err(|_| invalid())
}

pub(super) fn invalid() -> ApiError {
    ApiError::invalid("cursor", "this is no cursor of this list; begin again without one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back(place: (u64, String, i64)) {
            let written = write(&place).unwrap();
            prop_assert_eq!(read::<(u64, String, i64)>(&written).unwrap(), place);
        }

        #[test]
        fn junk_is_refused_by_name(junk: String) {
            if let Err(error) = read::<(u64, String, i64)>(&junk) {
                prop_assert_eq!(error.field.as_deref(), Some("cursor"));
            }
        }
    }
}
