//! A viewer's time zone, as a table of offsets: what the server finds in the time zone database, the browser only reads.
//!
//! The rule: buckets are UTC and stay so. A zone decides how times are written, and where slots of six hours or a day are
//! cut: at whole UTC hours, at or after the local edge. So every hit is in exactly one slot, and sums equal totals in
//! each zone; where a zone is off by half an hour the day begins half an hour late, and says so.

use crate::time::{DAY, HOUR, from_second};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// The name of the zone that needs no table.
pub const UTC: &str = "UTC";

/// The longest name of a zone that is looked up; none in the database is longer than half of this.
pub const NAME_BYTES: usize = 64;

/// A time zone over a stretch of time. Beyond it the nearest offset is taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Zone {
    /// As the IANA database has it: `Europe/Berlin`.
    name: String,
    /// Seconds east of UTC before the first change.
    first: i32,
    /// From when on (Unix seconds) which offset holds, oldest first.
    changes: Vec<(i64, i32)>,
}

impl Default for Zone {
    fn default() -> Self {
        Self { name: UTC.to_owned(), first: 0, changes: Vec::new() }
    }
}

impl Zone {
    /// The zone of this name with all its changes from `from` to `to` (Unix seconds), if there is one. Case is ignored.
    #[cfg(feature = "zones")]
    pub fn named(name: &str, from: i64, to: i64) -> Option<Self> {
        use jiff::tz::TimeZoneDatabase;
        if name.len() > NAME_BYTES {
            return None;
        }
        if name.eq_ignore_ascii_case(UTC) {
            return Some(Self::default());
        }
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        let seconds = |at: Timestamp| zone.to_offset(at).seconds();
        let mut table = Self {
            name: zone.iana_name().unwrap_or(name).to_owned(),
            first: seconds(from_second(from)),
            changes: Vec::new(),
        };
        let mut last = table.first;
        for change in
            zone.following(from_second(from)).take_while(|change| change.timestamp().as_second() < to)
        {
            let offset = change.offset().seconds();
            // a change of the name or of what counts as summer changes no clock
            if offset != last {
                table.changes.push((change.timestamp().as_second(), offset));
                last = offset;
            }
        }
        Some(table)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether local days are those of UTC.
    pub fn is_utc(&self) -> bool {
        self.first == 0 && self.changes.is_empty()
    }

    /// Seconds east of UTC at a moment (Unix seconds).
    pub fn offset(&self, second: i64) -> i32 {
        let passed = self.changes.partition_point(|(since, _)| *since <= second);
        passed.checked_sub(1).map_or(self.first, |place| self.changes[place].1)
    }

    /// What clocks show at a moment.
    pub fn local(&self, at: Timestamp) -> DateTime {
        Offset::from_seconds(self.offset(at.as_second())).unwrap_or(Offset::UTC).to_datetime(at)
    }

    /// The moment at which clocks show `local`: the first of two, and where clocks skip it, as much later as they skip.
    pub fn instant(&self, local: DateTime) -> Timestamp {
        let plain = Offset::UTC.to_timestamp(local).map_or(0, Timestamp::as_second);
        let offsets = [self.first].into_iter().chain(self.changes.iter().map(|(_, offset)| *offset));
        let moments = offsets.map(|offset| plain - i64::from(offset));
        let shown = moments.clone().filter(|second| second + i64::from(self.offset(*second)) == plain).min();
        let second = shown.unwrap_or_else(|| {
            // skipped: by the offset that holds until then, clocks would show it
            let skip = self.changes.iter().find(|(since, offset)| plain - i64::from(*offset) < *since);
            let before = skip.map_or(self.first, |(since, _)| self.offset(since - 1));
            plain - i64::from(before)
        });
        from_second(second)
    }

    /// Whether clocks show the time of this moment (Unix seconds) twice.
    pub fn is_repeated(&self, second: i64) -> bool {
        let mut before = self.first;
        for (since, offset) in &self.changes {
            let back = i64::from(before - offset);
            if back > 0 && (since - back..since + back).contains(&second) {
                return true;
            }
            before = *offset;
        }
        false
    }

    /// Where local slots of `width` seconds, six hours or a day, begin: from the one that holds `from` to the last that
    /// begins before `to`; and where that one ends.
    pub fn edges(&self, from: i64, to: i64, width: i64) -> (Vec<i64>, i64) {
        let per_day = (DAY / width).max(1);
        let midnight = |day: i64| Offset::UTC.to_datetime(from_second(day * DAY));
        // The day before the local day of `from`: its last edge may be rounded up past `from`.
        let first_day = (from + i64::from(self.offset(from))).div_euclid(DAY) - 1;
        let mut starts: Vec<i64> = Vec::new();
        for day in first_day.. {
            for part in 0..per_day {
                let local = midnight(day).date().at(i8::try_from(part * width / HOUR).unwrap_or(0), 0, 0, 0);
                let second = self.instant(local).as_second();
                let edge = second + (HOUR - second.rem_euclid(HOUR)) % HOUR;
                if starts.last().is_some_and(|last| edge <= *last) {
                    continue;
                }
                if edge <= from {
                    starts.clear();
                }
                if edge >= to {
                    return (starts, edge);
                }
                starts.push(edge);
            }
            if midnight(day).year() >= 9_990 {
                break;
            }
        }
        (starts, to)
    }
}

#[cfg(test)]
#[cfg(feature = "zones")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    fn of_2026(name: &str) -> Zone {
        Zone::named(name, at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).unwrap()
    }

    fn local(text: &str) -> DateTime {
        text.parse().unwrap()
    }

    #[test]
    fn zones_are_found_by_name_and_hold_their_changes() {
        let berlin = of_2026("europe/berlin");
        assert_eq!(berlin.name(), "Europe/Berlin");
        assert_eq!(berlin.offset(at("2026-03-29T00:59:59Z")), 3_600);
        assert_eq!(berlin.offset(at("2026-03-29T01:00:00Z")), 7_200);
        assert_eq!(berlin.offset(at("2026-10-25T01:00:00Z")), 3_600);
        assert_eq!(of_2026("Asia/Kolkata").offset(0), 19_800);
        assert!(of_2026("utc").is_utc() && !berlin.is_utc());
        assert_eq!(Zone::named("Mars/Olympus", 0, 1), None);
        assert_eq!(Zone::named(&"A".repeat(65), 0, 1), None);
    }

    #[test]
    fn local_times_that_occur_twice_or_never_have_one_moment() {
        let berlin = of_2026("Europe/Berlin");
        assert_eq!(berlin.instant(local("2026-10-25T02:30:00")).as_second(), at("2026-10-25T00:30:00Z"));
        assert_eq!(berlin.instant(local("2026-03-29T02:30:00")).as_second(), at("2026-03-29T01:30:00Z"));
        assert_eq!(berlin.instant(local("2026-07-01T12:00:00")).as_second(), at("2026-07-01T10:00:00Z"));
        assert!(
            berlin.is_repeated(at("2026-10-25T00:30:00Z")) && berlin.is_repeated(at("2026-10-25T01:30:00Z"))
        );
        assert!(
            !berlin.is_repeated(at("2026-10-24T23:59:59Z"))
                && !berlin.is_repeated(at("2026-10-25T02:00:00Z"))
        );
    }

    #[test]
    fn days_have_23_and_25_hours_when_clocks_change() {
        let berlin = of_2026("Europe/Berlin");
        let widths = |from, to| {
            let (mut starts, end) = berlin.edges(at(from), at(to), DAY);
            starts.push(end);
            starts.windows(2).map(|pair| (pair[1] - pair[0]) / HOUR).collect::<Vec<_>>()
        };
        assert_eq!(widths("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"), [24, 23, 24]);
        assert_eq!(widths("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"), [24, 25, 24]);
        let (quarters, end) = berlin.edges(at("2026-03-29T00:00:00Z"), at("2026-03-29T12:00:00Z"), 6 * HOUR);
        assert_eq!(
            quarters,
            [at("2026-03-28T23:00:00Z"), at("2026-03-29T04:00:00Z"), at("2026-03-29T10:00:00Z")]
        );
        assert_eq!(end, at("2026-03-29T16:00:00Z"));
    }

    #[test]
    fn days_of_half_hour_zones_begin_at_the_whole_hour_after() {
        let (starts, end) =
            of_2026("Asia/Kolkata").edges(at("2026-11-23T10:00:00Z"), at("2026-11-24T20:00:00Z"), DAY);
        assert_eq!(
            starts,
            [at("2026-11-22T19:00:00Z"), at("2026-11-23T19:00:00Z"), at("2026-11-24T19:00:00Z")]
        );
        assert_eq!(end, at("2026-11-25T19:00:00Z"));
    }

    const NAMES: [&str; 8] = [
        "UTC",
        "Europe/Berlin",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/Sao_Paulo",
    ];

    proptest! {
        /// Slots hold the range without gap or overlap, at whole hours, whatever the zone.
        #[test]
        fn edges_hold_the_range(
            name in prop::sample::select(NAMES.to_vec()),
            from in 1_200_000_000i64..1_900_000_000,
            length in 1i64..60 * DAY,
            days in any::<bool>(),
        ) {
            let (width, to) = (if days { DAY } else { 6 * HOUR }, from + length);
            let zone = Zone::named(name, from - 2 * DAY, to + 2 * DAY).unwrap();
            let (starts, end) = zone.edges(from, to, width);
            prop_assert!(starts[0] <= from && to <= end);
            prop_assert!(starts.len() == 1 || starts[1] > from);
            prop_assert!(*starts.last().unwrap() < to);
            let all: Vec<i64> = starts.iter().copied().chain([end]).collect();
            for pair in all.windows(2) {
                prop_assert!(pair[0] < pair[1] && pair[1] - pair[0] <= 2 * width);
            }
            prop_assert!(all.iter().all(|edge| edge % HOUR == 0));
        }

        /// What clocks show at a moment leads back to it, or to the first of the two that show the same.
        #[test]
        fn local_times_lead_back(name in prop::sample::select(NAMES.to_vec()), second in 1_200_000_000i64..1_900_000_000) {
            let zone = Zone::named(name, second - 400 * DAY, second + 400 * DAY).unwrap();
            let back = zone.instant(zone.local(from_second(second))).as_second();
            prop_assert!(back == second || (back < second && zone.is_repeated(second)), "{back} {second}");
        }
    }
}
