//! What every metrics store promises: claims, completions, series under caps, reading, retention, rebuilding, workers.

mod claims;
mod completions;
mod reading;
mod rebuilding;
mod series;
mod workers;

pub(crate) use claims::*;
pub(crate) use completions::*;
pub(crate) use reading::*;
pub(crate) use rebuilding::*;
pub(crate) use series::*;
pub(crate) use workers::*;

use store::MetricsStore;
use store::access::ClientScope;
use store::metrics::{RollupRow, SeriesCaps, SeriesFilter, SeriesFilterKind, SeriesKey, SeriesKind};
use telemetry::hit::Method;
use telemetry::report::ClientId;
use telemetry::time::{DAY, Resolution, Span};

/// The caps that a store is opened with for this suite.
pub(crate) const CAPS: SeriesCaps = SeriesCaps { services: 5, endpoints: 8, environments: 3, consumers: 4 };

macro_rules! contract {
    ($open:expr) => {
        mod metrics_contract {
            crate::run_contract!(
                $open,
                metrics,
                [
                    the_first_message_owns_a_batch,
                    concurrent_claims_have_one_owner,
                    answers_come_in_the_order_of_the_claims,
                    batches_of_other_clients_are_other_batches,
                    a_claim_older_than_the_inbox_is_refused,
                    a_completed_batch_counts_once,
                    a_completion_is_all_or_nothing,
                    concurrent_completions_count_once,
                    an_abandoned_completion_happened_whole_or_not_at_all,
                    a_batch_of_another_message_cannot_be_completed,
                    numbers_do_not_depend_on_how_hits_were_divided,
                    usage_adds_up_by_day_and_field,
                    equal_keys_have_one_number_and_different_ones_different,
                    beyond_a_cap_the_rest_counts_under_other,
                    caps_are_exact_under_concurrency,
                    the_name_other_takes_no_place,
                    the_longest_names_are_names,
                    filters_choose_series,
                    rows_are_read_by_span_and_status,
                    sketches_are_read_where_asked_for,
                    streamed_rows_and_bucket_counts_equal_the_rows,
                    series_without_rows_are_not_active,
                    another_client_reads_nothing,
                    what_has_outlived_its_time_is_pruned_in_portions,
                    a_rebuild_writes_the_rows_of_its_spans_anew,
                    a_rebuild_without_a_commit_has_not_happened,
                    a_rebuild_holds_claims_and_completions_off,
                    workers_are_known_until_they_have_been_silent_for_a_day,
                ]
            );
        }
    };
}
pub(crate) use contract;

const CLIENT: ClientId = ClientId(7);

fn scope() -> ClientScope {
    ClientScope::of_the_instance(CLIENT)
}

fn service(client: ClientId, environment: &str, service: &str) -> SeriesKey {
    let kind = SeriesKind::Service { service: service.into() };
    SeriesKey { client, environment: environment.into(), kind }
}

fn endpoint(service: &str, endpoint: &str) -> SeriesKey {
    let (service, endpoint) = (service.into(), endpoint.into());
    let kind = SeriesKind::Endpoint { service, method: Method::Get, endpoint };
    SeriesKey { client: CLIENT, environment: "live".into(), kind }
}

fn of_kind(kind: SeriesFilterKind) -> SeriesFilter {
    SeriesFilter { kind, ..SeriesFilter::default() }
}

fn consumer(service: &str, consumer: &str) -> SeriesKey {
    let kind = SeriesKind::Consumer { service: service.into(), consumer: consumer.into() };
    SeriesKey { client: CLIENT, environment: "live".into(), kind }
}

/// Every bucket of a resolution around the tests' clock.
fn all(resolution: Resolution) -> Span {
    Span { resolution, start: 0, end: Resolution::Day.ceil(crate::samples::NOW) + DAY }
}

/// All rows of the client's total, by minute.
async fn minutes(metrics: &dyn MetricsStore) -> Vec<RollupRow> {
    let filter = SeriesFilter::default();
    metrics.rollups(&scope(), &filter, &[all(Resolution::Minute)], None, true).await.unwrap()
}

fn requests(rows: &[RollupRow]) -> u64 {
    rows.iter().map(|row| row.aggregate.count).sum()
}

/// The names of the services that match, each once, in order.
pub(crate) async fn service_names(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    filter: &SeriesFilter,
) -> Vec<String> {
    let series = metrics.series(scope, filter).await.unwrap();
    let mut names: Vec<String> = series
        .into_iter()
        .filter_map(|series| match series.key.kind {
            SeriesKind::Service { service } => Some(service),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
