//! Error replies: the right status and the JSON error body, for every refusal and failure.
//!
//! The rule: a failure of ours is logged once, here, with its causes; its reader gets a generic sentence.

use crate::state::AppState;
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use queue::QueueError;
use serde::de::DeserializeOwned;
use store::{Failure, StoreError};
use telemetry::error::{ApiError, ErrorBody, ErrorCode};

/// An error on its way to the caller.
#[derive(Debug)]
pub struct ErrorReply {
    error: ApiError,
    /// Seconds after which to come again.
    retry_after: Option<u64>,
}

/// What handlers return.
pub type Answer<T> = Result<T, ErrorReply>;

impl ErrorReply {
    /// What it says, for programs.
    pub fn code(&self) -> ErrorCode {
        self.error.code
    }

    /// Tells the caller when to come again, in seconds.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }
}

impl From<ApiError> for ErrorReply {
    fn from(error: ApiError) -> Self {
        let retry_after = matches!(error.code, ErrorCode::Unavailable | ErrorCode::Limited).then_some(1);
        Self { error, retry_after }
    }
}

impl From<Failure> for ErrorReply {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error.into(),
            Failure::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for ErrorReply {
    fn from(error: StoreError) -> Self {
        if let StoreError::Conflict(field) = error {
            let message = format!("{field} is taken already; choose another one");
            return ApiError { code: ErrorCode::Conflict, message, field: Some(field.to_owned()) }.into();
        }
        if let StoreError::LastAdmin = error {
            let message =
                "a client's last admin cannot be removed or made less; make somebody else its admin first";
            return ApiError::new(ErrorCode::Conflict, message).into();
        }
        if let StoreError::LastSuperAdmin = error {
            let message = "the last super admin cannot be disabled: nobody could administer this instance";
            return ApiError::new(ErrorCode::Conflict, message).into();
        }
        let retryable = error.is_retryable();
        tracing::error!(error = &error as &dyn std::error::Error, retryable, "a store call failed");
        if retryable {
            ApiError::unavailable("the database does not answer; try again in a moment").into()
        } else {
            ApiError::internal().into()
        }
    }
}

impl From<QueueError> for ErrorReply {
    fn from(error: QueueError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a queue call failed");
        ApiError::unavailable("the queue does not answer; try again in a moment").into()
    }
}

impl IntoResponse for ErrorReply {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(ErrorBody { error: self.error })).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A JSON body; what is wrong with one is told as our errors are.
/// It must arrive within `body_timeout_ms`.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ErrorReply;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ErrorReply> {
        let reading = Json::<T>::from_request(request, state);
        match tokio::time::timeout(state.config.body_timeout(), reading).await {
            Ok(Ok(Json(body))) => Ok(Self(body)),
            Ok(Err(rejection)) => Err(rejection.into()),
            Err(_) => Err(ApiError::invalid("body", "the body did not arrive in time").into()),
        }
    }
}

impl From<JsonRejection> for ErrorReply {
    fn from(rejection: JsonRejection) -> Self {
        let message = rejection.body_text();
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                ApiError::new(ErrorCode::TooLarge, "the body is too large").into()
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ApiError::new(ErrorCode::Unsupported, "send JSON, with content-type: application/json").into()
            }
            _ => ApiError::invalid("body", message).into(),
        }
    }
}

/// Query parameters; what is wrong with them is told as our errors are.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ErrorReply))]
pub struct Query<T>(pub T);

impl From<QueryRejection> for ErrorReply {
    fn from(rejection: QueryRejection) -> Self {
        ApiError::invalid("query", rejection.body_text()).into()
    }
}

/// Path parameters. One that does not even have the right form names nothing: 404.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ErrorReply))]
pub struct Path<T>(pub T);

impl From<PathRejection> for ErrorReply {
    fn from(_: PathRejection) -> Self {
        ApiError::not_found("thing").into()
    }
}
