//! How times are written: in the viewer's zone, labelled, the same on server and in the browser.
//!
//! The rule: nothing here asks what time it is, or looks a zone up: both come with the data.

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use serde::{Deserialize, Serialize};
use telemetry::time::{DAY, HOUR, MINUTE, Step};
use telemetry::zone::{UTC, Zone};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The server's time when an answer was made, and the zone of whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    now: Timestamp,
    zone: Zone,
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

fn is_midnight(local: DateTime) -> bool {
    local.hour() == 0 && local.minute() == 0
}

/// `+2`, `-3:30`.
fn offset(seconds: i32) -> String {
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs() / 60);
    match minutes % 60 {
        0 => format!("{sign}{}", minutes / 60),
        rest => format!("{sign}{}:{rest:02}", minutes / 60),
    }
}

impl Default for Clock {
    /// UTC, long ago: where no answer has come yet.
    fn default() -> Self {
        Self { now: Timestamp::UNIX_EPOCH, zone: Zone::default() }
    }
}

impl Clock {
    pub fn new(now: Timestamp, zone: Zone) -> Self {
        Self { now, zone }
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What stands beside times: `UTC`, `Europe/Berlin`.
    pub fn zone_name(&self) -> String {
        self.zone.name().to_owned()
    }

    /// What that means just now.
    pub fn zone_meaning(&self) -> String {
        match self.zone.name() {
            UTC => "Coordinated Universal Time".to_owned(),
            _ => format!("UTC{}", offset(self.zone.offset(self.now.as_second()))),
        }
    }

    /// What clocks show, as seconds since 1970 as if they showed UTC: its rest by a day is the time of day.
    pub fn local_seconds(&self, at: Timestamp) -> i64 {
        at.as_second() + i64::from(self.zone.offset(at.as_second()))
    }

    /// Where clocks show a time twice, its offset.
    fn which(&self, at: Timestamp) -> String {
        let second = at.as_second();
        if self.zone.is_repeated(second) {
            format!(" {}", offset(self.zone.offset(second)))
        } else {
            String::new()
        }
    }

    /// `14:02:05`.
    pub fn time(&self, at: Timestamp) -> String {
        let local = self.zone.local(at);
        format!("{:02}:{:02}:{:02}{}", local.hour(), local.minute(), local.second(), self.which(at))
    }

    /// `23 Nov, 14:02:05.120`.
    pub fn precise(&self, at: Timestamp) -> String {
        let local = self.zone.local(at);
        let (hour, minute, second) = (local.hour(), local.minute(), local.second());
        let millisecond = at.as_millisecond().rem_euclid(1_000);
        format!("{}, {hour:02}:{minute:02}:{second:02}.{millisecond:03}{}", self.day(at), self.which(at))
    }

    /// `14:02`.
    pub fn minute(&self, at: Timestamp) -> String {
        let local = self.zone.local(at);
        format!("{:02}:{:02}{}", local.hour(), local.minute(), self.which(at))
    }

    /// `23 Nov`.
    pub fn day(&self, at: Timestamp) -> String {
        let local = self.zone.local(at);
        format!("{} {}", local.day(), month(local))
    }

    /// `Mon 23 Nov, 14:02`; the year where it is not that of now.
    pub fn moment(&self, at: Timestamp) -> String {
        let (local, now) = (self.zone.local(at), self.zone.local(self.now));
        let year = if local.year() == now.year() { String::new() } else { format!(" {}", local.year()) };
        format!("{}{year}, {}", date(local), self.minute(at))
    }

    /// From and to of a span, without saying the day twice: `Mon 23 Nov, 14:00 – 15:00`.
    pub fn span(&self, from: Timestamp, to: Timestamp) -> String {
        let last = Timestamp::from_second(to.as_second() - 1).unwrap_or(to);
        if self.day(from) == self.day(last) && (to.as_second() - from.as_second()) < DAY {
            format!("{} – {}", self.moment(from), self.minute(to))
        } else {
            format!("{} – {}", self.moment(from), self.moment(to))
        }
    }

    /// A slot's name in a table or tooltip: `Mon 23 Nov, 14:00 – 14:15`, `Mon 23 Nov`; with both days where it holds
    /// parts of two.
    pub fn slot(&self, start: Timestamp, end: Timestamp) -> String {
        let (from, to) = (self.zone.local(start), self.zone.local(end));
        let next = from.date().tomorrow().unwrap_or(from.date());
        if is_midnight(from) && is_midnight(to) && to.date() == next {
            return date(from);
        }
        let until = if to.date() == from.date() || (is_midnight(to) && to.date() == next) {
            self.minute(end)
        } else {
            format!("{}, {}", date(to), self.minute(end))
        };
        format!("{}, {} – {until}", date(from), self.minute(start))
    }

    /// A slot's label on the axis: the time, or the day where a day begins or steps are long.
    pub fn tick(&self, start: Timestamp, step: Step) -> String {
        let day_begins = self.local_seconds(start).rem_euclid(DAY) < step.seconds();
        if step == Step::Day1 || day_begins { self.day(start) } else { self.minute(start) }
    }

    /// How long ago, roughly: `12 s ago`, `5 min ago`, `3 h ago`, `2 days ago`.
    pub fn ago(&self, at: Timestamp) -> String {
        match (self.now.as_second() - at.as_second()).max(0) {
            s if s < MINUTE => format!("{s} s ago"),
            s if s < HOUR => format!("{} min ago", s / MINUTE),
            s if s < DAY => format!("{} h ago", s / HOUR),
            s if s < 2 * DAY => "a day ago".to_owned(),
            s => format!("{} days ago", s / DAY),
        }
    }

    /// The value of an `<input type="datetime-local">`: `2026-11-23T14:02`.
    pub fn input_value(&self, at: Timestamp) -> String {
        let at = self.zone.local(at);
        format!("{:04}-{:02}-{:02}T{:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
    }

    /// Reads back what such an input holds, in this zone.
    pub fn parse_input(&self, text: &str) -> Option<Timestamp> {
        Some(self.zone.instant(text.parse().ok()?))
    }

    /// Reads a moment as people and programs write it: `2026-11-23T14:05:00Z`, `2026-11-23 14:05`, `14:05`, `yesterday 14:05`,
    /// seconds or milliseconds since 1970. A time of day is the last one that has come.
    pub fn parse_moment(&self, text: &str) -> Option<Timestamp> {
        if let Ok(number) = text.parse::<i64>() {
            // in milliseconds from September 2001 on, in seconds until the year 33658
            let are_seconds = number.unsigned_abs() < 1_000_000_000_000;
            let at = if are_seconds { Timestamp::from_second } else { Timestamp::from_millisecond };
            return at(number).ok();
        }
        if let Some(at) = text.parse().ok().or_else(|| self.parse_input(text)) {
            return Some(at);
        }
        let (yesterday, time) = match text.strip_prefix("yesterday") {
            Some(rest) => (true, rest.trim_start()),
            None => (false, text),
        };
        let time: Time = time.parse().ok()?;
        let today = self.zone.local(self.now).date();
        let at = self.zone.instant(today.to_datetime(time));
        if yesterday || at > self.now {
            return Some(self.zone.instant(today.yesterday().ok()?.to_datetime(time)));
        }
        Some(at)
    }
}

/// Reads what an `<input type="datetime-local">` holds, where it is told to be in UTC.
pub fn parse_utc(text: &str) -> Option<Timestamp> {
    Some(Zone::default().instant(text.parse().ok()?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn utc() -> Clock {
        Clock::new(at("2026-11-23T14:02:05Z"), Zone::default())
    }

    fn clock_in(name: &str) -> Clock {
        let now = at("2026-11-23T14:02:05Z");
        Clock::new(now, Zone::named(name, now.as_second() - 400 * DAY, now.as_second() + 400 * DAY).unwrap())
    }

    #[test]
    fn moments_agree_with_the_calendar() {
        let clock = utc();
        assert_eq!(clock.moment(clock.now()), "Mon 23 Nov, 14:02");
        assert_eq!(clock.moment(at("2024-02-29T00:00:00Z")), "Thu 29 Feb 2024, 00:00");
        assert_eq!(clock.moment(at("1970-01-01T00:00:00Z")), "Thu 1 Jan 1970, 00:00");
        assert_eq!(clock.moment(at("1969-12-31T23:59:00Z")), "Wed 31 Dec 1969, 23:59");
        assert_eq!(clock.moment(at("2000-03-01T12:30:00Z")), "Wed 1 Mar 2000, 12:30");
        assert_eq!(clock.time(clock.now()), "14:02:05");
        assert_eq!(clock_in("Asia/Kolkata").moment(at("2026-12-31T18:30:00Z")), "Fri 1 Jan 2027, 00:00");
    }

    #[test]
    fn spans_do_not_repeat_the_day() {
        let clock = utc();
        let span = |from, to| clock.span(at(from), at(to));
        assert_eq!(span("2026-11-23T13:00:00Z", "2026-11-23T14:00:00Z"), "Mon 23 Nov, 13:00 – 14:00");
        assert_eq!(
            span("2026-11-22T14:00:00Z", "2026-11-23T14:00:00Z"),
            "Sun 22 Nov, 14:00 – Mon 23 Nov, 14:00"
        );
        assert_eq!(span("2026-11-22T23:00:00Z", "2026-11-23T00:00:00Z"), "Sun 22 Nov, 23:00 – 00:00");
    }

    #[test]
    fn slots_and_ticks() {
        let (clock, kolkata) = (utc(), clock_in("Asia/Kolkata"));
        let slot = |clock: &Clock, from, to| clock.slot(at(from), at(to));
        assert_eq!(slot(&clock, "2026-11-23T14:00:00Z", "2026-11-23T14:15:00Z"), "Mon 23 Nov, 14:00 – 14:15");
        assert_eq!(slot(&clock, "2026-11-23T18:00:00Z", "2026-11-24T00:00:00Z"), "Mon 23 Nov, 18:00 – 00:00");
        assert_eq!(slot(&clock, "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"), "Mon 23 Nov");
        // A day of a half-hour zone tells where it is really cut.
        let day = slot(&kolkata, "2026-11-22T19:00:00Z", "2026-11-23T19:00:00Z");
        assert_eq!(day, "Mon 23 Nov, 00:30 – Tue 24 Nov, 00:30");
        assert_eq!(clock.tick(at("2026-11-23T14:00:00Z"), Step::Minute15), "14:00");
        assert_eq!(clock.tick(at("2026-11-23T00:00:00Z"), Step::Minute15), "23 Nov");
        assert_eq!(kolkata.tick(at("2026-11-22T19:00:00Z"), Step::Hour1), "23 Nov");
        assert_eq!(kolkata.tick(at("2026-11-22T20:00:00Z"), Step::Hour1), "01:30");
    }

    #[test]
    fn an_hour_that_is_shown_twice_tells_which() {
        let berlin = clock_in("Europe/Berlin");
        assert_eq!(berlin.minute(at("2026-10-25T00:30:00Z")), "02:30 +2");
        assert_eq!(berlin.minute(at("2026-10-25T01:30:00Z")), "02:30 +1");
        assert_eq!(berlin.minute(at("2026-10-25T02:30:00Z")), "03:30");
        assert_eq!(offset(-12_600), "-3:30");
        assert_eq!(
            (berlin.zone_name(), berlin.zone_meaning()),
            ("Europe/Berlin".to_owned(), "UTC+1".to_owned())
        );
    }

    #[test]
    fn inputs_are_read_in_the_zone() {
        let time = at("2026-11-23T14:02:00Z");
        for clock in [utc(), clock_in("Europe/Berlin"), clock_in("Asia/Kathmandu")] {
            assert_eq!(clock.parse_input(&clock.input_value(time)), Some(time));
        }
        assert_eq!(utc().parse_input("2026-11-23T14:02:30"), Some(at("2026-11-23T14:02:30Z")));
        assert_eq!(utc().parse_input("tomorrow"), None);
    }

    #[test]
    fn moments_are_read_as_they_are_written() {
        let berlin = clock_in("Europe/Berlin"); // it is 15:02 there
        for (text, moment) in [
            ("14:05", "2026-11-23T13:05:00Z"),
            ("15:30", "2026-11-22T14:30:00Z"), // has not come yet today
            ("yesterday 14:05", "2026-11-22T13:05:00Z"),
            ("yesterday 23:00:30", "2026-11-22T22:00:30Z"),
            ("2026-11-20 08:00", "2026-11-20T07:00:00Z"),
            ("2026-11-20T08:00", "2026-11-20T07:00:00Z"),
            ("2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z"),
            ("1763906700", "2025-11-23T14:05:00Z"),
            ("1763906700000", "2025-11-23T14:05:00Z"),
        ] {
            assert_eq!(berlin.parse_moment(text), Some(at(moment)), "{text}");
        }
        for text in ["", "soon", "yesterday", "25:00", "-", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(berlin.parse_moment(text), None, "{text}");
        }
    }

    #[test]
    fn ages_are_rough() {
        let clock = utc();
        for (time, age) in [
            ("2026-11-23T14:02:00Z", "5 s ago"),
            ("2026-11-23T13:02:00Z", "1 h ago"),
            ("2026-11-22T10:02:00Z", "a day ago"),
            ("2026-11-20T14:02:00Z", "3 days ago"),
            ("2026-11-23T14:03:00Z", "0 s ago"),
        ] {
            assert_eq!(clock.ago(at(time)), age);
        }
    }
}
