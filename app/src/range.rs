//! Which span of time a page is about: the last so-and-so long, or from here to there.
//!
//! A relative range is resolved against the server's clock at every load, so it moves on; a fixed one never does.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use telemetry::time::{DAY, HOUR, MINUTE, Range, RangeError, from_second};

/// The relative ranges, shortest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Last {
    Minutes15,
    Hour1,
    Hours6,
    #[default]
    Hours24,
    Days7,
    Days30,
}

impl Last {
    pub const ALL: [Self; 6] =
        [Self::Minutes15, Self::Hour1, Self::Hours6, Self::Hours24, Self::Days7, Self::Days30];

    /// As it stands in the URL and on its button.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minutes15 => "15m",
            Self::Hour1 => "1h",
            Self::Hours6 => "6h",
            Self::Hours24 => "24h",
            Self::Days7 => "7d",
            Self::Days30 => "30d",
        }
    }

    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minutes15 => 15 * MINUTE,
            Self::Hour1 => HOUR,
            Self::Hours6 => 6 * HOUR,
            Self::Hours24 => DAY,
            Self::Days7 => 7 * DAY,
            Self::Days30 => 30 * DAY,
        }
    }

    /// "the last 15 minutes".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Minutes15 => "the last 15 minutes",
            Self::Hour1 => "the last hour",
            Self::Hours6 => "the last 6 hours",
            Self::Hours24 => "the last 24 hours",
            Self::Days7 => "the last 7 days",
            Self::Days30 => "the last 30 days",
        }
    }

    /// The shortest that is at least this long.
    pub fn covering(seconds: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|last| last.seconds() >= seconds)
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|last| last.as_str() == text)
    }
}

/// A span of time as the reader chose it. On the wire `24h`, or `2026-11-23T14:00:00Z/2026-11-23T15:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Span {
    Last(Last),
    /// Whole seconds; `from` is earlier than `to`.
    Fixed {
        from: Timestamp,
        to: Timestamp,
    },
}

impl Default for Span {
    fn default() -> Self {
        Self::Last(Last::default())
    }
}

/// Why a text is no span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    #[error("not a time: write it like 2026-11-23T14:05:00Z")]
    Time,
    #[error(transparent)]
    Range(#[from] RangeError),
}

impl Span {
    pub fn fixed(from: Timestamp, to: Timestamp) -> Result<Self, SpanError> {
        let range = Range::new(from_second(from.as_second()), from_second(to.as_second()))?;
        Ok(Self::Fixed { from: range.from, to: range.to })
    }

    /// From the texts of a URL.
    pub fn parse_fixed(from: &str, to: &str) -> Result<Self, SpanError> {
        let parse = |text: &str| text.parse::<Timestamp>().map_err(|_| SpanError::Time);
        Self::fixed(parse(from)?, parse(to)?)
    }

    pub fn parse_last(text: &str) -> Option<Self> {
        Last::parse(text).map(Self::Last)
    }

    /// Whether time goes on in it.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Last(_))
    }

    pub fn resolve(self, now: Timestamp) -> Range {
        match self {
            Self::Last(last) => Range::last(last.seconds(), now),
            Self::Fixed { from, to } => Range { from, to },
        }
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        match span {
            Span::Last(last) => last.as_str().to_owned(),
            Span::Fixed { from, to } => format!("{from}/{to}"),
        }
    }
}

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Self, SpanError> {
        match text.split_once('/') {
            Some((from, to)) => Self::parse_fixed(from, to),
            None => Self::parse_last(&text).ok_or(SpanError::Time),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_survive_their_text() {
        for span in Last::ALL.map(Span::Last) {
            assert_eq!(Span::try_from(String::from(span)), Ok(span));
        }
        let fixed = Span::parse_fixed("2026-11-23T14:00:00Z", "2026-11-23T15:00:00Z").unwrap();
        assert_eq!(String::from(fixed), "2026-11-23T14:00:00Z/2026-11-23T15:00:00Z");
        assert_eq!(Span::try_from(String::from(fixed)), Ok(fixed));
    }

    #[test]
    fn empty_and_unreadable_spans_are_refused() {
        let same = "2026-11-23T14:00:00Z";
        assert_eq!(Span::parse_fixed(same, same), Err(SpanError::Range(RangeError::Empty)));
        assert_eq!(Span::parse_fixed(same, "later"), Err(SpanError::Time));
        assert_eq!(Span::try_from("2w".to_owned()), Err(SpanError::Time));
    }

    #[test]
    fn a_wider_range_is_found() {
        assert_eq!(Last::covering(2 * HOUR), Some(Last::Hours6));
        assert_eq!(Last::covering(HOUR), Some(Last::Hour1));
        assert_eq!(Last::covering(31 * DAY), None);
    }
}
