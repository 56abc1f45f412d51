//! Which edge is calling: by a token that it has signed.
//!
//! The rule: one algorithm, EdDSA over Ed25519; a token names its edge, is for us, and lives a minute at most; and one
//! answer for all that can be wrong with it.

use super::Edge;
use crate::reply::Answer;
use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, dangerous, decode};
use telemetry::edge::{AUDIENCE, Claims, TOKEN_LIFETIME};
use telemetry::error::ApiError;
use telemetry::report::ClientId;

/// How far the clocks of an edge and the core may be apart, in seconds.
const LEEWAY: i64 = 10;
/// Tokens of edges are far shorter.
const LONGEST: usize = 1_024;

/// An edge that has proved who it is.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) edge: i64,
    /// `None`: all.
    clients: Option<Vec<ClientId>>,
}

impl Caller {
    pub(super) fn may_speak_of(&self, client: ClientId) -> bool {
        self.clients.as_ref().is_none_or(|clients| clients.contains(&client))
    }
}

impl Edge {
    /// The edge whose token a request carries as `Authorization: Bearer`, or 401.
    pub(super) async fn identify(&self, headers: &HeaderMap) -> Answer<Caller> {
        let refused = || ApiError::unauthorized("this needs a valid token of an edge");
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(refused)?;
        if token.len() > LONGEST {
            return Err(refused().into());
        }
        // Only to learn whose key to look for; nothing in it is believed before its signature was checked.
        let claimed = dangerous::insecure_decode::<Claims>(token).map_err(|_| refused())?.claims;
        let edge: i64 = claimed.iss.parse().map_err(|_| refused())?;
        let credential = self.credential(edge).await?.ok_or_else(refused)?;
        let now = (self.clock)();
        let previous = credential.previous_key.filter(|(_, until)| now < *until).map(|(key, _)| key);
        let keys = [Some(credential.public_key), previous];
        let signed = keys.iter().flatten().any(|key| is_signed(token, key, now));
        if !signed {
            return Err(refused().into());
        }
        Ok(Caller { edge, clients: credential.clients.clone() })
    }
}

fn is_signed(token: &str, key: &[u8; 32], now: Timestamp) -> bool {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    // Checked below, by the server's clock rather than the library's.
    validation.validate_exp = false;
    let Ok(token) = decode::<Claims>(token, &DecodingKey::from_ed_der(key), &validation) else {
        return false;
    };
    let Claims { iat, exp, .. } = token.claims;
    let now = now.as_second();
    iat <= now.saturating_add(LEEWAY)
        && now.saturating_sub(LEEWAY) < exp
        && exp.saturating_sub(iat) <= TOKEN_LIFETIME
}
