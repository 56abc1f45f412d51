//! What the edge proves itself with: a short-lived JWT, signed with Ed25519.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_compact::{KeyPair, Seed};
use serde::Serialize;
use std::cell::RefCell;
use telemetry::edge::{AUDIENCE, Claims, EdgeSecret, TOKEN_LIFETIME};

/// A token is used again for so long, in milliseconds: half of its life, so that it is good when it arrives.
const REUSE: i64 = TOKEN_LIFETIME * 1_000 / 2;

#[derive(Serialize)]
struct Header {
    alg: &'static str,
    typ: &'static str,
}

/// The token signed last.
struct Signed {
    secret: EdgeSecret,
    /// Unix milliseconds.
    at: i64,
    token: String,
}

/// A token that is good now (Unix milliseconds).
pub(crate) fn current(secret: &EdgeSecret, now: i64) -> String {
    thread_local! {
        static LAST: RefCell<Option<Signed>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| {
        if let Some(signed) = last
            && signed.secret == *secret
            && (0..REUSE).contains(&(now - signed.at))
        {
            return signed.token.clone();
        }
        let token = sign(secret, now / 1_000);
        *last = Some(Signed { secret: secret.clone(), at: now, token: token.clone() });
        token
    })
}

fn sign(secret: &EdgeSecret, iat: i64) -> String {
    let claims =
        Claims { iss: secret.edge.to_string(), aud: AUDIENCE.to_owned(), iat, exp: iat + TOKEN_LIFETIME };
    let part = |json: serde_json::Result<Vec<u8>>| URL_SAFE_NO_PAD.encode(json.unwrap_or_default());
    let header = Header { alg: "EdDSA", typ: "JWT" };
    let signed = format!("{}.{}", part(serde_json::to_vec(&header)), part(serde_json::to_vec(&claims)));
    let key = KeyPair::from_seed(Seed::new(secret.seed)).sk;
    let signature = key.sign(signed.as_bytes(), None);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}
