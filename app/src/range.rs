//! Which span of time a page is about: the last so-and-so long, or from here to there.
//!
//! A relative range is resolved against the server's clock at every load, so it moves on; a fixed one never does.

use crate::clock::Clock;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use telemetry::time::{DAY, HOUR, MINUTE, Range, RangeError, from_second, length_text, parse_length};

/// So-and-so many minutes, hours or days up to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Last {
    seconds: i64,
}

impl Default for Last {
    fn default() -> Self {
        Self::HOURS_24
    }
}

impl Last {
    pub const MINUTE_1: Self = Self { seconds: MINUTE };
    pub const HOUR_1: Self = Self { seconds: HOUR };
    pub const HOURS_24: Self = Self { seconds: DAY };
    /// The usual ones, shortest first.
    pub const USUAL: [Self; 6] = [
        Self { seconds: 15 * MINUTE },
        Self::HOUR_1,
        Self { seconds: 6 * HOUR },
        Self::HOURS_24,
        Self { seconds: 7 * DAY },
        Self { seconds: 30 * DAY },
    ];

    /// As it stands in the URL and on its button: `90m`, `24h`, `7d`.
    pub fn text(self) -> String {
        length_text(self.seconds)
    }

    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// "the last 15 minutes".
    pub fn words(self) -> String {
        let text = self.text();
        let (number, unit) = text.split_at(text.len() - 1);
        let unit = match unit {
            "m" => "minute",
            "h" => "hour",
            _ => "day",
        };
        if number == "1" { format!("the last {unit}") } else { format!("the last {number} {unit}s") }
    }

    /// The shortest of the usual ones that is at least this long.
    pub fn covering(seconds: i64) -> Option<Self> {
        Self::USUAL.into_iter().find(|last| last.seconds() >= seconds)
    }

    fn parse(text: &str) -> Option<Self> {
        parse_length(text).map(|seconds| Self { seconds })
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

    /// What a reader writes: so-and-so long up to now (`90m`), or so much around a [moment](Clock::parse_moment): `14:05±10m`, also
    /// `14:05 +- 10m`.
    pub fn parse_written(text: &str, clock: &Clock) -> Option<Self> {
        let Some((moment, length)) = text.split_once('±').or_else(|| text.split_once("+-")) else {
            return Self::parse_last(text.trim());
        };
        let seconds = parse_length(length.trim())?;
        let at = clock.parse_moment(moment.trim())?.as_second();
        let to = (at + seconds).min(clock.now().as_second());
        Self::fixed(from_second(at - seconds), from_second(to)).ok()
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
            Span::Last(last) => last.text(),
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
        for span in Last::USUAL.map(Span::Last) {
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
        for text in ["2w", "m", "0h", "-1h", "1.5h", "4000d", "99999999999999999999d", "ä"] {
            assert_eq!(Span::try_from(text.to_owned()), Err(SpanError::Time), "{text}");
        }
    }

    #[test]
    fn a_relative_range_says_how_long_it_is() {
        let words = |text: &str| {
            Span::parse_last(text).map(|span| match span {
                Span::Last(last) => (last.text(), last.words()),
                Span::Fixed { .. } => unreachable!(),
            })
        };
        let said = |text: &str, words: &str| Some((text.to_owned(), words.to_owned()));
        assert_eq!(words("15m"), said("15m", "the last 15 minutes"));
        assert_eq!(words("60m"), said("1h", "the last hour"));
        assert_eq!(words("24h"), said("24h", "the last 24 hours"));
        assert_eq!(words("1d"), said("24h", "the last 24 hours"));
        assert_eq!(words("10d"), said("10d", "the last 10 days"));
    }

    #[test]
    fn what_lies_around_a_moment_is_read() {
        let now = "2026-11-23T14:10:00Z".parse().unwrap();
        let written = |text| Span::parse_written(text, &Clock::new(now, Default::default()));
        let fixed = |from, to| Some(Span::parse_fixed(from, to).unwrap());
        let around = fixed("2026-11-23T13:00:00Z", "2026-11-23T13:20:00Z");
        for text in
            ["13:10±10m", " 13:10 ± 10m ", "13:10+-10m", "1795439400 ± 10m", "2026-11-23T13:10:00Z±10m"]
        {
            assert_eq!(written(text), around, "{text}");
        }
        // not beyond now
        assert_eq!(written("14:05±10m"), fixed("2026-11-23T13:55:00Z", "2026-11-23T14:10:00Z"));
        assert_eq!(written("90m"), Span::parse_last("90m"));
        for text in ["13:10", "13:10±", "±10m", "13:10±10", "2027-01-01 00:00±10m"] {
            assert_eq!(written(text), None, "{text}");
        }
    }

    #[test]
    fn a_wider_range_is_found() {
        assert_eq!(Last::covering(2 * HOUR), Some(Last::USUAL[2]));
        assert_eq!(Last::covering(HOUR), Some(Last::HOUR_1));
        assert_eq!(Last::covering(31 * DAY), None);
    }
}
