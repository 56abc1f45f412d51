//! Requests as they arrive, kept in a ring: the newest few hundred, and whether they are shown or held back.
//!
//! The rule: whatever arrives costs the page the same: the server sends a sample and says of how many, the ring drops the
//! oldest, and while the reader reads further down nothing moves.

use crate::place::Place;
use crate::stream::Event;
use jiff::Timestamp;
use leptos::prelude::*;
use std::collections::VecDeque;
use telemetry::report::{LastMinute, RequestRow};

/// Lines that are kept.
const LINES: usize = 500;

/// A line of the tail.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    Request(Box<RequestRow>),
    /// From here upwards some are missing.
    Gap(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// Counts up.
    pub(crate) number: u64,
    pub(crate) what: What,
}

/// Newest first, at most [`LINES`].
#[derive(Debug, Default)]
pub(crate) struct Ring {
    lines: VecDeque<Line>,
    next: u64,
}

impl Ring {
    fn push(&mut self, what: What) {
        self.lines.push_front(Line { number: self.next, what });
        self.next += 1;
        self.lines.truncate(LINES);
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lines.iter().cloned().collect()
    }
}

/// Whether the stream tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Connection {
    #[default]
    Waiting,
    On,
    Lost,
}

/// How many of what has just arrived are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) shown: u64,
    pub(crate) matched: u64,
}

/// What a page shows of the stream.
#[derive(Clone, Copy)]
pub(crate) struct Tail {
    pub(crate) connection: RwSignal<Connection>,
    pub(crate) last_minute: RwSignal<Option<(Timestamp, LastMinute)>>,
    pub(crate) share: RwSignal<Share>,
    /// Changes when there is something else to show.
    shown: RwSignal<u32>,
    ring: StoredValue<Ring>,
    /// What has arrived while nothing was to move.
    held: StoredValue<Ring>,
    pub(crate) held_back: RwSignal<u64>,
    pub(crate) paused: RwSignal<bool>,
}

/// Begins to listen for what a page's place asks for; anew where that changes.
pub(crate) fn provide_tail(place: Memo<Place>) -> Tail {
    let tail = Tail {
        connection: RwSignal::default(),
        last_minute: RwSignal::default(),
        share: RwSignal::default(),
        shown: RwSignal::default(),
        ring: StoredValue::default(),
        held: StoredValue::default(),
        held_back: RwSignal::default(),
        paused: RwSignal::default(),
    };
    #[cfg(feature = "hydrate")]
    {
        let client = crate::pages::use_client(place);
        let address = move || {
            let client = client.get()?;
            Some(place.with(|place| place.tail(client)))
        };
        // another question begins with nothing
        Effect::new(move |before: Option<String>| {
            let now = place.with(|place| place.tail(telemetry::report::ClientId(0)));
            if before.is_some_and(|before| before != now) {
                tail.clear();
            }
            now
        });
        crate::stream::listen(address, move |event| tail.hear(event, crate::tail::is_reading_on()));
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = place;
    tail
}

impl Tail {
    pub(crate) fn lines(self) -> Vec<Line> {
        self.shown.track();
        self.ring.with_value(Ring::lines)
    }

    /// Takes an event in. While the reader has paused, or reads further down, lines wait.
    fn hear(self, event: Event, reading: bool) {
        let hold = reading || self.paused.try_get_untracked() != Some(false);
        let mut lines = Vec::new();
        match event {
            Event::Begun => {
                if self.connection.try_get_untracked() == Some(Connection::Lost) {
                    lines.push(What::Gap(
                        "The connection was lost for a while: what arrived then is not shown.",
                    ));
                }
                self.connection.try_set(Connection::On);
            }
            Event::Lost => {
                self.connection.try_set(Connection::Lost);
            }
            Event::Gap => lines.push(What::Gap(
                "The queue could not be watched for a while: what arrived then is not shown.",
            )),
            Event::Counted => {}
            Event::Tailed(tailed) => {
                self.last_minute.try_set(Some((tailed.at, tailed.last_minute)));
                if tailed.matched > 0 {
                    let shown = tailed.requests.len() as u64;
                    self.share.try_set(Share { shown, matched: tailed.matched });
                }
                lines.extend(tailed.requests.into_iter().rev().map(|row| What::Request(Box::new(row))));
            }
        }
        if lines.is_empty() {
            return;
        }
        if hold {
            let count = lines.len() as u64;
            self.held.try_update_value(|held| lines.into_iter().for_each(|what| held.push(what)));
            self.held_back.try_update(|n| *n += count);
        } else {
            self.release();
            self.ring.try_update_value(|ring| lines.into_iter().for_each(|what| ring.push(what)));
            self.shown.try_update(|n| *n = n.wrapping_add(1));
        }
    }

    /// Shows what was held back.
    pub(crate) fn release(self) {
        if self.held_back.try_get_untracked().unwrap_or(0) == 0 {
            return;
        }
        let held = self.held.try_update_value(std::mem::take).unwrap_or_default();
        self.ring.try_update_value(|ring| held.lines.into_iter().rev().for_each(|line| ring.push(line.what)));
        self.held_back.set(0);
        self.shown.update(|n| *n = n.wrapping_add(1));
    }

    fn clear(self) {
        let _ = (self.ring.try_set_value(Ring::default()), self.held.try_set_value(Ring::default()));
        self.held_back.set(0);
        self.last_minute.set(None);
        self.share.set(Share::default());
        self.shown.update(|n| *n = n.wrapping_add(1));
    }

    pub(crate) fn pause(self, paused: bool) {
        self.paused.set(paused);
        if !paused {
            self.release();
        }
    }
}

/// Whether the reader has scrolled away from the newest.
#[cfg(feature = "hydrate")]
fn is_reading_on() -> bool {
    window().scroll_y().unwrap_or(0.0) > 240.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_keeps_the_newest() {
        let mut ring = Ring::default();
        for _ in 0..LINES + 3 {
            ring.push(What::Gap(""));
        }
        let lines = ring.lines();
        assert_eq!((lines.len(), lines[0].number, lines[LINES - 1].number), (LINES, LINES as u64 + 2, 3));
    }
}
