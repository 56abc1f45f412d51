//! Brings the session of a request to its handler.

use super::ClientAddress;
use crate::reply::ErrorReply;
use crate::state::AppState;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use store::access::Author;
use telemetry::error::ApiError;
use telemetry::report::User;

/// Somebody who is signed in; an extension of their requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The session's id; worth nothing without the server's signature.
    pub id: String,
    pub user: User,
}

/// Finds out who is calling and puts their [`Session`] into the request; renewed cookies go onto the reply.
pub async fn session_layer(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let identified = match state.auth.identify(request.headers()).await {
        Ok(identified) => identified,
        Err(error) => return error.into_response(),
    };
    if let Some(session) = identified.session {
        request.extensions_mut().insert(session);
    }
    let mut response = next.run(request).await;
    identified.cookies.add_missing(response.headers_mut());
    response
}

/// The user who is signed in, for handlers; 401 where nobody is.
#[derive(Debug)]
pub struct SignedIn(pub User);

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ErrorReply> {
        match parts.extensions.get::<Session>() {
            Some(session) => Ok(Self(session.user.clone())),
            None => Err(ApiError::unauthorized("sign in first").into()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ErrorReply> {
        let session = parts.extensions.get::<Self>().cloned();
        session.ok_or_else(|| ApiError::unauthorized("sign in first").into())
    }
}

/// The user who is signed in, with address and time, for the audit log; 401 where nobody is.
#[derive(Debug)]
pub struct By(pub Author);

impl FromRequestParts<AppState> for By {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ErrorReply> {
        let SignedIn(user) = SignedIn::from_request_parts(parts, state).await?;
        let Ok(ClientAddress(address)) = ClientAddress::from_request_parts(parts, state).await;
        Ok(Self(Author::user(&user, address, (state.clock)())))
    }
}
