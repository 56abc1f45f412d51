//! The newest failed requests, grouped by what went wrong.
//!
//! The rule: groups are samples and no statistics: they come from raw events, of which only so many are looked at, and the
//! report says how many.

use super::{AnalyticsQuery, RequestsQuery};
use crate::access::ClientScope;
use crate::error::Failure;
use crate::events::{EventFilter, EventStore};
use crate::identity;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use telemetry::hit::Method;
use telemetry::report::{FailureGroup, Failures, RequestRow};

/// Failed requests that are looked at.
const LOOKED_AT: usize = 2_000;
/// How long reading them may take; then it is fewer.
const SCAN: Duration = Duration::from_millis(150);
const GROUPS: usize = 20;
/// Bytes of an error that tell it from others.
const ERROR_BYTES: usize = 200;

struct Group {
    newest: RequestRow,
    oldest: jiff::Timestamp,
    requests: u64,
    endpoints: BTreeSet<(String, Method, String)>,
}

/// `GET /api/analytics/failures`.
pub async fn failures(
    events: &dyn EventStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
) -> Result<Failures, Failure> {
    let (low, high) = query.status.unwrap_or((400, 599));
    if high < 400 {
        return Ok(Failures { looked_at: 0, complete: true, groups: Vec::new() });
    }
    let asked = AnalyticsQuery { status: Some((low.max(400), high)), ..query.clone() };
    let filter: EventFilter = RequestsQuery::of(asked).filter();
    let page = events.page(scope, query.range, &filter, None, LOOKED_AT, SCAN).await?;
    let (looked_at, complete) = (page.rows.len() as u64, page.next.is_none());

    let mut groups: HashMap<(u16, Option<String>), Group> = HashMap::new();
    for row in page.rows {
        let key = (row.status, row.error.as_deref().map(pattern));
        let endpoint = (row.service.clone(), row.method, row.endpoint.clone());
        let at = row.timestamp;
        // Newest first: the first of a group is its newest.
        let group = groups.entry(key).or_insert_with(|| Group {
            newest: row,
            oldest: at,
            requests: 0,
            endpoints: BTreeSet::new(),
        });
        group.oldest = at;
        group.requests += 1;
        group.endpoints.insert(endpoint);
    }
    let mut groups: Vec<FailureGroup> = groups
        .into_iter()
        .map(|((status, error), mut group)| {
            group.newest.id = identity::to_public(&group.newest.id);
            FailureGroup {
                status,
                error,
                requests: group.requests,
                endpoints: group.endpoints.len() as u64,
                first: group.oldest,
                sample: group.newest,
            }
        })
        .collect();
    groups.sort_by_cached_key(|group| (Reverse(group.requests), group.status, group.error.clone()));
    groups.truncate(GROUPS);
    Ok(Failures { looked_at, complete, groups })
}

/// An error without what differs from one time to the next: words with a digit in them are `#`, quoted texts are `…`.
fn pattern(error: &str) -> String {
    let mut text = String::new();
    let mut rest = error;
    while let Some(next) = rest.chars().next() {
        if text.len() >= ERROR_BYTES {
            text.push('…');
            break;
        }
        // An apostrophe inside a word opens nothing.
        let opens = matches!(next, '"' | '`') || next == '\'' && !text.ends_with(char::is_alphanumeric);
        let quoted = opens.then(|| rest[1..].find(next)).flatten();
        if let Some(length) = quoted {
            text.push(next);
            text.push('…');
            text.push(next);
            rest = &rest[length + 2..];
        } else if next.is_alphanumeric() {
            let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
            let end = rest.find(|c: char| !inside(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            text.push_str(if word.contains(|c: char| c.is_ascii_digit()) { "#" } else { word });
            rest = after;
        } else {
            text.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn errors_that_differ_in_numbers_ids_and_quotes_are_the_same() {
        for (error, same) in [
            ("payment timed out after 3000 ms", "payment timed out after # ms"),
            ("order 8f14e45f-ceea-467f not found", "order # not found"),
            ("no user \"ann\"", "no user \"…\""),
            ("can't read 'a b.txt': it's gone", "can't read '…': it's gone"),
            ("connect 10.0.0.7:5432 refused", "connect #.#.#.#:# refused"),
            ("unclosed \"quote", "unclosed \"quote"),
        ] {
            assert_eq!(pattern(error), same);
        }
        assert!(pattern(&"word ".repeat(1_000)).len() < ERROR_BYTES + 20);
    }

    proptest! {
        #[test]
        fn a_pattern_stays_as_it_is(error in ".{0,120}") {
            let once = pattern(&error);
            prop_assert!(!once.contains(|c: char| c.is_ascii_digit()));
            prop_assert_eq!(pattern(&once), once);
        }
    }
}
