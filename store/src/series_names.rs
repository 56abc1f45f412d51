//! Which names a series makes, and which series stands for it where a cap is reached.
//!
//! The rule: a name is admitted once, for its scope, and stays admitted. What was not admitted counts under
//! [`OTHER`]: an endpoint under the endpoint `(other)` (method `OTHER`) of its service, a consumer under the consumer
//! `(other)` of its service; a service, with all its endpoints and consumers, under the service `(other)`; an
//! environment under the environment `(other)`. So the client's total is exact, and a service's total as long as the
//! service itself was admitted.

use crate::metrics::{OTHER, SeriesCaps, SeriesKey, SeriesKind};
use std::collections::{BTreeSet, HashMap, HashSet};
use telemetry::hit::Method;
use telemetry::report::ClientId;

/// A name that has to be admitted before a series may carry it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) scope: Scope,
    pub(crate) name: String,
}

/// What a cap applies to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Scope {
    pub(crate) client: ClientId,
    pub(crate) within: Within,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Within {
    Environments,
    Services,
    /// The endpoints (method and route) of this service, over all environments.
    Endpoints(String),
    /// The consumers of this service, over all environments.
    Consumers(String),
}

impl Scope {
    /// The most names it admits.
    pub(crate) fn cap(&self, caps: &SeriesCaps) -> u32 {
        match self.within {
            Within::Environments => caps.environments,
            Within::Services => caps.services,
            Within::Endpoints(_) => caps.endpoints,
            Within::Consumers(_) => caps.consumers,
        }
    }

    /// As it is stored.
    pub(crate) fn text(&self) -> String {
        match &self.within {
            Within::Environments => "environments".to_owned(),
            Within::Services => "services".to_owned(),
            Within::Endpoints(service) => format!("endpoints of {service}"),
            Within::Consumers(service) => format!("consumers of {service}"),
        }
    }
}

fn name(client: ClientId, within: Within, name: String) -> Option<Name> {
    // Whoever calls something `(other)` means the rest, and takes no place under the cap.
    (name != OTHER).then_some(Name { scope: Scope { client, within }, name })
}

fn environment(key: &SeriesKey) -> Option<Name> {
    name(key.client, Within::Environments, key.environment.clone())
}

fn service(key: &SeriesKey) -> Option<Name> {
    match &key.kind {
        SeriesKind::Client => None,
        SeriesKind::Service { service }
        | SeriesKind::Endpoint { service, .. }
        | SeriesKind::Consumer { service, .. } => name(key.client, Within::Services, service.clone()),
    }
}

/// The name that a key makes within its service.
fn within_service(key: &SeriesKey) -> Option<Name> {
    match &key.kind {
        SeriesKind::Endpoint { service, method, endpoint } if service != OTHER && endpoint != OTHER => {
            name(key.client, Within::Endpoints(service.clone()), format!("{method} {endpoint}"))
        }
        SeriesKind::Consumer { service, consumer } if service != OTHER => {
            name(key.client, Within::Consumers(service.clone()), consumer.clone())
        }
        _ => None,
    }
}

/// The series that `keys` count under, in that order, by what is known of names; or the names that have to be known
/// first. After two rounds (environments and services, then endpoints and consumers) nothing is unknown.
pub(crate) fn all_under_caps<'k>(
    keys: impl IntoIterator<Item = &'k SeriesKey>,
    admitted: &HashMap<Name, bool>,
) -> Result<Vec<SeriesKey>, BTreeSet<Name>> {
    let mut unknown = BTreeSet::new();
    let mut admit = |name: Name| match admitted.get(&name) {
        Some(known) => *known,
        None => {
            unknown.insert(name);
            false
        }
    };
    let series = keys.into_iter().map(|key| under_caps(key, &mut admit)).collect();
    if unknown.is_empty() { Ok(series) } else { Err(unknown) }
}

/// The series that `key` counts under, when `admit` says which names are admitted. `admit` is asked for an endpoint or a
/// consumer only if the service was admitted: those of a refused service make no names.
fn under_caps(key: &SeriesKey, mut admit: impl FnMut(Name) -> bool) -> SeriesKey {
    let mut admitted = |name: Option<Name>| name.is_some_and(&mut admit);
    let environment = if admitted(environment(key)) { key.environment.as_str() } else { OTHER };
    let kind = match &key.kind {
        SeriesKind::Client => SeriesKind::Client,
        SeriesKind::Service { service: name } => {
            let name = if admitted(service(key)) { name.as_str() } else { OTHER };
            SeriesKind::Service { service: name.to_owned() }
        }
        SeriesKind::Endpoint { service: name, method, endpoint: route } => {
            if !admitted(service(key)) {
                other_endpoint(OTHER)
            } else if !admitted(within_service(key)) {
                other_endpoint(name)
            } else {
                SeriesKind::Endpoint { service: name.clone(), method: *method, endpoint: route.clone() }
            }
        }
        SeriesKind::Consumer { service: name, consumer } => {
            if !admitted(service(key)) {
                other_consumer(OTHER)
            } else if !admitted(within_service(key)) {
                other_consumer(name)
            } else {
                SeriesKind::Consumer { service: name.clone(), consumer: consumer.clone() }
            }
        }
    };
    SeriesKey { client: key.client, environment: environment.to_owned(), kind }
}

fn other_endpoint(service: &str) -> SeriesKind {
    SeriesKind::Endpoint { service: service.to_owned(), method: Method::Other, endpoint: OTHER.to_owned() }
}

fn other_consumer(service: &str) -> SeriesKind {
    SeriesKind::Consumer { service: service.to_owned(), consumer: OTHER.to_owned() }
}

/// The names that a client's series show to have been admitted.
#[derive(Debug, Default)]
pub struct AdmittedNames(HashSet<Name>);

impl AdmittedNames {
    /// Reads the names off all series of a client.
    pub fn of<'a>(series: impl IntoIterator<Item = &'a SeriesKey>) -> Self {
        Self(
            series
                .into_iter()
                .flat_map(|key| [environment(key), service(key), within_service(key)])
                .flatten()
                .collect(),
        )
    }

    /// The series that hits of `key` have been counted under.
    pub fn counted_under(&self, key: &SeriesKey) -> SeriesKey {
        under_caps(key, |name| self.0.contains(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: SeriesKind) -> SeriesKey {
        SeriesKey { client: ClientId(1), environment: "live".into(), kind }
    }

    fn endpoint_of(service: &str, endpoint: &str) -> SeriesKind {
        SeriesKind::Endpoint { service: service.into(), method: Method::Get, endpoint: endpoint.into() }
    }

    fn consumer_of(service: &str, consumer: &str) -> SeriesKind {
        SeriesKind::Consumer { service: service.into(), consumer: consumer.into() }
    }

    fn capped(kind: SeriesKind, admit: impl Fn(&Within) -> bool) -> SeriesKey {
        under_caps(&key(kind), |name| admit(&name.scope.within))
    }

    #[test]
    fn what_is_admitted_stays_as_it_is() {
        let service = SeriesKind::Service { service: "a".into() };
        for kind in [SeriesKind::Client, service, endpoint_of("a", "/x"), consumer_of("a", "web")] {
            assert_eq!(capped(kind.clone(), |_| true), key(kind));
        }
    }

    #[test]
    fn what_is_not_admitted_counts_under_other() {
        let endpoints_full = |within: &Within| !matches!(within, Within::Endpoints(_));
        assert_eq!(capped(endpoint_of("a", "/x"), endpoints_full).kind, other_endpoint("a"));
        assert_eq!(capped(consumer_of("a", "web"), endpoints_full).kind, consumer_of("a", "web"));
        let consumers_full = |within: &Within| !matches!(within, Within::Consumers(_));
        assert_eq!(capped(consumer_of("a", "web"), consumers_full).kind, other_consumer("a"));
        let services_full = |within: &Within| *within != Within::Services;
        assert_eq!(capped(endpoint_of("a", "/x"), services_full).kind, other_endpoint(OTHER));
        assert_eq!(capped(consumer_of("a", "web"), services_full).kind, other_consumer(OTHER));
        let environments_full = |within: &Within| *within != Within::Environments;
        assert_eq!(capped(SeriesKind::Client, environments_full).environment, OTHER);
    }

    #[test]
    fn the_name_other_takes_no_place() {
        let key = SeriesKey { environment: OTHER.into(), ..key(endpoint_of(OTHER, "/x")) };
        let asked = std::cell::Cell::new(0);
        let series = under_caps(&key, |_| {
            asked.set(asked.get() + 1);
            true
        });
        assert_eq!((series.kind, asked.get()), (other_endpoint(OTHER), 0));
        // Of these two the service takes one.
        for consumer in [consumer_of(OTHER, "web"), consumer_of("a", OTHER)] {
            let key = SeriesKey { kind: consumer, ..key.clone() };
            under_caps(&key, |name| {
                asked.set(asked.get() + 1);
                name.scope.within == Within::Services
            });
        }
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn names_are_read_off_series_of_any_environment() {
        let other = |kind| SeriesKey { environment: OTHER.into(), ..key(kind) };
        let client = key(SeriesKind::Client);
        let names = AdmittedNames::of([
            &client,
            &other(endpoint_of("a", "/x")),
            &other(consumer_of("a", "web")),
            &other(other_endpoint(OTHER)),
        ]);
        assert_eq!(names.counted_under(&key(endpoint_of("a", "/x"))), key(endpoint_of("a", "/x")));
        assert_eq!(names.counted_under(&key(endpoint_of("a", "/y"))), key(other_endpoint("a")));
        assert_eq!(names.counted_under(&key(endpoint_of("b", "/x"))), key(other_endpoint(OTHER)));
        assert_eq!(names.counted_under(&key(consumer_of("a", "web"))), key(consumer_of("a", "web")));
        assert_eq!(names.counted_under(&key(consumer_of("a", "app"))), key(other_consumer("a")));
        let unknown = SeriesKey { environment: "test".into(), ..key(SeriesKind::Client) };
        assert_eq!(names.counted_under(&unknown), other(SeriesKind::Client));
    }
}
