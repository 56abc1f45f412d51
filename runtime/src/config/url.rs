//! The URL of a queue or a store.
//!
//! The rule: a password in it is never shown. What is printed or logged has `***` in its place.

use serde::Deserialize;
use std::fmt::{self, Debug, Display};
use std::path::Path;

/// The engine where no URL names another one.
pub(super) const SQLITE: &str = "sqlite";

/// A URL that may hold a password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct EngineUrl(String);

impl EngineUrl {
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole of it, for the engine's driver and nobody else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What stands before `://`.
    pub fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    /// The name of the engine that the scheme stands for.
    pub fn engine(&self) -> &'static str {
        match self.scheme() {
            "amqp" | "amqps" => "rabbitmq",
            "mongodb" | "mongodb+srv" => "mongodb",
            "postgres" | "postgresql" => "postgresql",
            _ => SQLITE,
        }
    }

    /// The path of a `sqlite://` URL.
    pub fn sqlite_path(&self) -> Option<&Path> {
        self.0.strip_prefix("sqlite://").map(Path::new)
    }
}

impl Display for EngineUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return f.write_str("***") };
        // A password may hold an unescaped `/` or `@`: all up to the last `@` is treated as one.
        match rest.rfind('@') {
            Some(at) => {
                let user = rest[..at].split(':').next().unwrap_or_default();
                let host_end = rest[at..].find(['?', '#']).map_or(rest.len(), |mark| at + mark);
                write!(f, "{scheme}://{user}:***{}", &rest[at..host_end])
            }
            // Parameters may hold secrets too.
            None => write!(f, "{scheme}://{}", &rest[..rest.find(['?', '#']).unwrap_or(rest.len())]),
        }
    }
}

impl Debug for EngineUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("amqp://guest:secret@host:5672/%2f", "amqp://guest:***@host:5672/%2f"),
            ("postgres://user:p@ss/word@host/sendry?sslmode=require", "postgres://user:***@host/sendry"),
            ("mongodb://a:secret@h1,h2/sendry?replicaSet=rs", "mongodb://a:***@h1,h2/sendry"),
            ("mongodb://host/sendry?authToken=secret", "mongodb://host/sendry"),
            ("sqlite://data/queue.db", "sqlite://data/queue.db"),
            ("secret", "***"),
        ] {
            let url = EngineUrl::new(url);
            assert_eq!(format!("{url} {url:?}"), format!("{shown} {shown}"));
        }
    }
}
