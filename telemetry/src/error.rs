//! The error a caller may see, as JSON: `{"error":{"code","message","field"?}}`.
//!
//! It carries no cause and no internals: whatever else is known about a failure goes into the log, under the
//! request id that the reply's `x-request-id` header names.

use serde::{Deserialize, Serialize};

/// What went wrong, for programs. Each code has exactly one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 400: the request could not be understood; `field` names what is wrong.
    Invalid,
    /// 401: no valid key or session.
    Unauthorized,
    /// 403: signed in, but not allowed.
    Forbidden,
    /// 404: no such thing, or not yours.
    NotFound,
    /// 405: the route knows other methods.
    MethodNotAllowed,
    /// 409: it exists already.
    Conflict,
    /// 413: more bytes or hits than one call may carry.
    TooLarge,
    /// 415: an encoding or content type that is not understood.
    Unsupported,
    /// 429: over a limit; `Retry-After` says when it ends.
    Limited,
    /// 500: our fault; the log has the rest.
    Internal,
    /// 503: a part that is needed does not answer; `Retry-After` says when to come again.
    Unavailable,
}

impl ErrorCode {
    /// The HTTP status of this code.
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Unsupported => 415,
            Self::Limited => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }
}

/// An error as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{message}")]
pub struct ApiError {
    pub code: ErrorCode,
    /// One sentence for people; says what to do next where that helps.
    pub message: String,
    /// The input field that the message is about, e.g. `latencyMs` or `[3].statusCode`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
}

impl ApiError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }

    /// A 400 that names the field at fault.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: ErrorCode::Invalid, message: message.into(), field: Some(field.into()) }
    }

    /// A 401. The message never says which part of the credentials was wrong.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unauthorized, message)
    }

    /// A 403.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, message)
    }

    /// A 404 for `what`, also where it exists but belongs to somebody else.
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no such {what}, or it is not yours to see"))
    }

    /// A 500. The cause belongs into the log, not here.
    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "something went wrong on our side; the log has the details")
    }

    /// A 503.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unavailable, message)
    }
}

/// The body of every error reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    pub error: ApiError,
}
