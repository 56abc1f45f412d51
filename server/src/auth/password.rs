//! Hashes and checks passwords: argon2id with 19 MiB, two passes, one lane.
//!
//! The rule: at most [`AT_ONCE`] hashes run at a time, off the threads that serve connections, so that a flood of
//! sign-ins can exhaust neither memory nor processors; who waits too long is sent away.

use crate::reply::{Answer, ErrorReply};
use argon2::password_hash::{Error, PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use std::time::Duration;
use telemetry::error::ApiError;
use tokio::sync::Semaphore;

const AT_ONCE: usize = 2;
/// How long a sign-in may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

pub(super) struct Passwords {
    argon2: Argon2<'static>,
    turns: Arc<Semaphore>,
    /// Checked where there is no user, so that the time an answer takes does not tell who exists.
    dummy: String,
}

impl Passwords {
    pub(super) fn new(random: [u8; 32]) -> Result<Self, Error> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = hash(&argon2, &random[16..], &random[..16])?;
        Ok(Self { argon2, turns: Arc::new(Semaphore::new(AT_ONCE)), dummy })
    }

    /// A PHC string.
    pub(super) async fn hash(&self, password: String) -> Answer<String> {
        let salt = super::random()?;
        self.in_turn(move |argon2| hash(argon2, password.as_bytes(), &salt[..16])).await
    }

    /// Whether the password belongs to the hash. Without one, it takes as long and the answer is no.
    pub(super) async fn verify(&self, password: String, stored: Option<String>) -> Answer<bool> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        let matches = self
            .in_turn(move |argon2| {
                match argon2.verify_password(password.as_bytes(), &PasswordHash::new(&stored)?) {
                    Ok(()) => Ok(true),
                    Err(Error::Password) => Ok(false),
                    Err(error) => Err(error),
                }
            })
            .await?;
        Ok(matches && known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T, Error> + Send + 'static,
    ) -> Answer<T> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            return Err(ApiError::unavailable("too many people sign in at the moment; try again").into());
        };
        let argon2 = self.argon2.clone();
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work, not by the caller, who may go away while it runs.
            let _turn = turn;
            work(&argon2)
        });
        match done.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(failed(&error)),
            Err(error) => Err(failed(&error)),
        }
    }
}

fn hash(argon2: &Argon2<'static>, password: &[u8], salt: &[u8]) -> Result<String, Error> {
    let salt = SaltString::encode_b64(salt)?;
    Ok(argon2.hash_password(password, &salt)?.to_string())
}

fn failed(error: &dyn std::fmt::Display) -> ErrorReply {
    tracing::error!(%error, "a password could not be hashed or checked");
    ApiError::internal().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_fits_its_password_only_and_names_its_cost() {
        let passwords = Passwords::new([7; 32]).unwrap();
        let stored = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(passwords.verify("correct horse".to_owned(), Some(stored.clone())).await.unwrap());
        assert!(!passwords.verify("correct horsf".to_owned(), Some(stored)).await.unwrap());
        assert!(!passwords.verify("correct horse".to_owned(), None).await.unwrap());
    }
}
