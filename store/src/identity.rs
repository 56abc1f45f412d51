//! An event's identity: taken apart for the backends, and made fit for URLs.
//!
//! The rule: stores speak of identities (`client/batch/position`), everything that leaves Sendry of public ids, and
//! each is read back from the other or refused; no text makes this panic.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use telemetry::report::ClientId;

/// The parts of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity<'a> {
    pub client: ClientId,
    pub batch: &'a str,
    pub position: u32,
}

/// Takes an identity apart; `None` if the text is none. The inverse of [`telemetry::hit::identity`].
pub fn parse(identity: &str) -> Option<Identity<'_>> {
    let (client, rest) = identity.split_once('/')?;
    let (batch, position) = rest.rsplit_once('/')?;
    Some(Identity { client: client.parse().ok()?, batch, position: position.parse().ok()? })
}

/// An identity as it stands in replies and URLs.
pub fn to_public(identity: &str) -> String {
    URL_SAFE_NO_PAD.encode(identity)
}

/// The identity behind a public id; `None` if it is none.
pub fn from_public(id: &str) -> Option<String> {
    let identity = String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
    parse(&identity).is_some().then_some(identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_identity_reads_back_whatever_the_batch_id_holds(client: i64, batch: String, position: u32) {
            let identity = telemetry::hit::identity(ClientId(client), &batch, position);
            let parts = parse(&identity);
            prop_assert_eq!(parts, Some(Identity { client: ClientId(client), batch: &batch, position }));
            let public = to_public(&identity);
            prop_assert!(public.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            prop_assert_eq!(from_public(&public), Some(identity));
        }

        #[test]
        fn junk_is_refused_without_a_panic(junk: String) {
            let _ = parse(&junk);
            if let Some(identity) = from_public(&junk) {
                prop_assert!(parse(&identity).is_some());
            }
        }
    }
}
