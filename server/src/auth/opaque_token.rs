//! Opaque tokens, of refresh cookies and one-time links: 32 random bytes in base64url.
//!
//! The rule: the store sees a token's SHA-256 only. A plain hash is enough, for 256 random bits cannot be guessed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A token on its way into a cookie or a link. It has no `Debug`.
pub(crate) struct OpaqueToken(String);

impl OpaqueToken {
    pub(crate) fn new(random: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// The digest of what somebody presents; `None` if that cannot be a token of ours, so that junk does not reach the store.
pub(crate) fn digest_of(presented: &str) -> Option<[u8; 32]> {
    let bytes = URL_SAFE_NO_PAD.decode(presented).ok()?;
    (bytes.len() == 32).then(|| Sha256::digest(presented).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_digest_and_junk_has_none() {
        let token = OpaqueToken::new([9; 32]);
        let digest = token.digest();
        assert_eq!(digest_of(&token.into_text()), Some(digest));
        for junk in ["", "short", &"a".repeat(44), "ä"] {
            assert_eq!(digest_of(junk), None, "{junk}");
        }
    }
}
