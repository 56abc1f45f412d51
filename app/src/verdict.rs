//! Is anything wrong? One sentence about a client's services, one about its traffic, one about the way of the hits.
//!
//! The rule: it says the worst first and names it; it never says that all is well where nothing was seen.

use crate::clock::Clock;
use crate::number;
use crate::range::Span;
use telemetry::report::ops::{Flow, Pipeline};
use telemetry::report::{Health, Overview, ServiceRow, Services};

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// `None`: nothing was seen.
    pub(crate) health: Option<Health>,
    pub(crate) headline: String,
    /// Why, and what else.
    pub(crate) detail: String,
}

/// How a state is written.
pub(crate) const fn word(health: Health) -> &'static str {
    match health {
        Health::Failing => "Failing",
        Health::Degraded => "Degraded",
        Health::Silent => "Silent",
        Health::Healthy => "Healthy",
    }
}

/// Judges all services, or the one that the reader looks at.
pub(crate) fn of_services(services: &Services, only: Option<&str>) -> Verdict {
    let rows: Vec<&ServiceRow> =
        services.services.iter().filter(|row| only.is_none_or(|only| only == row.service)).collect();
    let Some(worst) = rows.iter().map(|row| row.health).min() else {
        return Verdict { health: None, headline: "No traffic".to_owned(), detail: String::new() };
    };
    let bad: Vec<&&ServiceRow> = rows.iter().filter(|row| row.health == worst).collect();
    let rest = rows.len() - bad.len();
    if worst == Health::Healthy {
        let headline = match bad.as_slice() {
            [one] => format!("{} is healthy", one.service),
            all => format!("All {} services are healthy", all.len()),
        };
        return Verdict { health: Some(worst), headline, detail: String::new() };
    }
    let state = word(worst).to_lowercase();
    let (headline, why) = match bad.as_slice() {
        [one] => (format!("{} is {state}", one.service), one.reason.clone()),
        some => {
            let names: Vec<&str> = some.iter().take(3).map(|row| row.service.as_str()).collect();
            let more = some.len() - names.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (
                format!("{} of {} services are {state}", some.len(), rows.len()),
                format!("{}{more}", names.join(", ")),
            )
        }
    };
    Verdict { health: Some(worst), headline, detail: sentence(&[why, others(&rows, worst, rest)]) }
}

/// "3 other services are healthy", "2 more are degraded".
fn others(rows: &[&ServiceRow], worst: Health, rest: usize) -> String {
    let next = rows.iter().map(|row| row.health).filter(|health| *health > worst).min();
    match next {
        None => String::new(),
        Some(Health::Healthy) if rest == 1 => "The other service is healthy".to_owned(),
        Some(Health::Healthy) => format!("The other {rest} services are healthy"),
        Some(next) => {
            let n = rows.iter().filter(|row| row.health == next).count();
            format!("{n} more {} {}", if n == 1 { "is" } else { "are" }, word(next).to_lowercase())
        }
    }
}

/// Whether hits come through; nothing to say while they do.
pub(crate) fn of_flow(flow: &Flow, clock: &Clock) -> Option<Verdict> {
    let behind = flow.behind_ms.map(|ms| number::duration(ms as f64));
    let (health, headline, detail) = match (flow.refusing_since, flow.standing_still, behind) {
        (Some(since), ..) => (
            Health::Failing,
            format!("Hits are being refused since {} {}", clock.time(since), clock.zone_name()),
            "The queue does not take them. Senders are told to come again later.",
        ),
        (None, true, Some(behind)) => (
            Health::Failing,
            format!("Hits are not being counted; the numbers are {behind} behind"),
            "What was accepted is safe in the queue and will be counted.",
        ),
        (None, true, None) => (
            Health::Failing,
            "Hits are not being counted".to_owned(),
            "What was accepted is safe in the queue and will be counted.",
        ),
        (None, false, Some(behind)) => (
            Health::Degraded,
            format!("The numbers lag {behind} behind"),
            "What was accepted is safe in the queue and is being counted.",
        ),
        (None, false, None) => return None,
    };
    Some(Verdict { health: Some(health), headline, detail: detail.to_owned() })
}

/// Whether the numbers can be trusted.
pub(crate) fn of_pipeline(pipeline: &Pipeline, clock: &Clock) -> Verdict {
    let down: Vec<String> = (!pipeline.queue.answers)
        .then(|| "the queue".to_owned())
        .into_iter()
        .chain(pipeline.stores.iter().filter(|store| !store.answers).map(|store| match store.name.as_str() {
            "events" => "the store of raw events".to_owned(),
            name => format!("the store of {}", if name == "metrics" { "rollups" } else { name }),
        }))
        .collect();
    let mut down = match down.as_slice() {
        [] => String::new(),
        [one] => format!("{one} does not answer"),
        [some @ .., last] => format!("{} and {last} do not answer", some.join(", ")),
    };
    if !down.is_empty() {
        down.replace_range(..1, "T");
    }
    let dead = pipeline.queue.dead_letters.unwrap_or(0);
    let dead = match dead {
        0 => String::new(),
        n => format!("{} could not be processed", number::count_of(n, "message", "messages")),
    };
    match of_flow(&pipeline.flow, clock) {
        Some(verdict) => Verdict {
            detail: sentence(&[verdict.detail.trim_end_matches('.').to_owned(), down, dead]),
            ..verdict
        },
        None if !down.is_empty() => {
            let detail = sentence(&["What needs it waits".to_owned(), dead]);
            Verdict { health: Some(Health::Failing), headline: down, detail }
        }
        None if !dead.is_empty() => Verdict {
            health: Some(Health::Degraded),
            headline: dead,
            detail: "Inspect below why; once the cause is gone, replay.".to_owned(),
        },
        None => Verdict {
            health: Some(Health::Healthy),
            headline: "Hits come through".to_owned(),
            detail: "What is accepted is counted within moments.".to_owned(),
        },
    }
}

/// How many requests the span has, and how many failed.
pub(crate) fn of_traffic(overview: &Overview, span: Span) -> String {
    let totals = &overview.totals;
    if totals.requests == 0 {
        return String::new();
    }
    let requests = number::count_of(totals.requests, "request", "requests");
    let when = match span {
        Span::Last(last) => last.words(),
        Span::Fixed { .. } => "this range".to_owned(),
    };
    let errors = match totals.errors {
        0 => "no errors".to_owned(),
        errors => format!("{} errors", number::rate(errors, totals.requests)),
    };
    format!("{requests} in {when}, {errors}.")
}

/// Parts as sentences; empty ones are left out.
fn sentence(parts: &[String]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .filter(|part| !part.is_empty())
        .map(|part| format!("{}.", part.trim_end_matches('.')))
        .collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use telemetry::report::Totals;

    fn services(rows: &[(&str, Health, &str)]) -> Services {
        let row = |(service, health, reason): &(&str, Health, &str)| ServiceRow {
            service: (*service).to_owned(),
            health: *health,
            reason: (*reason).to_owned(),
            totals: Totals::default(),
            sparkline: Vec::new(),
        };
        Services {
            from: Timestamp::UNIX_EPOCH,
            to: Timestamp::UNIX_EPOCH,
            services: rows.iter().map(row).collect(),
        }
    }

    fn said(rows: &[(&str, Health, &str)]) -> (String, String) {
        let verdict = of_services(&services(rows), None);
        (verdict.headline, verdict.detail)
    }

    #[test]
    fn the_worst_is_named_with_its_reason() {
        let rows = [
            ("checkout", Health::Failing, "5xx 8.2 % of 410 requests in 5 min"),
            ("search", Health::Degraded, "slow"),
            ("users", Health::Healthy, ""),
        ];
        let (headline, detail) = said(&rows);
        assert_eq!(headline, "checkout is failing");
        assert_eq!(detail, "5xx 8.2 % of 410 requests in 5 min. 1 more is degraded.");
    }

    #[test]
    fn several_of_the_same_state_are_counted_and_named() {
        let bad = |name| (name, Health::Degraded, "slow");
        let (headline, detail) = said(&[bad("a"), bad("b"), bad("c"), bad("d"), ("e", Health::Healthy, "")]);
        assert_eq!(headline, "4 of 5 services are degraded");
        assert_eq!(detail, "a, b, c and 1 more. The other service is healthy.");
    }

    #[test]
    fn all_is_well_only_where_something_was_seen() {
        assert_eq!(said(&[]).0, "No traffic");
        assert_eq!(of_services(&services(&[]), None).health, None);
        assert_eq!(said(&[("a", Health::Healthy, "")]).0, "a is healthy");
        assert_eq!(
            said(&[("a", Health::Healthy, ""), ("b", Health::Healthy, "")]).0,
            "All 2 services are healthy"
        );
    }

    #[test]
    fn a_reader_of_one_service_hears_about_that_one() {
        let all = services(&[("a", Health::Failing, "bad"), ("b", Health::Healthy, "")]);
        assert_eq!(of_services(&all, Some("b")).headline, "b is healthy");
        assert_eq!(of_services(&all, Some("c")).health, None);
    }
}
