//! What every event store promises.

mod paging;
mod storing;

pub(crate) use paging::*;
pub(crate) use storing::*;

use crate::samples::NOW;
use std::time::Duration;
use store::EventStore;
use store::access::ClientScope;
use store::events::{Event, EventCursor, EventFilter};
use telemetry::hit::{Hit, identity};
use telemetry::report::{ClientId, RequestRow};
use telemetry::time::{DAY, Range, from_second};

macro_rules! contract {
    ($open:expr) => {
        mod events_contract {
            crate::run_contract!(
                $open,
                events,
                [
                    the_first_content_under_an_identity_stays,
                    what_was_stored_comes_back,
                    positions_and_batches_and_clients_tell_events_apart,
                    many_events_at_once_and_again_at_the_same_time,
                    pages_are_complete_and_without_repeats_even_within_one_millisecond,
                    a_page_holds_its_range_only,
                    filters_let_pass_what_matches,
                    a_search_finds_parts_in_any_case,
                    a_scan_stops_when_its_time_is_up_and_goes_on_where_it_stopped,
                    another_client_sees_nothing,
                    junk_finds_nothing,
                    each_event_of_a_range_is_handed_over_once_as_it_was_stored,
                    pruning_takes_the_oldest_in_portions,
                ]
            );
        }
    };
}
pub(crate) use contract;

const CLIENT: ClientId = ClientId(7);
/// The year 2100: a backend that deletes by itself must not do so in the middle of a test.
pub(crate) const NEVER: i64 = 4_102_444_800_000;
const BUDGET: Duration = Duration::from_secs(60);

fn scope() -> ClientScope {
    ClientScope::of_the_instance(CLIENT)
}

fn all_time() -> Range {
    Range::new(from_second(NOW - 100 * DAY), from_second(NOW + DAY)).unwrap()
}

fn event<'a>(batch: &'a str, position: u32, hit: Hit<'a>) -> Event<'a> {
    Event { client: CLIENT, batch, position, expire_at: NEVER, hit }
}

fn id(batch: &str, position: u32) -> String {
    identity(CLIENT, batch, position)
}

/// All pages of a filter, the way a caller asks for them.
async fn pages(
    store: &dyn EventStore,
    filter: &EventFilter,
    limit: usize,
    budget: Duration,
) -> Vec<RequestRow> {
    let mut rows = Vec::new();
    let mut after: Option<EventCursor> = None;
    loop {
        let page = store.page(&scope(), all_time(), filter, after.as_ref(), limit, budget).await.unwrap();
        assert!(page.rows.len() <= limit);
        rows.extend(page.rows);
        match page.next {
            Some(next) => assert!(after.replace(next.clone()) != Some(next), "paging does not get on"),
            None => return rows,
        }
    }
}
