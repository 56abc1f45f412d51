//! Rollups written anew from raw events.
//!
//! The rule: whoever counts waits meanwhile, and what they had begun is left to them; so nothing is counted twice, and
//! nothing is missing once they are done.

use super::{Raw, kept_spans, lies_in};
use store::access::ClientScope;
use store::metrics::{MetricsRetention, SeriesFilter};
use store::{StoreError, Stores};
use telemetry::report::ClientId;
use telemetry::time::Range;

/// What a rebuild did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebuilt {
    /// The rollups are what raw events come to.
    Done {
        /// Rollup rows that were written.
        rows: usize,
        /// Hits in raw events that were left to the consumer that had begun with them.
        open: u64,
    },
    /// Nothing was touched: there are rollups and not one raw event. These have rather been deleted, as after a longer
    /// retention was set, than never been there.
    NoRawEvents,
}

/// Replaces the rollups of `range` by what raw events say. Its ends are edges of days, and all its raw events are kept;
/// of the rollups only those are written that are kept at `now`, Unix seconds. One transaction; as many rollup rows as
/// the range has lie in memory: rebuild a long one day by day.
pub async fn rebuild(
    stores: &Stores,
    client: ClientId,
    range: Range,
    kept: &MetricsRetention,
    now: i64,
) -> Result<Rebuilt, StoreError> {
    let scope = ClientScope::of_the_instance(client);
    let spans = kept_spans(range, kept, now);
    let mut rebuild = stores.metrics.rebuild(&scope).await?;
    let open = rebuild.open_batches().await?;
    let Raw { series, sums, hits, open } = Raw::read(stores, &scope, range, &open).await?;
    if hits == 0 && open == 0 {
        let filter = SeriesFilter::default();
        let counted = stores.metrics.active_series(&scope, &filter, &spans, None).await?;
        return Ok(if counted.is_empty() { Rebuilt::Done { rows: 0, open } } else { Rebuilt::NoRawEvents });
    }
    let numbers = rebuild.resolve(&series.series).await?;
    let mut rows = sums.rollups(&series, &numbers);
    rows.retain(|key, _| lies_in(key, &spans));
    rebuild.replace(&spans, &rows).await?;
    rebuild.commit().await?;
    Ok(Rebuilt::Done { rows: rows.len(), open })
}
