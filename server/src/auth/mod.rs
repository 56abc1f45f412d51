//! Who is calling: passwords, sessions, their cookies.
//!
//! A session is a row in the store. A browser holds two cookies about it: an access token, which names the session for
//! a quarter of an hour, and a refresh token, which renews the access token and is itself replaced once a day or when
//! asked for. The rule: whether a session lives is asked of the store at every request, so that what was ended has
//! ended at once; and a refresh token that was replaced and turns up again ends its session.

mod access_token;
mod address;
mod cookies;
pub(crate) mod opaque_token;
mod origin;
mod password;

mod session;
mod throttle;

pub use address::ClientAddress;
pub use cookies::SetCookies;
pub(crate) use origin::{as_origin, is_on_loopback, is_on_this_machine};
pub use origin::{foreign_dashboard, origin_layer};
pub use session::{By, Session, SignedIn, session_layer};

use crate::reply::{Answer, ErrorReply};
use access_token::AccessTokens;
use axum::http::HeaderMap;
use cookies::{CookiePolicy, Kind};
use jiff::{SignedDuration, Timestamp};
use opaque_token::OpaqueToken;
use password::Passwords;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use store::accounts::{Rotation, Session as StoredSession};
use store::{AccountStore, StoreError};
use telemetry::error::{ApiError, ErrorCode};
use telemetry::report::User;
use telemetry::time::{Clock, DAY};
use throttle::Throttle;

/// A session ends this long after it began, in seconds.
const SESSION_LIFETIME: i64 = 30 * DAY;
/// A session ends this long after its refresh token was last replaced, in seconds.
const SESSION_IDLE: i64 = 14 * DAY;
/// A refresh token older than this is replaced when it is used to load something, in seconds.
const ROTATE_AFTER: i64 = DAY;
/// How long a replaced refresh token still works, for requests that were on their way, in seconds.
const GRACE: i64 = 30;
/// Characters kept of a browser's name.
const USER_AGENT: usize = 256;

/// Why sessions could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    #[error("the instance's secret could not be read")]
    Store(#[from] StoreError),
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
    #[error("argon2id does not work: {0}")]
    Passwords(argon2::password_hash::Error),
}

/// Makes and checks sessions.
pub struct Authenticator {
    accounts: Arc<dyn AccountStore>,
    clock: Clock,
    cookies: CookiePolicy,
    access: AccessTokens,
    passwords: Passwords,
    throttle: Throttle,
}

/// What the cookies of a request lead to.
#[derive(Default)]
struct Identified {
    session: Option<Session>,
    cookies: SetCookies,
}

impl Authenticator {
    /// `secure_cookies` where the server is reached by https; `cross_site` where a dashboard of another site calls it.
    pub async fn new(
        accounts: Arc<dyn AccountStore>,
        secure_cookies: bool,
        cross_site: bool,
        clock: Clock,
    ) -> Result<Self, PrepareError> {
        let access = AccessTokens::open(Arc::clone(&accounts), random_bytes()?, clock()).await?;
        Ok(Self {
            accounts,
            clock,
            cookies: CookiePolicy { secure: secure_cookies, cross_site },
            access,
            passwords: Passwords::new(random_bytes()?).map_err(PrepareError::Passwords)?,
            throttle: Throttle::new(),
        })
    }

    /// A PHC string, for a new account.
    pub async fn hash(&self, password: &str) -> Answer<String> {
        self.passwords.hash(password.to_owned()).await
    }

    /// Counts a call that costs a hash or could be a guess; 429 if an address makes too many.
    pub fn slow_down(&self, address: IpAddr) -> Answer<()> {
        match self.throttle.admit_address(address, (self.clock)()) {
            Ok(_) => Ok(()),
            Err(wait) => Err(too_many(wait)),
        }
    }

    /// The user of this name (or e-mail address) and password. One answer for all that can be wrong with them.
    pub async fn check_password(&self, login: &str, password: &str, address: IpAddr) -> Answer<User> {
        let admitted = self.throttle.admit(login, address, (self.clock)()).map_err(too_many)?;
        let record = self.accounts.user_by_login(login).await?;
        let stored = record.as_ref().map(|record| record.password_hash.clone());
        let matches = self.passwords.verify(password.to_owned(), stored).await?;
        match record {
            Some(record) if matches && !record.disabled => {
                admitted.give_back();
                Ok(record.user)
            }
            _ => Err(ApiError::unauthorized("user name or password is wrong").into()),
        }
    }

    /// Whether this is the user's password. Throttled as signing in is.
    pub async fn is_password_of(&self, user: &User, password: &str, address: IpAddr) -> Answer<bool> {
        match self.check_password(&user.username, password, address).await {
            Ok(found) => Ok(found.id == user.id),
            Err(error) if error.code() == ErrorCode::Unauthorized => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Believes a signing key that was rotated just now.
    pub async fn reload_keys(&self) -> Answer<()> {
        self.access.reload((self.clock)()).await
    }

    /// Begins a session.
    pub async fn begin(&self, user: &User, headers: &HeaderMap) -> Answer<SetCookies> {
        let now = (self.clock)();
        let user_agent = headers.get(axum::http::header::USER_AGENT).and_then(|value| value.to_str().ok());
        let session = StoredSession {
            id: uuid::Uuid::new_v4().to_string(),
            user: user.id,
            created_at: now,
            last_used_at: now,
            expires_at: now + SignedDuration::from_secs(SESSION_LIFETIME),
            user_agent: user_agent.unwrap_or_default().chars().take(USER_AGENT).collect(),
        };
        let token = OpaqueToken::new(random()?);
        self.accounts.create_session(&session, token.digest()).await?;
        self.both_cookies(&session, token, now).await
    }

    /// Replaces the refresh token that a request carries. `None` where that leads to no session; then the cookies
    /// remove what the browser holds.
    pub async fn refresh(&self, headers: &HeaderMap) -> Answer<(Option<User>, SetCookies)> {
        let now = (self.clock)();
        let presented = self.cookies.find(headers, Kind::Refresh);
        let Some(digest) = presented.as_deref().and_then(opaque_token::digest_of) else {
            return Ok((None, self.cookies.clear()));
        };
        if let Some(session) = self.accounts.session_by_refresh(digest, now).await?
            && is_idle(&session, now)
        {
            self.accounts.end_session(&session.id).await?;
        }
        let Identified { session, cookies } = self.rotate(digest, now).await?;
        Ok((session.map(|session| session.user), cookies))
    }

    /// Ends a session, if there is one, and removes its cookies.
    pub async fn end(&self, session: Option<&Session>) -> Answer<SetCookies> {
        if let Some(session) = session {
            self.accounts.end_session(&session.id).await?;
        }
        Ok(self.cookies.clear())
    }

    /// Finds out whose request this is: by a valid access token, or else by the refresh token, so that whoever comes
    /// back after the access token's end is still signed in.
    async fn identify(&self, headers: &HeaderMap) -> Answer<Identified> {
        let now = (self.clock)();
        if let Some(token) = self.cookies.find(headers, Kind::Access)
            && let Some(claims) = self.access.read(&token, now).await?
            && let Some(session) = self.accounts.session(&claims.sid, now).await?
            && claims.user() == Some(session.user)
            && let Some(session) = self.with_user(&session).await?
        {
            return Ok(Identified { session: Some(session), cookies: SetCookies::default() });
        }
        let presented = self.cookies.find(headers, Kind::Refresh);
        let Some(digest) = presented.as_deref().and_then(opaque_token::digest_of) else {
            return Ok(Identified::default());
        };
        match self.accounts.session_by_refresh(digest, now).await? {
            Some(session) if is_idle(&session, now) => {
                self.accounts.end_session(&session.id).await?;
                Ok(self.nobody())
            }
            Some(session) if !is_older(session.last_used_at, ROTATE_AFTER, now) => {
                self.renewed(&session, now).await
            }
            // Due; or not current, which rotating tells apart: just replaced, or stolen.
            _ => self.rotate(digest, now).await,
        }
    }

    async fn rotate(&self, digest: [u8; 32], now: Timestamp) -> Answer<Identified> {
        let successor = OpaqueToken::new(random()?);
        match self.accounts.rotate_session(digest, successor.digest(), now, GRACE).await? {
            Rotation::Rotated(session) => match self.with_user(&session).await? {
                Some(known) => {
                    let cookies = self.both_cookies(&session, successor, now).await?;
                    Ok(Identified { session: Some(known), cookies })
                }
                None => Ok(self.nobody()),
            },
            Rotation::Recent(session) => self.renewed(&session, now).await,
            Rotation::Reused => {
                tracing::warn!("a refresh token was used a second time; its session has been ended");
                Ok(self.nobody())
            }
            Rotation::Unknown => Ok(self.nobody()),
        }
    }

    /// The session with a new access token.
    async fn renewed(&self, session: &StoredSession, now: Timestamp) -> Answer<Identified> {
        match self.with_user(session).await? {
            Some(known) => {
                let cookies = SetCookies(vec![self.access_cookie(session, now).await?]);
                Ok(Identified { session: Some(known), cookies })
            }
            None => Ok(self.nobody()),
        }
    }

    /// Nobody, and the cookies that claimed otherwise removed.
    fn nobody(&self) -> Identified {
        Identified { session: None, cookies: self.cookies.clear() }
    }

    async fn with_user(&self, session: &StoredSession) -> Answer<Option<Session>> {
        let record = self.accounts.user(session.user).await?.filter(|record| !record.disabled);
        Ok(record.map(|record| Session { id: session.id.clone(), user: record.user }))
    }

    async fn access_cookie(
        &self,
        session: &StoredSession,
        now: Timestamp,
    ) -> Answer<cookie::Cookie<'static>> {
        let token = self.access.issue(session.user, &session.id, now).await?;
        Ok(self.cookies.make(Kind::Access, token, access_token::LIFETIME))
    }

    async fn both_cookies(
        &self,
        session: &StoredSession,
        token: OpaqueToken,
        now: Timestamp,
    ) -> Answer<SetCookies> {
        let seconds = (session.expires_at.as_second() - now.as_second()).min(SESSION_IDLE);
        let refresh = self.cookies.make(Kind::Refresh, token.into_text(), seconds);
        Ok(SetCookies(vec![self.access_cookie(session, now).await?, refresh]))
    }
}

fn is_idle(session: &StoredSession, now: Timestamp) -> bool {
    is_older(session.last_used_at, SESSION_IDLE, now)
}

fn is_older(time: Timestamp, seconds: i64, now: Timestamp) -> bool {
    now.as_second() - time.as_second() >= seconds
}

fn too_many(wait: Duration) -> ErrorReply {
    let error = ApiError::new(ErrorCode::Limited, "too many tries; wait a moment");
    ErrorReply::from(error).retry_after(wait.as_secs_f64().ceil() as u64)
}

/// How long a link to choose a new password is good.
pub const RESET_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// A new link to choose a password, and the digest that is stored of it.
pub fn reset_link(public_url: &str) -> Result<([u8; 32], String), getrandom::Error> {
    let token = OpaqueToken::new(random_bytes()?);
    Ok((token.digest(), format!("{public_url}/reset#{}", token.into_text())))
}

/// Random bytes for a secret, outside a request.
pub fn random_bytes() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Random bytes for a secret.
pub(crate) fn random() -> Answer<[u8; 32]> {
    random_bytes().map_err(|error| {
        tracing::error!(%error, "the system gives no random numbers");
        ApiError::internal().into()
    })
}
