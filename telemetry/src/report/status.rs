//! Which status codes are asked for: one, or a class.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `503`, or `5xx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum StatusFilter {
    /// 100–599.
    Code(u16),
    /// 1–5.
    Class(u8),
}

/// What is neither a code nor a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("status must be a code such as 503, or a class such as 5xx")]
pub struct StatusFilterError;

impl StatusFilter {
    /// The lowest and the highest code.
    pub const fn bounds(self) -> (u16, u16) {
        match self {
            Self::Code(code) => (code, code),
            Self::Class(class) => (class as u16 * 100, class as u16 * 100 + 99),
        }
    }
}

impl FromStr for StatusFilter {
    type Err = StatusFilterError;

    fn from_str(text: &str) -> Result<Self, StatusFilterError> {
        match text.as_bytes() {
            [class @ b'1'..=b'5', b'x' | b'X', b'x' | b'X'] => Ok(Self::Class(class - b'0')),
            [_, _, _] => match text.parse() {
                Ok(code @ 100..=599) => Ok(Self::Code(code)),
                _ => Err(StatusFilterError),
            },
            _ => Err(StatusFilterError),
        }
    }
}

impl fmt::Display for StatusFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => code.fmt(f),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}

impl From<StatusFilter> for String {
    fn from(filter: StatusFilter) -> Self {
        filter.to_string()
    }
}

impl TryFrom<String> for StatusFilter {
    type Error = StatusFilterError;

    fn try_from(text: String) -> Result<Self, StatusFilterError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_classes_read_back() {
        for (text, bounds) in
            [("503", (503, 503)), ("5xx", (500, 599)), ("100", (100, 100)), ("1xx", (100, 199))]
        {
            let filter: StatusFilter = text.parse().unwrap();
            assert_eq!((filter.bounds(), filter.to_string().as_str()), (bounds, text));
        }
        assert_eq!("4XX".parse(), Ok(StatusFilter::Class(4)));
        for wrong in ["", "5", "6xx", "0xx", "099", "600", "5x", "abc", "+50", "5xxx", "５xx"] {
            assert_eq!(wrong.parse::<StatusFilter>(), Err(StatusFilterError), "{wrong}");
        }
    }
}
