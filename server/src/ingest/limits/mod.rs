//! Holds clients and keys to their limits: hits a second, hits of a day and of a month.
//!
//! The rule: a limit costs nothing where none is set; where one is, the database is asked at most once in ten seconds for
//! whoever has it, and where it does not answer the hits pass: limits must not become an outage. A server keeps count in
//! its memory ([`memory`]); several that are told of one Redis keep it there together ([`shared`]), and each by itself
//! while that does not answer. Rates are exact. Quotas are what had been counted at the last look and what was accepted
//! since, so they can be overrun by what was not counted yet within these ten seconds.

mod memory;
mod shared;

use crate::reply::{Answer, ErrorReply};
use jiff::Timestamp;
use jiff::tz::Offset;
use memory::{Held, Memory};
use prometheus_client::metrics::counter::Counter;
use runtime::config::Config;
use shared::{Answered, Shared};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use store::access::ClientScope;
use store::accounts::IngestKey;
use store::{StoreError, Stores};
use telemetry::error::{ApiError, ErrorCode};
use telemetry::report::ClientId;
use telemetry::time::{Clock, DAY, first_of_month};

/// How long what the store says of somebody's use is believed, in seconds. No day begins within a window.
const WINDOW: i64 = 10;
/// The longest that a look at the usage may hold up hits.
const LOOK_UP: Duration = Duration::from_millis(500);

/// Who is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Whose {
    Client(ClientId),
    Key(i64),
}

impl Whose {
    const fn word(self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Key(_) => "key",
        }
    }

    /// Its part of the keys in Redis.
    fn key(self) -> String {
        match self {
            Self::Client(client) => format!("client:{client}"),
            Self::Key(key) => format!("key:{key}"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Rate {
    hits_per_second: NonZeroU32,
    burst: NonZeroU32,
}

impl Rate {
    fn of(hits_per_second: Option<u32>, burst: Option<u32>) -> Option<Self> {
        let hits_per_second = NonZeroU32::new(hits_per_second?)?;
        Some(Self { hits_per_second, burst: burst.and_then(NonZeroU32::new).unwrap_or(hits_per_second) })
    }
}

/// Whether a bucket had room.
enum Taken {
    Yes,
    /// It will have, after so long.
    After(Duration),
    /// More than it ever holds.
    Never,
}

/// Hits of a day and a month that may come.
#[derive(Debug, Clone, Copy)]
struct Quotas {
    day: Option<u64>,
    month: Option<u64>,
}

impl Quotas {
    fn have_room(self, used: Counted, hits: u64) -> bool {
        let fits = |quota: Option<u64>, used: u64| quota.is_none_or(|quota| used + hits <= quota);
        fits(self.day, used.day) && fits(self.month, used.month)
    }
}

/// Hits of this day, and of this month with it.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    day: u64,
    month: u64,
}

impl Counted {
    const fn and(self, since: u64) -> Self {
        Self { day: self.day + since, month: self.month + since }
    }
}

/// What became of hits that were to be taken from quotas.
struct Reserved {
    /// What was used without them.
    used: Counted,
    /// `None`: there was no room. `Some(None)`: they were taken where nothing is given back.
    held: Option<Option<Held>>,
}

/// The limits of one server.
pub(super) struct Limits {
    memory: Memory,
    shared: Option<Shared>,
    stores: Stores,
    clock: Clock,
}

/// Hits that were admitted. Unless they are [`Admitted::kept`], they are given back to the quotas.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    held: Vec<Held>,
    /// What is nearly used up, for whoever sends.
    pub(super) warning: Option<String>,
}

impl Admitted {
    /// They are durable.
    pub(super) fn kept(self) {
        self.held.into_iter().for_each(Held::kept);
    }
}

impl Limits {
    pub(super) fn new(config: &Config, stores: &Stores, clock: Clock) -> anyhow::Result<Self> {
        let shared = config.limits_url.as_ref().map(|url| Shared::new(url, config.connect_timeout()));
        Ok(Self {
            memory: Memory::new(Arc::clone(&clock)),
            shared: shared.transpose()?,
            stores: stores.clone(),
            clock,
        })
    }

    /// Questions that Redis did not answer, where it was to be asked.
    pub(super) fn unanswered(&self) -> Option<&Counter> {
        self.shared.as_ref().map(|shared| &shared.unanswered)
    }

    /// Admits hits of a key, or says which limit they are over and when that ends.
    pub(super) async fn admit(&self, key: &IngestKey, hits: u32) -> Answer<Admitted> {
        let limits = &key.limits;
        let (of_key, of_client) = (Whose::Key(key.id), Whose::Client(key.client));
        for (whose, rate) in [
            (of_key, Rate::of(key.hits_per_second, key.burst)),
            (of_client, Rate::of(limits.hits_per_second, limits.burst)),
        ] {
            if let (Some(rate), Some(hits)) = (rate, NonZeroU32::new(hits)) {
                self.take(whose, rate, hits).await?;
            }
        }
        let mut admitted = Admitted::default();
        for (whose, quotas) in [
            (of_key, Quotas { day: key.hits_per_day, month: key.hits_per_month }),
            (of_client, Quotas { day: limits.hits_per_day, month: limits.hits_per_month }),
        ] {
            if quotas.day.is_some() || quotas.month.is_some() {
                self.reserve(whose, key.client, quotas, u64::from(hits), &mut admitted).await?;
            }
        }
        Ok(admitted)
    }

    async fn take(&self, whose: Whose, rate: Rate, hits: NonZeroU32) -> Answer<()> {
        let together = match &self.shared {
            Some(shared) => shared.take(whose, rate, hits).await,
            None => None,
        };
        let taken = match together {
            Some(taken) => taken,
            None => self.memory.take(whose, rate, hits).await,
        };
        let Rate { hits_per_second, burst } = rate;
        match taken {
            Taken::Yes => Ok(()),
            Taken::After(wait) => {
                let wait = wait.as_millis().div_ceil(1_000).max(1);
                let what =
                    format!("{hits_per_second} hits a second with a burst of {burst}; try again in {wait} s");
                let error = ErrorReply::from(over(whose, &what, "hitsPerSecond"));
                Err(error.retry_after(u64::try_from(wait).unwrap_or(u64::MAX)))
            }
            Taken::Never => {
                let what =
                    format!("{burst} hits at once; send batches of at most {burst} hits, not of {hits}");
                Err(over(whose, &what, "burst").into())
            }
        }
    }

    async fn reserve(
        &self,
        whose: Whose,
        client: ClientId,
        quotas: Quotas,
        hits: u64,
        admitted: &mut Admitted,
    ) -> Answer<()> {
        let now = (self.clock)();
        let Reserved { used, held } = self.reserved(whose, client, quotas, hits, now).await;
        let periods = [
            Period { name: "day", field: "hitsPerDay", quota: quotas.day, used: used.day },
            Period { name: "month", field: "hitsPerMonth", quota: quotas.month, used: used.month },
        ];
        let Some(held) = held else {
            let over = periods.iter().rfind(|period| !period.has_room(hits));
            return Err(over.map_or_else(|| ApiError::internal().into(), |period| period.refusal(whose, now)));
        };
        admitted.held.extend(held);
        let warning = periods.iter().find_map(|period| period.warning(hits));
        admitted.warning = admitted.warning.take().or(warning);
        Ok(())
    }

    async fn reserved(
        &self,
        whose: Whose,
        client: ClientId,
        quotas: Quotas,
        hits: u64,
        now: Timestamp,
    ) -> Reserved {
        let window = now.as_second().div_euclid(WINDOW);
        if let Some(shared) = &self.shared {
            match shared.reserve(whose, window, quotas, hits, None).await {
                Some(Answered::Reserved(reserved)) => return reserved,
                Some(Answered::NobodyLooked) => {
                    let counted = Some(self.look_up(whose, client, now).await);
                    let again = shared.reserve(whose, window, quotas, hits, counted).await;
                    if let Some(Answered::Reserved(reserved)) = again {
                        return reserved;
                    }
                }
                None => {}
            }
        }
        self.memory.reserve(whose, window, quotas, hits, self.look_up(whose, client, now)).await
    }

    async fn look_up(&self, whose: Whose, client: ClientId, now: Timestamp) -> Counted {
        match tokio::time::timeout(LOOK_UP, self.counted(whose, client, now)).await {
            Ok(Ok(counted)) => counted,
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, %client, "the usage is not known: quotas are not held for ten seconds");
                Counted::default()
            }
            Err(_) => {
                tracing::warn!(%client, "the usage was not told in time: quotas are not held for ten seconds");
                Counted::default()
            }
        }
    }

    async fn counted(&self, whose: Whose, client: ClientId, now: Timestamp) -> Result<Counted, StoreError> {
        let today = now.as_second() - now.as_second().rem_euclid(DAY);
        let (from, to) = (first_of_month(today), today + DAY);
        // The instance itself asks, whoever sends: the answer decides, and is shown to nobody.
        let scope = ClientScope::of_the_instance(client);
        let mut counted = Counted::default();
        let mut add = |day: i64, hits: u64| {
            counted.month += hits;
            counted.day += if day == today { hits } else { 0 };
        };
        match whose {
            Whose::Client(_) => {
                let days = self.stores.metrics.usage(&scope, from, to).await?;
                days.iter().for_each(|usage| add(usage.day, usage.accepted));
            }
            Whose::Key(key) => {
                let days = self.stores.accounts.key_use(&scope, key, from, to).await?;
                days.iter().for_each(|(day, hits)| add(*day, *hits));
            }
        }
        Ok(counted)
    }
}

fn over(whose: Whose, what: &str, field: &str) -> ApiError {
    ApiError {
        code: ErrorCode::Limited,
        message: format!("over the {}'s limit of {what}", whose.word()),
        field: Some(field.to_owned()),
    }
}

/// A quota, and what was used of it before the hits that are asked about.
struct Period {
    name: &'static str,
    field: &'static str,
    quota: Option<u64>,
    used: u64,
}

impl Period {
    fn has_room(&self, hits: u64) -> bool {
        self.quota.is_none_or(|quota| self.used + hits <= quota)
    }

    /// From four fifths on.
    fn warning(&self, hits: u64) -> Option<String> {
        let (quota, used) = (self.quota?, self.used + hits);
        (used.saturating_mul(5) >= quota.saturating_mul(4)).then(|| format!("{} {used}/{quota}", self.name))
    }

    fn refusal(&self, whose: Whose, now: Timestamp) -> ErrorReply {
        let today = Offset::UTC.to_datetime(now).date();
        let next = match self.name {
            "day" => today.tomorrow(),
            _ => today.last_of_month().tomorrow(),
        };
        let end = next.ok().and_then(|date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok());
        let wait = end.map_or(1, |end| end.as_second() - now.as_second()).max(1).unsigned_abs();
        let ends = end.map(|end| end.to_string()).unwrap_or_default();
        let (name, quota, used) = (self.name, self.quota.unwrap_or_default(), self.used);
        let what = format!("{quota} hits a {name}, of which {used} are used; it ends at {ends}");
        ErrorReply::from(over(whose, &what, self.field)).retry_after(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_on_its_first_day() {
        let second = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        assert_eq!(first_of_month(second("2026-11-18T00:00:00Z")), second("2026-11-01T00:00:00Z"));
        assert_eq!(first_of_month(second("2026-03-01T00:00:00Z")), second("2026-03-01T00:00:00Z"));
    }
}
