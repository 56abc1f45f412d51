//! The two cookies of a session: their names, their flags, and how they come and go.
//!
//! The rule: both are `HttpOnly` and `SameSite=Lax`; where the server is reached by https they are `Secure` and named
//! `__Host-`, so that no other host can set them. Only where a dashboard of another site is configured are they
//! `SameSite=None`; whose calls are taken is then up to [`super::origin`] alone.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponseParts, ResponseParts};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use std::convert::Infallible;

/// How cookies are named and flagged.
#[derive(Debug, Clone, Copy)]
pub(super) struct CookiePolicy {
    /// Whether the server is reached by https.
    pub(super) secure: bool,
    /// Whether a dashboard of another site calls. Browsers take such cookies from secure servers only.
    pub(super) cross_site: bool,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Access,
    Refresh,
}

impl CookiePolicy {
    pub(super) const fn name(self, kind: Kind) -> &'static str {
        match (kind, self.secure) {
            (Kind::Access, false) => "sendry_access",
            (Kind::Access, true) => "__Host-sendry_access",
            (Kind::Refresh, false) => "sendry_refresh",
            (Kind::Refresh, true) => "__Host-sendry_refresh",
        }
    }

    /// The value that a request carries.
    pub(super) fn find(self, headers: &HeaderMap, kind: Kind) -> Option<String> {
        let name = self.name(kind);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(Result::ok)
            .find(|cookie| cookie.name() == name)
            .map(|cookie| cookie.value().to_owned())
    }

    /// A cookie that lives for `seconds`; 0 removes it.
    pub(super) fn make(self, kind: Kind, value: String, seconds: i64) -> Cookie<'static> {
        Cookie::build((self.name(kind), value))
            // `__Host-` asks for this path, and pages need both cookies too.
            .path("/")
            .http_only(true)
            .same_site(if self.secure && self.cross_site { SameSite::None } else { SameSite::Lax })
            .secure(self.secure)
            .max_age(Duration::seconds(seconds))
            .build()
    }

    /// Removes both.
    pub(super) fn clear(self) -> SetCookies {
        SetCookies([Kind::Access, Kind::Refresh].map(|kind| self.make(kind, String::new(), 0)).into())
    }
}

/// Cookies for a reply. They hold secrets, so there is no `Debug`.
#[derive(Default)]
pub struct SetCookies(pub(super) Vec<Cookie<'static>>);

impl SetCookies {
    /// Adds those that the reply does not set already: what a handler decided stands.
    pub(super) fn add_missing(self, headers: &mut HeaderMap) {
        for cookie in self.0 {
            let decided = headers.get_all(header::SET_COOKIE).iter().any(|value| {
                let rest = value.as_bytes().strip_prefix(cookie.name().as_bytes());
                rest.is_some_and(|rest| rest.starts_with(b"="))
            });
            if !decided && let Ok(mut value) = HeaderValue::try_from(cookie.to_string()) {
                value.set_sensitive(true);
                headers.append(header::SET_COOKIE, value);
            }
        }
    }
}

impl IntoResponseParts for SetCookies {
    type Error = Infallible;

    fn into_response_parts(self, mut reply: ResponseParts) -> Result<ResponseParts, Infallible> {
        self.add_missing(reply.headers_mut());
        Ok(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_follow_the_scheme() {
        let http = CookiePolicy { secure: false, cross_site: false }
            .make(Kind::Refresh, "x".to_owned(), 60)
            .to_string();
        assert_eq!(http, "sendry_refresh=x; HttpOnly; SameSite=Lax; Path=/; Max-Age=60");
        let https = CookiePolicy { secure: true, cross_site: false }
            .make(Kind::Access, "x".to_owned(), 60)
            .to_string();
        assert_eq!(https, "__Host-sendry_access=x; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60");
        let policy = |secure| CookiePolicy { secure, cross_site: true };
        let foreign = policy(true).make(Kind::Access, "x".to_owned(), 60).to_string();
        assert_eq!(foreign, "__Host-sendry_access=x; HttpOnly; SameSite=None; Secure; Path=/; Max-Age=60");
        assert!(policy(false).make(Kind::Access, "x".to_owned(), 60).to_string().contains("SameSite=Lax"));
    }

    #[test]
    fn what_a_handler_decided_about_a_cookie_stands() {
        let policy = CookiePolicy { secure: false, cross_site: false };
        let mut headers = HeaderMap::new();
        SetCookies(vec![policy.make(Kind::Access, "first".to_owned(), 60)]).add_missing(&mut headers);
        policy.clear().add_missing(&mut headers);
        let set: Vec<_> =
            headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(set.len(), 2);
        assert!(
            set[0].starts_with("sendry_access=first;") && set[1].starts_with("sendry_refresh=;"),
            "{set:?}"
        );
    }

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers
            .append(header::COOKIE, HeaderValue::from_static("a=b; xsendry_access=no; =; sendry_access=yes"));
        headers.append(header::COOKIE, HeaderValue::from_static("sendry_refresh=too"));
        let policy = CookiePolicy { secure: false, cross_site: false };
        assert_eq!(policy.find(&headers, Kind::Access).as_deref(), Some("yes"));
        assert_eq!(policy.find(&headers, Kind::Refresh).as_deref(), Some("too"));
        assert_eq!(CookiePolicy { secure: true, cross_site: false }.find(&headers, Kind::Access), None);
    }
}
