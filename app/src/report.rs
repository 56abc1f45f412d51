//! A report as a page holds it: loaded on the server, kept fresh in the browser.
//!
//! The rule: what is on the screen stays there. While a new answer is awaited the old one is shown; where the new one
//! fails, the old one is shown and said to be old. Only another question clears the screen.

use crate::api::Stamped;
use crate::clock::Clock;
use crate::codec::PageJson;
use crate::live::Live;
use crate::problem::Problem;
use crate::zone::ZoneSwitch;
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// An answer with the question it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Answer<T> {
    question: String,
    stamped: Stamped<T>,
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
pub(crate) struct Report<T: Send + Sync + 'static> {
    resource: Resource<Result<Answer<T>, Problem>, PageJson>,
}

impl<T: Send + Sync + 'static> Clone for Report<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Report<T> {}

impl<T> Report<T>
where
    T: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    /// Loads a report, again at each beat and whenever the question changes.
    pub(crate) fn new<Q, Fut>(
        live: Live,
        question: impl Fn() -> Q + Send + Sync + 'static,
        ask: impl Fn(Q) -> Fut + Clone + Send + Sync + 'static,
    ) -> Self
    where
        Q: Clone + PartialEq + Serialize + Send + Sync + 'static,
        Fut: Future<Output = Result<Stamped<T>, Problem>> + Send + 'static,
    {
        let last = StoredValue::new(None::<Answer<T>>);
        let zone = use_context::<ZoneSwitch>();
        let resource = Resource::new_with_options(
            // another zone is another beat: the old answer stays until the new one is there
            move || (question(), (live.beat(), zone.map(ZoneSwitch::chosen))),
            move |(question, _)| {
                let ask = ask.clone();
                async move {
                    let _awaiting = live.awaiting();
                    let written = serde_json::to_string(&question).unwrap_or_default();
                    match ask(question).await {
                        Ok(stamped) => Ok(Answer { question: written, stamped, stale: None }),
                        Err(problem) => {
                            leave_if_signed_out(&problem);
                            let old = last.try_get_value().flatten().filter(|old| old.question == written);
                            old.map(|old| Answer { stale: Some(problem.clone()), ..old }).ok_or(problem)
                        }
                    }
                }
            },
            false,
        );
        // remembers also what the server has rendered
        Effect::new(move |_| {
            resource.with(|answer| {
                if let Some(Ok(answer)) = answer {
                    last.set_value(Some(answer.clone()));
                }
            });
        });
        Self { resource }
    }

    /// Reads the report if there is one. To be called under a `Transition`.
    #[track_caller]
    pub(crate) fn with<U>(self, read: impl FnOnce(&T) -> U) -> Option<U> {
        self.with_clock(|report, _| read(report))
    }

    /// Reads the report with its time and zone.
    #[track_caller]
    pub(crate) fn with_clock<U>(self, read: impl FnOnce(&T, &Clock) -> U) -> Option<U> {
        self.resource.with(|answer| match answer {
            Some(Ok(answer)) => Some(read(&answer.stamped.report, &answer.stamped.clock)),
            _ => None,
        })
    }

    #[track_caller]
    pub(crate) fn status(self) -> Status {
        self.resource.with(|answer| match answer {
            None => Status::Pending,
            Some(Ok(answer)) => {
                Status::Ready { clock: answer.stamped.clock.clone(), stale: answer.stale.is_some() }
            }
            Some(Err(problem)) => Status::Failed(problem.clone()),
        })
    }
}

/// Something made of a report, made anew only where that changes it: what depends on it is not built again otherwise. To be
/// called under a `Transition`.
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
