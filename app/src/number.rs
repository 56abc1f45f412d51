//! How numbers are written: counts, rates, durations, changes.
//!
//! The rules: one fixed locale; what is not zero never reads as zero; what is missing is "–"; below
//! [`FEW`] requests a rate is told as "3 of 7", because a percentage would pretend to know more.

/// Below this many requests a rate is not written in per cent.
pub const FEW: u64 = 20;

/// What stands where there is no value.
pub const NONE: &str = "–";

/// A thin, non-breaking space: between a number and its unit.
const THIN: char = '\u{202f}';

/// Exact, with thousands separated: `12,431`.
pub fn exact(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Exact up to 9,999, then three digits: `1.24 M`.
pub fn short(n: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    if n < 10_000 {
        return exact(n);
    }
    for (place, (unit, name)) in UNITS.into_iter().enumerate() {
        if n >= unit {
            let scaled = n as f64 / unit as f64;
            // 999.96 k is written as 1.00 M, not as 1000 k
            if scaled >= 999.5 && place > 0 {
                let (larger, name) = UNITS[place - 1];
                return format!("{:.2}{THIN}{name}", n as f64 / larger as f64);
            }
            return format!("{}{THIN}{name}", three_digits(scaled));
        }
    }
    exact(n)
}

/// Three significant digits of a number from 1 to 1000.
fn three_digits(x: f64) -> String {
    if x >= 99.95 {
        format!("{x:.0}")
    } else if x >= 9.995 {
        format!("{x:.1}")
    } else {
        format!("{x:.2}")
    }
}

/// A fraction in per cent: `0.42 %`, `8.2 %`, `81 %`, `<0.01 %`, `>99.9 %`.
pub fn percent(fraction: f64) -> String {
    let x = fraction * 100.0;
    let number = if !x.is_finite() {
        return NONE.to_owned();
    } else if x <= 0.0 {
        "0".to_owned()
    } else if x < 0.01 {
        "<0.01".to_owned()
    } else if x < 0.995 {
        format!("{x:.2}")
    } else if x < 9.95 {
        format!("{x:.1}")
    } else if x >= 100.0 {
        format!("{x:.0}")
    } else if x > 99.9 {
        ">99.9".to_owned()
    } else if x >= 99.0 {
        format!("{x:.1}")
    } else {
        format!("{x:.0}")
    };
    format!("{number}{THIN}%")
}

/// A share of requests: in per cent, or "3 of 7" where there are few, or "–" where there are none.
pub fn rate(part: u64, whole: u64) -> String {
    match whole {
        0 => NONE.to_owned(),
        _ if part == 0 => percent(0.0),
        _ if whole < FEW => format!("{part} of {whole}"),
        _ => percent(part as f64 / whole as f64),
    }
}

/// So many a second, without a unit: `0`, `0.25`, `4.2`, `312`, `12.4 k`.
pub fn per_second(rate: f64) -> String {
    match rate {
        r if !r.is_finite() || r < 0.0 => NONE.to_owned(),
        0.0 => "0".to_owned(),
        r if r < 0.005 => "<0.01".to_owned(),
        r if r < 0.995 => format!("{r:.2}"),
        r if r < 9.95 => format!("{r:.1}"),
        r => short(r.round() as u64),
    }
}

/// Bytes: `0 B`, `512 B`, `12 KiB`, `1.2 MiB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(unit, _)| n >= *unit) {
        Some((unit, name)) => {
            let scaled = n as f64 / unit as f64;
            if scaled < 9.95 {
                format!("{scaled:.1}{THIN}{name}")
            } else {
                format!("{scaled:.0}{THIN}{name}")
            }
        }
        None => format!("{n}{THIN}B"),
    }
}

/// Milliseconds: `0.42 ms`, `4.2 ms`, `312 ms`, `1.84 s`, `2 m 05 s`, `3 h 20 m`.
pub fn duration(ms: f64) -> String {
    if !ms.is_finite() || ms < 0.0 {
        NONE.to_owned()
    } else if ms == 0.0 {
        format!("0{THIN}ms")
    } else if ms < 0.005 {
        format!("<0.01{THIN}ms")
    } else if ms < 0.995 {
        format!("{ms:.2}{THIN}ms")
    } else if ms < 9.95 {
        format!("{ms:.1}{THIN}ms")
    } else if ms < 999.5 {
        format!("{ms:.0}{THIN}ms")
    } else if ms < 9_995.0 {
        format!("{:.2}{THIN}s", ms / 1e3)
    } else if ms < 59_950.0 {
        format!("{:.1}{THIN}s", ms / 1e3)
    } else {
        let seconds = (ms / 1e3).round() as u64;
        let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        match hours {
            0 => format!("{minutes}{THIN}m {rest:02}{THIN}s"),
            1..=99 => format!("{hours}{THIN}h {minutes:02}{THIN}m"),
            _ => format!("{}{THIN}d {}{THIN}h", hours / 24, hours % 24),
        }
    }
}

/// A latency that may be missing.
pub fn latency(ms: Option<f64>) -> String {
    ms.map_or_else(|| NONE.to_owned(), duration)
}

/// `1 request`, `2 requests`.
pub fn count_of(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", exact(n), if n == 1 { one } else { many })
}

/// Which way a figure went, compared with before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
    Same,
}

/// A change, written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    pub direction: Direction,
    /// `12 %`, `0.4 pp`, `×3.2`, `new`, `≈`.
    pub text: String,
    /// Whether it is large enough to be worth a colour.
    pub notable: bool,
}

impl Delta {
    fn new(direction: Direction, text: impl Into<String>, notable: bool) -> Self {
        Self { direction, text: text.into(), notable }
    }
}

/// The relative change of a quantity; `None` where there is nothing to compare. From zero it is "new", never ∞;
/// beyond fivefold it is told as a factor; less than 1 % is "≈". Notable from a tenth on.
pub fn change(before: Option<f64>, now: Option<f64>) -> Option<Delta> {
    let (before, now) = (before?, now?);
    if before <= 0.0 {
        return (now > 0.0).then(|| Delta::new(Direction::Up, "new", true));
    }
    let ratio = now / before;
    let notable = (ratio - 1.0).abs() >= 0.1;
    Some(match ratio {
        r if (r - 1.0).abs() < 0.01 => Delta::new(Direction::Same, "≈", false),
        r if r >= 9.95 => Delta::new(Direction::Up, format!("×{}", short(r as u64)), true),
        r if r >= 6.0 => Delta::new(Direction::Up, format!("×{r:.1}"), true),
        r if r > 1.0 => Delta::new(Direction::Up, percent(r - 1.0), notable),
        r => Delta::new(Direction::Down, percent(1.0 - r), notable),
    })
}

/// The change of a rate in percentage points; less than 0.01 pp is "≈". Notable from a quarter of a point on.
pub fn change_of_rate(before: Option<f64>, now: Option<f64>) -> Option<Delta> {
    let points = (now? - before?) * 100.0;
    let size = points.abs();
    let direction = if points > 0.0 { Direction::Up } else { Direction::Down };
    let text = match size {
        s if s < 0.01 => return Some(Delta::new(Direction::Same, "≈", false)),
        s if s < 0.995 => format!("{s:.2}{THIN}pp"),
        s if s < 9.95 => format!("{s:.1}{THIN}pp"),
        s => format!("{s:.0}{THIN}pp"),
    };
    Some(Delta::new(direction, text, size >= 0.25))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thin spaces as plain ones, so that the tables below can be read.
    fn plain(text: String) -> String {
        text.replace(THIN, " ")
    }

    #[test]
    fn rates_and_bytes_keep_two_digits() {
        for (rate, text) in [
            (0.0, "0"),
            (0.001, "<0.01"),
            (0.25, "0.25"),
            (4.21, "4.2"),
            (312.4, "312"),
            (12_400.0, "12.4 k"),
        ] {
            assert_eq!(plain(per_second(rate)), text);
        }
        for (n, text) in
            [(0, "0 B"), (1_023, "1023 B"), (1_234, "1.2 KiB"), (12 << 10, "12 KiB"), (64 << 20, "64 MiB")]
        {
            assert_eq!(plain(bytes(n)), text);
        }
    }

    #[test]
    fn counts_are_exact_to_9999_and_short_beyond() {
        for (n, wanted) in [
            (0, "0"),
            (999, "999"),
            (9_999, "9,999"),
            (10_000, "10.0 k"),
            (12_431, "12.4 k"),
            (99_949, "99.9 k"),
            (99_960, "100 k"),
            (999_499, "999 k"),
            (999_500, "1.00 M"),
            (1_240_000, "1.24 M"),
            (2_500_000_000, "2.50 G"),
            (7_000_000_000_000, "7.00 T"),
        ] {
            assert_eq!(plain(short(n)), wanted);
        }
        assert_eq!(exact(1_234_567), "1,234,567");
        assert_eq!(exact(123), "123");
        assert_eq!(exact(1_000), "1,000");
    }

    #[test]
    fn what_is_not_zero_never_reads_as_zero() {
        for (fraction, wanted) in [
            (0.0, "0 %"),
            (0.000_001, "<0.01 %"),
            (0.000_1, "0.01 %"),
            (0.004_2, "0.42 %"),
            (0.009_96, "1.0 %"),
            (0.082, "8.2 %"),
            (0.0996, "10 %"),
            (0.81, "81 %"),
            (0.992, "99.2 %"),
            (0.999_9, ">99.9 %"),
            (1.0, "100 %"),
            (2.5, "250 %"),
        ] {
            assert_eq!(plain(percent(fraction)), wanted);
        }
    }

    #[test]
    fn few_requests_are_counted_instead_of_divided() {
        assert_eq!(rate(3, 7), "3 of 7");
        assert_eq!(plain(rate(3, 20)), "15 %");
        assert_eq!(plain(rate(0, 7)), "0 %");
        assert_eq!(rate(0, 0), NONE);
    }

    #[test]
    fn durations_keep_their_meaning_at_every_size() {
        for (ms, wanted) in [
            (0.0, "0 ms"),
            (0.004, "<0.01 ms"),
            (0.42, "0.42 ms"),
            (0.997, "1.0 ms"),
            (4.2, "4.2 ms"),
            (9.96, "10 ms"),
            (312.0, "312 ms"),
            (999.6, "1.00 s"),
            (1_840.0, "1.84 s"),
            (12_340.0, "12.3 s"),
            (59_960.0, "1 m 00 s"),
            (125_000.0, "2 m 05 s"),
            (12_000_000.0, "3 h 20 m"),
            (435_600_000.0, "5 d 1 h"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(plain(duration(ms)), wanted);
        }
        assert_eq!(latency(None), NONE);
    }

    #[test]
    fn changes_are_relative_and_never_infinite() {
        let text = |before: f64, now: f64| {
            change(Some(before), Some(now)).map(|delta| (delta.direction, plain(delta.text)))
        };
        assert_eq!(text(100.0, 112.0), Some((Direction::Up, "12 %".to_owned())));
        assert_eq!(text(100.0, 50.0), Some((Direction::Down, "50 %".to_owned())));
        assert_eq!(text(100.0, 100.5), Some((Direction::Same, "≈".to_owned())));
        assert_eq!(text(0.0, 5.0), Some((Direction::Up, "new".to_owned())));
        assert_eq!(text(0.0, 0.0), None);
        assert_eq!(text(10.0, 72.0), Some((Direction::Up, "×7.2".to_owned())));
        assert_eq!(text(1.0, 12_345.0), Some((Direction::Up, "×12.3 k".to_owned())));
        assert_eq!(text(10.0, 0.0), Some((Direction::Down, "100 %".to_owned())));
        assert_eq!(change(None, Some(1.0)), None);
    }

    #[test]
    fn rates_change_by_percentage_points() {
        let text = |before, now| {
            change_of_rate(Some(before), Some(now)).map(|delta| (delta.direction, plain(delta.text)))
        };
        assert_eq!(text(0.01, 0.052), Some((Direction::Up, "4.2 pp".to_owned())));
        assert_eq!(text(0.052, 0.05), Some((Direction::Down, "0.20 pp".to_owned())));
        assert_eq!(text(0.01, 0.010_05), Some((Direction::Same, "≈".to_owned())));
        assert_eq!(text(0.0, 0.5), Some((Direction::Up, "50 pp".to_owned())));
        assert_eq!(change_of_rate(None, Some(0.1)), None);
    }
}
