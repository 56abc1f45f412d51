//! What the charts of a page are compared with: an earlier period, or another endpoint.

use crate::api::{self, Asked, Compared};
use crate::filter::Filter;
use crate::live::Live;
use crate::place::Place;
use crate::report::Report;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use telemetry::hit::Method;
use telemetry::time::{DAY, Range};

/// On the wire and in the URL: `prev`, `day`, `week`, or an endpoint as `service|GET|/route`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Against {
    /// The period of the same length just before.
    PeriodBefore,
    DayBefore,
    WeekBefore,
    /// Over the same time.
    Endpoint {
        service: String,
        method: Method,
        endpoint: String,
    },
}

/// A text that names nothing to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("compare with prev, day, week, or an endpoint as service|GET|/route")]
pub struct AgainstError;

impl Against {
    pub const PERIODS: [Self; 3] = [Self::PeriodBefore, Self::DayBefore, Self::WeekBefore];

    /// How many seconds earlier than `range` it is.
    pub fn back(&self, range: Range) -> i64 {
        match self {
            Self::PeriodBefore => range.seconds(),
            Self::DayBefore => DAY,
            Self::WeekBefore => 7 * DAY,
            Self::Endpoint { .. } => 0,
        }
    }

    /// What it is to be asked for, where this is what is shown.
    pub fn filter(&self, shown: Filter) -> Filter {
        match self {
            Self::Endpoint { service, method, endpoint } => Filter {
                service: Some(service.clone()),
                method: Some(*method),
                endpoint: Some(endpoint.clone()),
                ..shown
            },
            _ => shown,
        }
    }

    pub fn name(&self) -> String {
        match self {
            Self::PeriodBefore => "the period before".to_owned(),
            Self::DayBefore => "the day before".to_owned(),
            Self::WeekBefore => "the week before".to_owned(),
            Self::Endpoint { method, endpoint, .. } => format!("{method} {endpoint}"),
        }
    }
}

impl From<Against> for String {
    fn from(against: Against) -> Self {
        match against {
            Against::PeriodBefore => "prev".to_owned(),
            Against::DayBefore => "day".to_owned(),
            Against::WeekBefore => "week".to_owned(),
            Against::Endpoint { service, method, endpoint } => format!("{service}|{method}|{endpoint}"),
        }
    }
}

impl TryFrom<String> for Against {
    type Error = AgainstError;

    fn try_from(text: String) -> Result<Self, AgainstError> {
        match text.as_str() {
            "prev" => return Ok(Self::PeriodBefore),
            "day" => return Ok(Self::DayBefore),
            "week" => return Ok(Self::WeekBefore),
            _ => {}
        }
        // Routes begin with a slash, so the method is what stands before the last "|/" at the latest.
        let (service, rest) = text.split_once('|').ok_or(AgainstError)?;
        let (method, endpoint) = rest.split_once('|').ok_or(AgainstError)?;
        let method = Method::ALL.into_iter().find(|known| known.as_str() == method).ok_or(AgainstError)?;
        if service.is_empty() || endpoint.is_empty() {
            return Err(AgainstError);
        }
        Ok(Self::Endpoint { service: service.to_owned(), method, endpoint: endpoint.to_owned() })
    }
}

/// What the charts of a page stand beside.
#[derive(Clone, Copy)]
pub(crate) struct Beside(pub(crate) Report<Option<Compared>>);

/// Loads what a page is compared with and hands it to its charts.
pub(crate) fn provide_compared(live: Live, place: Memo<Place>) {
    let report = Report::new(
        live,
        move || place.with(|place| (Asked::of(place), place.against.clone())),
        |(asked, against)| api::compared(asked, against),
    );
    provide_context(Beside(report));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_reads_back() {
        let endpoint =
            Against::Endpoint { service: "shop".into(), method: Method::Get, endpoint: "/orders/:id".into() };
        for against in Against::PERIODS.into_iter().chain([endpoint]) {
            assert_eq!(Against::try_from(String::from(against.clone())), Ok(against));
        }
        for text in ["", "year", "shop|GET", "shop|FETCH|/a", "|GET|/a", "shop|GET|"] {
            assert_eq!(Against::try_from(text.to_owned()), Err(AgainstError), "{text}");
        }
    }
}
