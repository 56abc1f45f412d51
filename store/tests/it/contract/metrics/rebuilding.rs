//! Rollups written anew.

use super::{CLIENT, all, minutes, requests, scope};
use crate::samples::{NOW, Sample, claim, count, message, prepare, rollups};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use store::MetricsStore;
use store::access::ClientScope;
use store::metrics::{Claimed, Completed, Rebuild, RollupRow, SeriesFilter, SeriesId, SeriesKey};
use telemetry::report::ClientId;
use telemetry::time::{HOUR, Resolution, Span};

const OTHER_CLIENT: ClientId = ClientId(8);

/// The hour of the tests' clock, at every resolution that has buckets of it alone.
fn this_hour() -> [Span; 2] {
    let start = Resolution::Hour.floor(NOW);
    [Resolution::Minute, Resolution::Hour].map(|resolution| Span { resolution, start, end: start + HOUR })
}

/// Writes this hour's rows anew, as if the client had had exactly these hits in it.
async fn replace(rebuild: &mut dyn Rebuild, samples: &[Sample]) {
    let keys: Vec<SeriesKey> = samples.iter().flat_map(|sample| sample.series(CLIENT)).collect();
    let numbers = rebuild.resolve(&keys).await.unwrap();
    let numbers: BTreeMap<&SeriesKey, SeriesId> = keys.iter().zip(numbers).collect();
    let mut rows = rollups(CLIENT, samples, |key| numbers[key]);
    rows.retain(|key, _| key.resolution != Resolution::Day);
    rebuild.replace(&this_hour(), &rows).await.unwrap();
}

async fn hours(metrics: &dyn MetricsStore, client: ClientId) -> Vec<RollupRow> {
    let scope = ClientScope::of_the_instance(client);
    let spans = [all(Resolution::Hour)];
    let mut rows = metrics.rollups(&scope, &SeriesFilter::default(), &spans, None, true).await.unwrap();
    rows.sort_unstable_by_key(|row| (row.bucket, row.status));
    rows
}

pub(crate) async fn a_rebuild_writes_the_rows_of_its_spans_anew(metrics: Arc<dyn MetricsStore>) {
    let earlier = Sample::at(NOW - HOUR);
    count(&*metrics, CLIENT, "b:1", message(1), &[earlier, Sample::at(NOW), Sample::at(NOW)]).await;
    count(&*metrics, OTHER_CLIENT, "b:1", message(2), &[Sample::at(NOW)]).await;
    let theirs = hours(&*metrics, OTHER_CLIENT).await;

    // One hit with a status and of a service that had none.
    let found = Sample { status: 503, service: "new".into(), latency_ms: 900.0, ..Sample::at(NOW) };
    let mut rebuild = metrics.rebuild(&scope()).await.unwrap();
    assert!(rebuild.open_batches().await.unwrap().is_empty());
    replace(&mut *rebuild, std::slice::from_ref(&found)).await;
    rebuild.commit().await.unwrap();

    let rows = hours(&*metrics, CLIENT).await;
    let read: Vec<_> = rows.iter().map(|row| (row.bucket, row.status, row.aggregate.count)).collect();
    let hour = Resolution::Hour.floor(NOW);
    assert_eq!(read, [(hour - HOUR, 200, 1), (hour, 503, 1)]);
    assert_eq!(rows[1].aggregate.max_us, 900_000);
    assert_eq!(requests(&minutes(&*metrics).await), 2);
    assert_eq!(hours(&*metrics, OTHER_CLIENT).await, theirs);
    // The days lay outside the spans.
    let days = metrics.rollups(&scope(), &SeriesFilter::default(), &[all(Resolution::Day)], None, true).await;
    assert_eq!(requests(&days.unwrap()), 3);

    // What is counted later is added to what was written.
    count(&*metrics, CLIENT, "b:2", message(3), &[found]).await;
    assert_eq!(requests(&hours(&*metrics, CLIENT).await), 3);
}

pub(crate) async fn a_rebuild_without_a_commit_has_not_happened(metrics: Arc<dyn MetricsStore>) {
    count(&*metrics, CLIENT, "b:1", message(1), &[Sample::at(NOW)]).await;
    let before = (minutes(&*metrics).await, hours(&*metrics, CLIENT).await);
    let mut rebuild = metrics.rebuild(&scope()).await.unwrap();
    replace(&mut *rebuild, &[Sample { service: "new".into(), ..Sample::at(NOW) }, Sample::at(NOW)]).await;
    drop(rebuild);
    assert_eq!((minutes(&*metrics).await, hours(&*metrics, CLIENT).await), before);
    // Nor are numbers remembered that were given in it.
    count(&*metrics, CLIENT, "b:2", message(2), &[Sample { service: "new".into(), ..Sample::at(NOW) }]).await;
    assert_eq!(requests(&minutes(&*metrics).await), 2);
}

pub(crate) async fn a_rebuild_holds_claims_and_completions_off(metrics: Arc<dyn MetricsStore>) {
    count(&*metrics, CLIENT, "b:done", message(1), &[Sample::at(NOW)]).await;
    let (_, open) = prepare(&*metrics, &claim(CLIENT, "b:open", message(2)), &[Sample::at(NOW)]).await;
    prepare(&*metrics, &claim(OTHER_CLIENT, "b:theirs", message(3)), &[Sample::at(NOW)]).await;

    let mut rebuild = metrics.rebuild(&scope()).await.unwrap();
    let completing = tokio::spawn({
        let metrics = metrics.clone();
        async move { metrics.complete(&open).await.unwrap() }
    });
    let claiming = tokio::spawn({
        let metrics = metrics.clone();
        async move { metrics.claim(&[claim(CLIENT, "b:late", message(4))], &[], NOW).await.unwrap().claimed }
    });
    // Each step of the rebuild gives them a chance to come in between, which they may not take.
    for round in 1..=20 {
        assert_eq!(rebuild.open_batches().await.unwrap(), HashSet::from(["b:open".to_owned()]));
        replace(&mut *rebuild, &vec![Sample::at(NOW); round]).await;
    }
    assert!(!completing.is_finished() && !claiming.is_finished());
    rebuild.commit().await.unwrap();
    assert_eq!(completing.await.unwrap(), Completed::All);
    assert_eq!(claiming.await.unwrap(), [Claimed::Mine]);
    assert_eq!(requests(&minutes(&*metrics).await), 21);
    assert_eq!(requests(&hours(&*metrics, CLIENT).await), 21);
}
