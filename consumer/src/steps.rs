//! The first three steps of a group: claim, raw events, completion.

use crate::aggregate::{SeriesOfHits, Sums, Target};
use crate::fail_points::pass;
use crate::failure::StepError;
use crate::group::Group;
use crate::stats::Step;
use crate::{Consumer, lock};
use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::time::Instant;
use store::StoreError;
use store::events::{Event, Observation};
use store::metrics::{BatchClaim, Claimed, Completed, Completion, SeriesId, Usage};
use telemetry::envelope::{Batch, Envelope};
use telemetry::report::ClientId;
use telemetry::time::Resolution;

/// What counting a group came to.
#[derive(Default)]
pub(crate) struct Counted {
    /// Hits added per client.
    pub(crate) hits: BTreeMap<ClientId, u64>,
    /// Batches that had been counted before, or belong to another message.
    pub(crate) duplicates: u64,
}

/// A batch that may have to be counted, with what each of its hits adds to.
struct Candidate<'g, 'a> {
    envelope: &'g Envelope<'a>,
    batch: &'g Batch<'a>,
    targets: Vec<Target>,
}

impl Candidate<'_, '_> {
    fn claim(&self) -> BatchClaim {
        let &Envelope { client, id: message, .. } = self.envelope;
        BatchClaim { client, batch: self.batch.id.clone().into_owned(), message }
    }
}

impl Consumer {
    pub(crate) async fn count(&self, group: &Group<'_>) -> Result<Counted, StepError> {
        let mut counted = Counted::default();
        let mut series = SeriesOfHits::default();
        let mut candidates = self.candidates(group, &mut series, &mut counted);

        let claims: Vec<BatchClaim> = candidates.iter().map(Candidate::claim).collect();
        let now = (self.clock)().as_second();
        let answer = self.step(Step::Claim, self.stores.metrics.claim(&claims, &series.series, now)).await?;
        if let Some(expired) = answer.claimed.iter().position(|claimed| *claimed == Claimed::Expired) {
            return Err(StepError::Expired { batch: claims[expired].batch.clone() });
        }
        let mut claimed = answer.claimed.iter();
        candidates.retain(|_| claimed.next() == Some(&Claimed::Mine));
        counted.duplicates += (claims.len() - candidates.len()) as u64;

        pass!("after_claim");
        self.insert_events(&candidates).await?;
        pass!("after_raw");
        let counted_here = self.complete(candidates, &series, &answer.series, &mut counted).await?;

        let mut recent = lock(&self.shared.recent);
        for claim in counted_here {
            recent.insert(claim.client, claim.batch);
        }
        drop(recent);
        pass!("after_complete");
        Ok(counted)
    }

    /// The batches that are not known to be counted already.
    fn candidates<'g, 'a>(
        &self,
        group: &'g Group<'a>,
        series: &mut SeriesOfHits,
        counted: &mut Counted,
    ) -> Vec<Candidate<'g, 'a>> {
        let mut recent = lock(&self.shared.recent);
        // The same message may be in a group twice after a replay; its second copy has nothing to add.
        let mut seen = HashSet::new();
        let mut candidates = Vec::new();
        for envelope in group.envelopes() {
            for batch in &envelope.batches {
                let known = recent.contains(envelope.client, &batch.id);
                if known || !seen.insert((envelope.client, &batch.id, envelope.id)) {
                    counted.duplicates += 1;
                    continue;
                }
                let observed = batch.hits.iter().map(|(_, hit)| Observation::new(&batch.id, hit));
                let targets = observed.map(|hit| series.target(envelope.client, &hit)).collect();
                candidates.push(Candidate { envelope, batch, targets });
            }
        }
        candidates
    }

    async fn insert_events(&self, candidates: &[Candidate<'_, '_>]) -> Result<(), StepError> {
        if candidates.is_empty() {
            return Ok(());
        }
        let clients = candidates.iter().map(|candidate| candidate.envelope.client).collect();
        let expiry = self.expiry(&clients).await?;
        let hits = candidates.iter().map(|candidate| candidate.batch.hits.len()).sum();
        let mut events = Vec::with_capacity(hits);
        for Candidate { envelope, batch, .. } in candidates {
            let client = envelope.client;
            events.extend(batch.hits.iter().map(|&(position, hit)| Event {
                client,
                batch: &batch.id,
                position,
                expire_at: expiry.of(client, hit.at),
                hit,
            }));
        }
        if events.is_empty() {
            return Ok(());
        }
        self.step(Step::Raw, self.stores.events.insert(&events)).await
    }

    /// Adds up the candidates that are still to be counted; returns those.
    async fn complete(
        &self,
        mut candidates: Vec<Candidate<'_, '_>>,
        series: &SeriesOfHits,
        numbers: &[SeriesId],
        counted: &mut Counted,
    ) -> Result<Vec<BatchClaim>, StepError> {
        while !candidates.is_empty() {
            let completion = completion(&candidates, series, numbers);
            match self.step(Step::Complete, self.stores.metrics.complete(&completion)).await? {
                Completed::All => {
                    for Candidate { envelope, batch, .. } in &candidates {
                        *counted.hits.entry(envelope.client).or_default() += batch.hits.len() as u64;
                    }
                    return Ok(completion.batches);
                }
                Completed::SomeWereDone(done) => {
                    // A consumer that was thought dead was faster: count the others without those.
                    let done: HashSet<usize> = done.into_iter().collect();
                    let mut place = 0..;
                    candidates.retain(|_| place.next().is_some_and(|place| !done.contains(&place)));
                    counted.duplicates += done.len() as u64;
                }
            }
        }
        Ok(Vec::new())
    }

    /// Runs one store call under the time-out.
    pub(crate) async fn step<T>(
        &self,
        step: Step,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StepError> {
        let limit = self.config.step_timeout;
        let began = Instant::now();
        let answer = tokio::time::timeout(limit, call).await;
        self.shared.stats.took(step, began.elapsed());
        match answer {
            Ok(answer) => answer.map_err(|source| StepError::Store { step, source }),
            Err(_) => Err(StepError::TimedOut { step, limit }),
        }
    }
}

fn completion(candidates: &[Candidate<'_, '_>], series: &SeriesOfHits, numbers: &[SeriesId]) -> Completion {
    let mut sums = Sums::default();
    let mut usage: BTreeMap<(ClientId, i64), Usage> = BTreeMap::new();
    for Candidate { envelope, batch, targets } in candidates {
        for ((_, hit), target) in batch.hits.iter().zip(targets) {
            sums.add(*target, &Observation::new(&batch.id, hit));
        }
        let client = envelope.client;
        let day = Resolution::Day.floor(envelope.accepted_at.div_euclid(1_000));
        let usage = usage.entry((client, day)).or_insert_with(|| Usage {
            client,
            day,
            accepted: 0,
            bytes: 0,
            rejected: BTreeMap::new(),
        });
        usage.accepted += batch.hits.len() as u64;
        usage.bytes = usage.bytes.saturating_add(batch.bytes);
        for (field, number) in &batch.rejected {
            *usage.rejected.entry((*field).to_owned()).or_default() += u64::from(*number);
        }
    }
    Completion {
        batches: candidates.iter().map(Candidate::claim).collect(),
        rollups: sums.rollups(series, numbers),
        usage: usage.into_values().collect(),
    }
}
