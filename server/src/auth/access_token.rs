//! Access tokens: JWTs that name a session for a quarter of an hour.
//!
//! The rule: one algorithm, HS256, with the instance's own keys; a token that names another algorithm, or no key, is
//! refused. Keys can be rotated: the one before is believed until what it signed has ended.

use crate::reply::Answer;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError, RwLock};
use store::accounts::SigningKey;
use store::{AccountStore, StoreError};
use telemetry::error::ApiError;

/// How long a token is good for, in seconds.
pub(super) const LIFETIME: i64 = 15 * 60;

/// How long keys that were read are taken for all there are, in seconds: so long a process may go on signing with a key
/// that another one has retired.
const RELOAD: i64 = 60;

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

/// The keys that are known: the one that signs, and those that are still believed.
pub(super) struct Ring {
    /// When it was read from the store.
    read_at: Timestamp,
    signs: (String, EncodingKey),
    checks: Vec<(String, DecodingKey)>,
}

impl Ring {
    /// `None` where no key signs.
    fn new(keys: &[SigningKey], read_at: Timestamp) -> Option<Self> {
        let signs = keys.iter().find(|key| key.info.retired_at.is_none())?;
        let check = |key: &SigningKey| (key.info.id.to_string(), DecodingKey::from_secret(&key.secret));
        Some(Self {
            read_at,
            signs: (signs.info.id.to_string(), EncodingKey::from_secret(&signs.secret)),
            checks: keys.iter().map(check).collect(),
        })
    }

    fn issue(&self, user: i64, session: &str, now: Timestamp) -> Result<String, jsonwebtoken::errors::Error> {
        let iat = now.as_second();
        let claims = Claims { sub: user.to_string(), sid: session.to_owned(), iat, exp: iat + LIFETIME };
        let (kid, key) = &self.signs;
        let header = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims, key)
    }

    /// What a token says, if it is ours and still good.
    fn read(&self, token: &str, now: Timestamp) -> Read {
        // Only to learn which key to take; nothing in it is believed.
        let Some(kid) = decode_header(token).ok().and_then(|header| header.kid) else { return Read::Refused };
        let Some((_, key)) = self.checks.iter().find(|(known, _)| *known == kid) else {
            return Read::UnknownKey;
        };
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "sub"]);
        // Checked below, by the server's clock rather than the library's.
        validation.validate_exp = false;
        match decode::<Claims>(token, key, &validation) {
            Ok(token) if now.as_second() < token.claims.exp => Read::Good(token.claims),
            _ => Read::Refused,
        }
    }
}

enum Read {
    Good(Claims),
    Refused,
    UnknownKey,
}

/// Makes and reads tokens with the keys of the store, which another process may rotate.
pub(super) struct AccessTokens {
    accounts: Arc<dyn AccountStore>,
    ring: RwLock<Arc<Ring>>,
}

impl AccessTokens {
    /// Reads the keys; makes the first one where there is none.
    pub(super) async fn open(
        accounts: Arc<dyn AccountStore>,
        fresh: [u8; 32],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let ring = RwLock::new(Arc::new(load(&*accounts, fresh, now).await?));
        Ok(Self { accounts, ring })
    }

    pub(super) async fn issue(&self, user: i64, session: &str, now: Timestamp) -> Answer<String> {
        let ring = self.ring_not_older_than(RELOAD, now).await?;
        ring.issue(user, session, now).map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "an access token could not be made");
            ApiError::internal().into()
        })
    }

    pub(super) async fn read(&self, token: &str, now: Timestamp) -> Answer<Option<Claims>> {
        let read = match self.ring().read(token, now) {
            // Signed by a key that another process has made since; whoever invents numbers makes us look once a second.
            Read::UnknownKey => self.ring_not_older_than(1, now).await?.read(token, now),
            read => read,
        };
        Ok(match read {
            Read::Good(claims) => Some(claims),
            Read::Refused | Read::UnknownKey => None,
        })
    }

    /// Reads the keys again: one was rotated here.
    pub(super) async fn reload(&self, now: Timestamp) -> Answer<()> {
        self.ring_not_older_than(0, now).await.map(|_| ())
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn ring_not_older_than(&self, seconds: i64, now: Timestamp) -> Answer<Arc<Ring>> {
        let ring = self.ring();
        if now.as_second().abs_diff(ring.read_at.as_second()) < seconds.unsigned_abs() {
            return Ok(ring);
        }
        let ring = Arc::new(load(&*self.accounts, super::random()?, now).await?);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        Ok(ring)
    }
}

async fn load(accounts: &dyn AccountStore, fresh: [u8; 32], now: Timestamp) -> Result<Ring, StoreError> {
    let since = now - SignedDuration::from_secs(LIFETIME + RELOAD);
    let keys = accounts.signing_keys(fresh, since, now).await?;
    Ring::new(&keys, now)
        .ok_or_else(|| StoreError::Damaged("there is no key to sign sessions with".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::report::accounts::SigningKeyInfo;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn key(id: i64, secret: u8, retired: bool) -> SigningKey {
        let info = SigningKeyInfo { id, created_at: at(0), retired_at: retired.then(|| at(0)) };
        SigningKey { info, secret: [secret; 32] }
    }

    fn good(ring: &Ring, token: &str, second: i64) -> Option<(Option<i64>, String)> {
        match ring.read(token, at(second)) {
            Read::Good(claims) => Some((claims.user(), claims.sid)),
            _ => None,
        }
    }

    #[test]
    fn a_token_is_good_for_a_quarter_of_an_hour() {
        let ring = Ring::new(&[key(1, 1, false)], at(0)).unwrap();
        let token = ring.issue(7, "session", at(0)).unwrap();
        assert_eq!(good(&ring, &token, LIFETIME - 1), Some((Some(7), "session".to_owned())));
        assert_eq!(good(&ring, &token, LIFETIME), None);
    }

    #[test]
    fn what_was_signed_otherwise_is_refused() {
        let ring = Ring::new(&[key(1, 1, false)], at(0)).unwrap();
        let claims = Claims { sub: "7".to_owned(), sid: "session".to_owned(), iat: 0, exp: i64::MAX };
        let foreign = Ring::new(&[key(1, 2, false)], at(0)).unwrap().issue(7, "session", at(0)).unwrap();
        let sign = |header: Header| encode(&header, &claims, &EncodingKey::from_secret(&[1; 32])).unwrap();
        let kid = Some("1".to_owned());
        let other_algorithm = sign(Header { kid, ..Header::new(Algorithm::HS512) });
        let nameless = sign(Header::new(Algorithm::HS256));
        // {"alg":"none","kid":"1"}
        let payload = foreign.split('.').nth(1).unwrap();
        let unsigned = format!("eyJhbGciOiJub25lIiwia2lkIjoiMSJ9.{payload}.");
        for token in [foreign.as_str(), &other_algorithm, &nameless, &unsigned, "", "a.b.c"] {
            assert_eq!(good(&ring, token, 0), None, "{token}");
        }
        // The same claims by the right algorithm and key are believed: nothing else was wrong with them.
        let right = sign(Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::HS256) });
        assert!(good(&ring, &right, 0).is_some());
    }

    #[test]
    fn a_retired_key_is_believed_and_signs_no_more() {
        let before = Ring::new(&[key(1, 1, false)], at(0)).unwrap();
        let old = before.issue(7, "session", at(0)).unwrap();
        let after = Ring::new(&[key(2, 2, false), key(1, 1, true)], at(0)).unwrap();
        assert!(good(&after, &old, 0).is_some());
        let new = after.issue(7, "session", at(0)).unwrap();
        assert!(good(&after, &new, 0).is_some());
        assert!(matches!(before.read(&new, at(0)), Read::UnknownKey));
        assert!(Ring::new(&[key(1, 1, true)], at(0)).is_none(), "one has to sign");
    }
}
