//! Time as Sendry counts it: buckets of a minute, an hour, a day; ranges; and which buckets answer a range.
//!
//! All buckets are UTC. A cover of a range has neither gap nor overlap, so sums over it are exact.

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// Tells the time. Injected wherever time matters, so that tests need no sleep.
pub type Clock = std::sync::Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Seconds in a minute, an hour, a day (UTC has no other days here: leap seconds do not exist in Unix time).
pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 3_600;
pub const DAY: i64 = 86_400;

/// Minutes are read only where they are younger than this: an hour less than they are kept (48 h), so that a
/// sweep in progress is never seen.
pub const MINUTES_READ: i64 = 47 * HOUR;

/// Hours are read only where they are younger than this: a month less than they are kept (13 months).
pub const HOURS_READ: i64 = 365 * DAY;

/// How wide the buckets of a rollup are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Resolution {
    Minute,
    Hour,
    Day,
}

impl Resolution {
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Width in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => MINUTE,
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }

    /// The start of the bucket that holds `second` (Unix time).
    pub const fn floor(self, second: i64) -> i64 {
        second - second.rem_euclid(self.seconds())
    }

    /// The first bucket edge at or after `second`.
    pub const fn ceil(self, second: i64) -> i64 {
        self.floor(second + self.seconds() - 1)
    }
}

/// The slot width of a time series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Step {
    #[serde(rename = "1m")]
    Minute1,
    #[serde(rename = "5m")]
    Minute5,
    #[serde(rename = "15m")]
    Minute15,
    #[serde(rename = "30m")]
    Minute30,
    #[serde(rename = "1h")]
    Hour1,
    #[serde(rename = "6h")]
    Hour6,
    #[serde(rename = "1d")]
    Day1,
}

impl Step {
    pub const ALL: [Self; 7] =
        [Self::Minute1, Self::Minute5, Self::Minute15, Self::Minute30, Self::Hour1, Self::Hour6, Self::Day1];

    /// Width in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute1 => MINUTE,
            Self::Minute5 => 5 * MINUTE,
            Self::Minute15 => 15 * MINUTE,
            Self::Minute30 => 30 * MINUTE,
            Self::Hour1 => HOUR,
            Self::Hour6 => 6 * HOUR,
            Self::Day1 => DAY,
        }
    }

    /// As it is written in URLs and replies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute1 => "1m",
            Self::Minute5 => "5m",
            Self::Minute15 => "15m",
            Self::Minute30 => "30m",
            Self::Hour1 => "1h",
            Self::Hour6 => "6h",
            Self::Day1 => "1d",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }

    /// The widest buckets that nest in this step.
    pub const fn resolution(self) -> Resolution {
        match self.seconds() {
            s if s < HOUR => Resolution::Minute,
            s if s < DAY => Resolution::Hour,
            _ => Resolution::Day,
        }
    }

    /// The step that shows `range` best (about 60–200 slots) and can still be read at `now`: where minutes have
    /// expired it is at least an hour, where hours have, a day.
    pub fn auto(range: Range, now: Timestamp) -> Self {
        let length = range.to.as_second() - range.from.as_second();
        let wanted = match length {
            l if l <= 2 * HOUR => Self::Minute1,
            l if l <= 6 * HOUR => Self::Minute5,
            l if l <= DAY => Self::Minute15,
            l if l <= 2 * DAY => Self::Minute30,
            l if l <= 8 * DAY => Self::Hour1,
            l if l <= 31 * DAY => Self::Hour6,
            _ => Self::Day1,
        };
        wanted.max(Self::finest(range, now))
    }

    /// The finest step that can be read over `range` at `now`.
    pub fn finest(range: Range, now: Timestamp) -> Self {
        match finest_resolution(range.from.as_second(), now.as_second()) {
            Resolution::Minute => Self::Minute1,
            Resolution::Hour => Self::Hour1,
            Resolution::Day => Self::Day1,
        }
    }
}

/// From (inclusive) to (exclusive).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// Why a range cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    #[error("`to` must be later than `from`")]
    Empty,
    #[error("a range may span at most ten years")]
    TooLong,
}

impl Range {
    /// Checks that the range is not empty and not absurdly long.
    pub fn new(from: Timestamp, to: Timestamp) -> Result<Self, RangeError> {
        if from >= to {
            return Err(RangeError::Empty);
        }
        if to.as_second() - from.as_second() > 10 * 366 * DAY {
            return Err(RangeError::TooLong);
        }
        Ok(Self { from, to })
    }

    /// The last `seconds` before `now`, and the second that has begun: what was stored a moment ago belongs to it.
    pub fn last(seconds: i64, now: Timestamp) -> Self {
        let to = now.as_second() + i64::from(now.subsec_nanosecond() > 0);
        Self { from: from_second(to.saturating_sub(seconds.max(1))), to: from_second(to) }
    }

    /// Length in seconds.
    pub fn seconds(&self) -> i64 {
        self.to.as_second() - self.from.as_second()
    }
}

/// A run of buckets of one width: `start` inclusive to `end` exclusive, Unix seconds, both on bucket edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub resolution: Resolution,
    pub start: i64,
    pub end: i64,
}

/// Which buckets answer a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// The range in effect: the asked one, rounded outwards.
    pub range: Range,
    /// The finest resolution read.
    pub resolution: Resolution,
    /// At most five runs, oldest first, each beginning where the one before ends.
    pub spans: Vec<Span>,
}

/// The coarsest mixture of buckets that covers `range` at `now`: days inside, hours and minutes at the ends, each
/// only where it is still kept. No bucket is wider than `widest`, so that a time series can cut the cover into its
/// slots; the range in effect does not depend on `widest`.
pub fn cover(range: Range, widest: Resolution, now: Timestamp) -> Cover {
    let now = now.as_second();
    let finest = finest_resolution(range.from.as_second(), now);
    let widest = widest.max(finest);
    let from = finest.floor(range.from.as_second());
    let asked_to = second_rounded_up(range.to).max(from + 1);
    let to = finest_resolution(asked_to, now).ceil(asked_to);

    let mut spans = Vec::with_capacity(5);
    let mut push = |resolution: Resolution, start: i64, end: i64| {
        if start < end {
            spans.push(Span { resolution, start, end });
        }
    };
    let hours = (Resolution::Hour.ceil(from), Resolution::Hour.floor(to));
    if widest == Resolution::Minute || hours.0 >= hours.1 {
        // Without a whole hour inside, the range lies within an hour of minutes that are kept.
        push(Resolution::Minute, from, to);
    } else {
        push(Resolution::Minute, from, hours.0);
        let days = (Resolution::Day.ceil(hours.0), Resolution::Day.floor(hours.1));
        if widest < Resolution::Day || days.0 >= days.1 {
            push(Resolution::Hour, hours.0, hours.1);
        } else {
            push(Resolution::Hour, hours.0, days.0);
            push(Resolution::Day, days.0, days.1);
            push(Resolution::Hour, days.1, hours.1);
        }
        push(Resolution::Minute, hours.1, to);
    }
    let resolution = spans.iter().map(|span| span.resolution).min().unwrap_or(Resolution::Day);
    Cover { range: Range { from: from_second(from), to: from_second(to) }, resolution, spans }
}

/// The finest buckets that are still kept at `second`.
fn finest_resolution(second: i64, now: i64) -> Resolution {
    if second >= now - MINUTES_READ {
        Resolution::Minute
    } else if second >= now - HOURS_READ {
        Resolution::Hour
    } else {
        Resolution::Day
    }
}

fn second_rounded_up(time: Timestamp) -> i64 {
    time.as_second() + i64::from(time.subsec_nanosecond() > 0)
}

/// Reads a length such as `90m`, `24h` or `7d` into seconds: whole minutes, hours or days, at most ten years.
pub fn parse_length(text: &str) -> Option<i64> {
    let (number, unit) = match text.as_bytes() {
        [.., b'm'] => (&text[..text.len() - 1], MINUTE),
        [.., b'h'] => (&text[..text.len() - 1], HOUR),
        [.., b'd'] => (&text[..text.len() - 1], DAY),
        _ => return None,
    };
    let seconds = number.parse::<u32>().ok().map(i64::from)?.checked_mul(unit)?;
    (1..=3_660 * DAY).contains(&seconds).then_some(seconds)
}

/// A length as [`parse_length`] reads it, in the widest unit that fits; a single day is `24h`.
pub fn length_text(seconds: i64) -> String {
    match seconds {
        s if s % DAY == 0 && s > DAY => format!("{}d", s / DAY),
        s if s % HOUR == 0 => format!("{}h", s / HOUR),
        s => format!("{}m", s / MINUTE),
    }
}

/// The time at a Unix second, held inside what a timestamp can express.
pub fn from_second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// The time at a Unix millisecond, held inside what a timestamp can express.
pub fn from_millisecond(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap_or(if millisecond < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// The UTC day of a moment (Unix seconds), as `2026-01-31`.
pub fn date(second: i64) -> String {
    Offset::UTC.to_datetime(from_second(second)).date().to_string()
}

/// The start of the UTC month of a moment, both Unix seconds.
pub fn first_of_month(second: i64) -> i64 {
    let date = Offset::UTC.to_datetime(from_second(second)).date().first_of_month();
    Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_or(second, Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_790_000_000;

    fn range(from: i64, to: i64) -> Range {
        Range::new(from_second(from), from_second(to)).unwrap()
    }

    proptest! {
        /// Any range is covered by buckets without gap or overlap, each on its edges, each still kept.
        #[test]
        fn covers_have_no_gap_and_no_overlap(
            age in 0i64..800 * DAY,
            length in 1i64..500 * DAY,
            offset in 0i64..DAY,
            widest in prop::sample::select(Resolution::ALL.to_vec()),
        ) {
            let now = NOW + offset;
            let asked = range(now - age - length, now - age);
            let cover = cover(asked, widest, from_second(now));
            prop_assert!(cover.spans.len() <= 5);
            prop_assert!(cover.range.from <= asked.from && cover.range.to >= asked.to);
            prop_assert_eq!(cover.spans[0].start, cover.range.from.as_second());
            prop_assert_eq!(cover.spans[cover.spans.len() - 1].end, cover.range.to.as_second());
            for pair in cover.spans.windows(2) {
                prop_assert_eq!(pair[0].end, pair[1].start);
            }
            for span in &cover.spans {
                prop_assert!(span.start < span.end);
                prop_assert_eq!(span.resolution.floor(span.start), span.start);
                prop_assert_eq!(span.resolution.floor(span.end), span.end);
                match span.resolution {
                    Resolution::Minute => prop_assert!(span.start >= now - 48 * HOUR),
                    Resolution::Hour => prop_assert!(span.start >= now - 395 * DAY),
                    Resolution::Day => {}
                }
            }
            // Outwards by less than the widest bucket that rounding may use.
            prop_assert!(asked.from.as_second() - cover.range.from.as_second() < DAY);
            prop_assert!(cover.range.to.as_second() - asked.to.as_second() < DAY);
        }

        /// What a time series reads spans the same range as what the overview reads.
        #[test]
        fn the_effective_range_does_not_depend_on_the_widest_bucket(age in 0i64..800 * DAY, length in 1i64..500 * DAY) {
            let asked = range(NOW - age - length, NOW - age);
            let now = from_second(NOW);
            let ranges = Resolution::ALL.map(|widest| cover(asked, widest, now).range);
            prop_assert_eq!(ranges[0], ranges[1]);
            prop_assert_eq!(ranges[1], ranges[2]);
        }
    }

    #[test]
    fn a_recent_day_is_read_as_minutes_hours_minutes() {
        let now = from_second(NOW);
        let cover = cover(Range::last(DAY, now), Resolution::Day, now);
        let resolutions: Vec<_> = cover.spans.iter().map(|span| span.resolution).collect();
        assert_eq!(resolutions, [Resolution::Minute, Resolution::Hour, Resolution::Minute]);
    }

    #[test]
    fn steps_follow_the_range_and_what_is_kept() {
        let now = from_second(NOW);
        assert_eq!(Step::auto(Range::last(HOUR, now), now), Step::Minute1);
        assert_eq!(Step::auto(Range::last(DAY, now), now), Step::Minute15);
        assert_eq!(Step::auto(Range::last(7 * DAY, now), now), Step::Hour1);
        assert_eq!(Step::auto(Range::last(30 * DAY, now), now), Step::Hour6);
        assert_eq!(Step::auto(range(NOW - 10 * DAY, NOW - 10 * DAY + HOUR), now), Step::Hour1);
        for step in Step::ALL {
            assert_eq!(Step::parse(step.as_str()), Some(step));
        }
    }
}
