//! A report as a page holds it: loaded on the server, kept fresh in the browser.
//!
//! The rule: what is on the screen stays there. While a new answer is awaited the old one is shown; where the new one
//! fails, the old one is shown and said to be old. Only another question clears the screen.

mod held;

use crate::api::Stamped;
use crate::clock::Clock;
use crate::codec::PageJson;
use crate::live::Live;
use crate::problem::Problem;
use crate::zone::ZoneSwitch;
use held::Held;
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

/// An answer with the question it belongs to.
#[derive(Clone, Serialize, Deserialize)]
struct Answer {
    question: String,
    clock: Clock,
    report: Held,
    /// Why there is no newer one.
    stale: Option<Problem>,
}

/// What a card has to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// Nothing yet.
    Pending,
    /// Something, from this time, and whether it is stale.
    Ready {
        clock: Clock,
        stale: bool,
    },
    Failed(Problem),
}

impl Status {
    /// The same for all states that look alike, whatever their time.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Pending => Kind::Pending,
            Self::Ready { .. } => Kind::Ready,
            Self::Failed(problem) => Kind::Failed(problem.clone()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Pending,
    Ready,
    Failed(Problem),
}

/// A report that keeps itself fresh.
pub(crate) struct Report<T> {
    answer: Resource<Result<Answer, Problem>, PageJson>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Report<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Report<T> {}

/// A call that is about to be made: when it was answered, and what with.
type Call = Pin<Box<dyn Future<Output = Result<(Clock, Held), Problem>> + Send>>;

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Report<T> {
    /// Loads a report, again at each beat and whenever the question changes.
    pub(crate) fn new<Q, Fut>(
        live: Live,
        question: impl Fn() -> Q + Send + Sync + 'static,
        ask: impl Fn(Q) -> Fut + Send + Sync + 'static,
    ) -> Self
    where
        Q: Serialize + 'static,
        Fut: Future<Output = Result<Stamped<T>, Problem>> + Send + 'static,
    {
        let question = Arc::new(question);
        let asked = Arc::clone(&question);
        let call = move || -> Call {
            let answer = ask(untrack(|| asked()));
            Box::pin(async { answer.await.map(|stamped| (stamped.clock, Held::new(stamped.report))) })
        };
        let written = move || serde_json::to_string(&question()).unwrap_or_default();
        Self { answer: kept_fresh(live, Box::new(written), Box::new(call)), of: PhantomData }
    }

    /// Reads the report if there is one. To be called in what is [`awaited`](crate::awaited).
    #[track_caller]
    pub(crate) fn with<U>(self, read: impl FnOnce(&T) -> U) -> Option<U> {
        self.with_clock(|report, _| read(report))
    }

    /// Reads the report with its time and zone.
    #[track_caller]
    pub(crate) fn with_clock<U>(self, read: impl FnOnce(&T, &Clock) -> U) -> Option<U> {
        self.answer.with(|answer| match answer {
            Some(Ok(answer)) => answer.report.get().map(|report| read(report, &answer.clock)),
            _ => None,
        })
    }

    #[track_caller]
    pub(crate) fn status(self) -> Status {
        self.answer.with(|answer| match answer {
            None => Status::Pending,
            Some(Ok(answer)) => Status::Ready { clock: answer.clock.clone(), stale: answer.stale.is_some() },
            Some(Err(problem)) => Status::Failed(problem.clone()),
        })
    }
}

/// What all reports have in common, made once and not once per type.
fn kept_fresh(
    live: Live,
    question: Box<dyn Fn() -> String + Send + Sync>,
    call: Box<dyn Fn() -> Call + Send + Sync>,
) -> Resource<Result<Answer, Problem>, PageJson> {
    let last = StoredValue::new(None::<Answer>);
    let zone = use_context::<ZoneSwitch>();
    let answer = Resource::new_with_options(
        // another zone is another beat: the old answer stays until the new one is there
        move || (question(), (live.beat(), zone.map(ZoneSwitch::chosen))),
        move |(question, _)| {
            let answer = call();
            async move {
                let _awaiting = live.awaiting();
                match answer.await {
                    Ok((clock, report)) => Ok(Answer { question, clock, report, stale: None }),
                    Err(problem) => {
                        leave_if_signed_out(&problem);
                        let old = last.try_get_value().flatten().filter(|old| old.question == question);
                        old.map(|old| Answer { stale: Some(problem.clone()), ..old }).ok_or(problem)
                    }
                }
            }
        },
        false,
    );
    // remembers also what the server has rendered
    Effect::new(move |_| {
        answer.with(|answer| {
            if let Some(Ok(answer)) = answer {
                last.set_value(Some(answer.clone()));
            }
        });
    });
    answer
}

/// Something made of a report, made anew only where that changes it: what depends on it is not built again otherwise. To be
/// called in what is [`awaited`](crate::awaited).
///
/// On the server it is made at each reading. A memo would there, once in a thousand pages or so, keep what it saw before the
/// report came: reports arrive on other threads, and one that arrives while the memo reads is not noticed.
pub(crate) fn remembered<T: Clone + PartialEq + Send + Sync + 'static>(
    read: impl Fn() -> T + Send + Sync + 'static,
) -> Signal<T> {
    if cfg!(feature = "ssr") { Signal::derive(read) } else { Memo::new(move |_| read()).into() }
}

/// A session may end while a page is open: then the reader signs in again and comes back.
fn leave_if_signed_out(problem: &Problem) {
    #[cfg(feature = "hydrate")]
    if problem.is_signed_out() {
        crate::pages::login::go_to_login();
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = problem;
}
