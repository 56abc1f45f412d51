//! The error of server functions: an [`ApiError`] in the JSON body that all of Sendry's errors have.
//!
//! Whatever fails on the way (network, encoding) becomes one too, so pages know only this kind.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};
use telemetry::error::{ApiError, ErrorCode};

/// What went wrong, as `{"error":{"code","message","field"?}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{error}")]
pub struct Problem {
    pub error: ApiError,
}

impl Problem {
    /// Whether the session has ended.
    pub fn is_signed_out(&self) -> bool {
        self.error.code == ErrorCode::Unauthorized
    }

    /// What the message is about, where it is about an input field.
    pub(crate) fn about(&self, field: &str) -> bool {
        self.error.field.as_deref() == Some(field)
    }

    /// The server could not be reached.
    pub(crate) fn unreachable() -> Self {
        ApiError::unavailable("the server cannot be reached").into()
    }
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        Self { error }
    }
}

impl FromServerFnError for Problem {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::unreachable(),
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                ApiError::new(ErrorCode::Invalid, "the server did not understand the question").into()
            }
            ServerFnErrorErr::Deserialization(_) => ApiError::new(
                ErrorCode::Internal,
                "the answer could not be read; the server may be of another version",
            )
            .into(),
            _ => ApiError::internal().into(),
        }
    }
}
