//! How times are written: in UTC, labelled, the same on server and in the browser.
//!
//! The rule: nothing here asks what time it is; "now" is a time that came with the data.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use telemetry::time::{DAY, HOUR, MINUTE, Step};

/// The zone of all times, as it is shown.
pub const ZONE: &str = "UTC";

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A moment taken apart.
fn parts(time: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(time)
}

fn month(date: DateTime) -> &'static str {
    MONTHS[usize::from(date.month().unsigned_abs()) - 1]
}

fn weekday(date: DateTime) -> &'static str {
    WEEKDAYS[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())]
}

/// `Mon 23 Nov`.
fn date(date: DateTime) -> String {
    format!("{} {} {}", weekday(date), date.day(), month(date))
}

/// `14:02:05`.
pub fn time(at: Timestamp) -> String {
    let at = parts(at);
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// `23 Nov, 14:02:05.120`.
pub fn precise(at: Timestamp) -> String {
    format!("{}, {}.{:03}", day(at), time(at), at.as_millisecond().rem_euclid(1_000))
}

/// `14:02`.
pub fn minute(at: Timestamp) -> String {
    let at = parts(at);
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// `23 Nov`.
pub fn day(at: Timestamp) -> String {
    let at = parts(at);
    format!("{} {}", at.day(), month(at))
}

/// `Mon 23 Nov, 14:02`; the year where it is not `now`'s.
pub fn moment(at: Timestamp, now: Timestamp) -> String {
    let (clock, at, now) = (minute(at), parts(at), parts(now));
    let year = if at.year() == now.year() { String::new() } else { format!(" {}", at.year()) };
    format!("{}{year}, {clock}", date(at))
}

/// From and to of a span, without saying the day twice: `Mon 23 Nov, 14:00 – 15:00`.
pub fn span(from: Timestamp, to: Timestamp, now: Timestamp) -> String {
    let last = Timestamp::from_second(to.as_second() - 1).unwrap_or(to);
    if day(from) == day(last) && (to.as_second() - from.as_second()) < DAY {
        format!("{} – {}", moment(from, now), minute(to))
    } else {
        format!("{} – {}", moment(from, now), moment(to, now))
    }
}

/// A bucket's name in a table or tooltip: `Mon 23 Nov, 14:00 – 14:15`, `Mon 23 Nov`.
pub fn bucket(start: Timestamp, step: Step) -> String {
    let date = date(parts(start));
    if step == Step::Day1 {
        return date;
    }
    let end = Timestamp::from_second(start.as_second() + step.seconds()).unwrap_or(start);
    format!("{date}, {} – {}", minute(start), minute(end))
}

/// A bucket's label on the axis: the time, or the day where a day begins or steps are long.
pub fn tick(start: Timestamp, step: Step) -> String {
    let midnight = start.as_second().rem_euclid(DAY) == 0;
    if step == Step::Day1 || midnight { day(start) } else { minute(start) }
}

/// How long ago, roughly: `12 s ago`, `5 min ago`, `3 h ago`, `2 days ago`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    match (now.as_second() - at.as_second()).max(0) {
        s if s < MINUTE => format!("{s} s ago"),
        s if s < HOUR => format!("{} min ago", s / MINUTE),
        s if s < DAY => format!("{} h ago", s / HOUR),
        s if s < 2 * DAY => "a day ago".to_owned(),
        s => format!("{} days ago", s / DAY),
    }
}

/// The value of an `<input type="datetime-local">`: `2026-11-23T14:02`.
pub fn input_value(at: Timestamp) -> String {
    let at = parts(at);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
}

/// Reads back what such an input holds, as UTC.
pub fn parse_input(text: &str) -> Option<Timestamp> {
    let seconds = if text.len() == 16 { ":00" } else { "" };
    format!("{text}{seconds}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn moments_agree_with_the_calendar() {
        let now = at("2026-11-23T14:02:05Z");
        assert_eq!(moment(now, now), "Mon 23 Nov, 14:02");
        assert_eq!(moment(at("2024-02-29T00:00:00Z"), now), "Thu 29 Feb 2024, 00:00");
        assert_eq!(moment(at("1970-01-01T00:00:00Z"), now), "Thu 1 Jan 1970, 00:00");
        assert_eq!(moment(at("1969-12-31T23:59:00Z"), now), "Wed 31 Dec 1969, 23:59");
        assert_eq!(moment(at("2000-03-01T12:30:00Z"), now), "Wed 1 Mar 2000, 12:30");
        assert_eq!(time(now), "14:02:05");
    }

    #[test]
    fn spans_do_not_repeat_the_day() {
        let now = at("2026-11-23T14:02:05Z");
        assert_eq!(
            span(at("2026-11-23T13:00:00Z"), at("2026-11-23T14:00:00Z"), now),
            "Mon 23 Nov, 13:00 – 14:00"
        );
        assert_eq!(
            span(at("2026-11-22T14:00:00Z"), at("2026-11-23T14:00:00Z"), now),
            "Sun 22 Nov, 14:00 – Mon 23 Nov, 14:00"
        );
        assert_eq!(
            span(at("2026-11-22T23:00:00Z"), at("2026-11-23T00:00:00Z"), now),
            "Sun 22 Nov, 23:00 – 00:00"
        );
    }

    #[test]
    fn buckets_and_ticks() {
        assert_eq!(bucket(at("2026-11-23T14:00:00Z"), Step::Minute15), "Mon 23 Nov, 14:00 – 14:15");
        assert_eq!(bucket(at("2026-11-23T00:00:00Z"), Step::Day1), "Mon 23 Nov");
        assert_eq!(tick(at("2026-11-23T14:00:00Z"), Step::Minute15), "14:00");
        assert_eq!(tick(at("2026-11-23T00:00:00Z"), Step::Minute15), "23 Nov");
    }

    #[test]
    fn inputs_are_read_as_utc() {
        let time = at("2026-11-23T14:02:00Z");
        assert_eq!(parse_input(&input_value(time)), Some(time));
        assert_eq!(parse_input("2026-11-23T14:02:30"), Some(at("2026-11-23T14:02:30Z")));
        assert_eq!(parse_input("tomorrow"), None);
    }

    #[test]
    fn ages_are_rough() {
        let now = at("2026-11-23T14:02:05Z");
        assert_eq!(ago(at("2026-11-23T14:02:00Z"), now), "5 s ago");
        assert_eq!(ago(at("2026-11-23T13:02:00Z"), now), "1 h ago");
        assert_eq!(ago(at("2026-11-22T10:02:00Z"), now), "a day ago");
        assert_eq!(ago(at("2026-11-20T14:02:00Z"), now), "3 days ago");
        assert_eq!(ago(at("2026-11-23T14:03:00Z"), now), "0 s ago");
    }
}
