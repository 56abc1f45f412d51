//! Access tokens: JWTs that name a session for a quarter of an hour.
//!
//! The rule: one algorithm, HS256, with the instance's own secret; a token that names another is refused.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

/// How long a token is good for, in seconds.
pub(super) const LIFETIME: i64 = 15 * 60;

/// What a token says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The user's number.
    sub: String,
    /// The session's id.
    pub(super) sid: String,
    iat: i64,
    exp: i64,
}

impl Claims {
    pub(super) fn user(&self) -> Option<i64> {
        self.sub.parse().ok()
    }
}

pub(super) struct AccessTokens {
    sign: EncodingKey,
    check: DecodingKey,
    validation: Validation,
}

impl AccessTokens {
    pub(super) fn new(secret: &[u8; 32]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "sub"]);
        // Checked in `read`, by the server's clock rather than the library's.
        validation.validate_exp = false;
        Self { sign: EncodingKey::from_secret(secret), check: DecodingKey::from_secret(secret), validation }
    }

    pub(super) fn issue(
        &self,
        user: i64,
        session: &str,
        now: Timestamp,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let iat = now.as_second();
        let claims = Claims { sub: user.to_string(), sid: session.to_owned(), iat, exp: iat + LIFETIME };
        encode(&Header::new(Algorithm::HS256), &claims, &self.sign)
    }

    /// What a token says, if it is ours and still good.
    pub(super) fn read(&self, token: &str, now: Timestamp) -> Option<Claims> {
        let claims: Claims = decode(token, &self.check, &self.validation).ok()?.claims;
        (now.as_second() < claims.exp).then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    #[test]
    fn a_token_is_good_for_a_quarter_of_an_hour() {
        let tokens = AccessTokens::new(&[1; 32]);
        let token = tokens.issue(7, "session", at(0)).unwrap();
        let claims = tokens.read(&token, at(LIFETIME - 1)).unwrap();
        assert_eq!((claims.user(), claims.sid.as_str()), (Some(7), "session"));
        assert_eq!(tokens.read(&token, at(LIFETIME)), None);
    }

    #[test]
    fn what_was_signed_otherwise_is_refused() {
        let tokens = AccessTokens::new(&[1; 32]);
        let claims = Claims { sub: "7".to_owned(), sid: "session".to_owned(), iat: 0, exp: i64::MAX };
        let foreign = AccessTokens::new(&[2; 32]).issue(7, "session", at(0)).unwrap();
        let other_algorithm =
            encode(&Header::new(Algorithm::HS512), &claims, &EncodingKey::from_secret(&[1; 32])).unwrap();
        // {"alg":"none"}
        let payload = foreign.split('.').nth(1).unwrap();
        let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
        for token in [foreign.as_str(), &other_algorithm, &unsigned, "", "a.b.c"] {
            assert_eq!(tokens.read(token, at(0)), None, "{token}");
        }
    }
}
