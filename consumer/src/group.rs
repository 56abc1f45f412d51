//! A group of deliveries, decoded, with text borrowed from their bodies.

use queue::{Delivery, DeliveryTag};
use telemetry::envelope::Envelope;

/// Deliveries that are processed together.
pub(crate) struct Group<'a> {
    members: Vec<(&'a Delivery, Envelope<'a>)>,
}

impl<'a> Group<'a> {
    /// Decodes deliveries; those that are no envelopes are named with the cause, since no further attempt can help them.
    pub(crate) fn decode(deliveries: &'a [Delivery]) -> (Self, Vec<(&'a Delivery, String)>) {
        let mut members = Vec::with_capacity(deliveries.len());
        let mut undecodable = Vec::new();
        for delivery in deliveries {
            match Envelope::decode(&delivery.message.body) {
                Ok(envelope) if envelope.client == delivery.message.client => {
                    members.push((delivery, envelope))
                }
                Ok(_) => undecodable
                    .push((delivery, "the envelope is of another client than its message".to_owned())),
                Err(error) => undecodable.push((delivery, error.to_string())),
            }
        }
        (Self { members }, undecodable)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    pub(crate) fn envelopes(&self) -> impl Iterator<Item = &Envelope<'a>> {
        self.members.iter().map(|(_, envelope)| envelope)
    }

    pub(crate) fn tags(&self) -> Vec<DeliveryTag> {
        self.members.iter().map(|(delivery, _)| delivery.tag).collect()
    }

    /// The deliveries, to be tried again. Copied: failures are rare, and their bodies are borrowed until here.
    pub(crate) fn into_deliveries(self) -> Vec<Delivery> {
        self.members.into_iter().map(|(delivery, _)| delivery.clone()).collect()
    }
}
