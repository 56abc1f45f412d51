//! Series and their caps.

use super::{CAPS, CLIENT, consumer, endpoint, of_kind, scope, service, service_names};
use crate::samples::{NOW, Random};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::MetricsStore;
use store::access::ClientScope;
use store::metrics::{OTHER, SeriesFilter, SeriesFilterKind, SeriesId, SeriesKey, SeriesKind};
use telemetry::hit::Method;
use telemetry::limits;
use telemetry::report::ClientId;

async fn ask(metrics: &dyn MetricsStore, keys: &[SeriesKey]) -> Vec<SeriesId> {
    metrics.claim(&[], keys, NOW).await.unwrap().series
}

/// The key that a number stands for.
async fn key(metrics: &dyn MetricsStore, id: SeriesId) -> SeriesKey {
    for kind in SeriesFilterKind::ALL {
        for series in metrics.series(&scope(), &of_kind(kind)).await.unwrap() {
            if series.id == id {
                return series.key;
            }
        }
    }
    panic!("there is no series {id:?}");
}

pub(crate) async fn equal_keys_have_one_number_and_different_ones_different(metrics: Arc<dyn MetricsStore>) {
    let keys = [
        SeriesKey { kind: SeriesKind::Client, ..service(CLIENT, "live", "") },
        SeriesKey { kind: SeriesKind::Client, ..service(CLIENT, "test", "") },
        service(CLIENT, "live", "a"),
        service(CLIENT, "test", "a"),
        service(CLIENT, "live", "b"),
        service(ClientId(8), "live", "a"),
        endpoint("a", "/x"),
        endpoint("a", "/y"),
        endpoint("b", "/x"),
        consumer("a", "web"),
        consumer("a", "/x"),
        consumer("b", "web"),
    ];
    let twice: Vec<SeriesKey> = keys.iter().chain(keys.iter().rev()).cloned().collect();
    let ids = ask(&*metrics, &twice).await;
    assert!(ids.iter().eq(ids.iter().rev()), "the same key, the same number");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), keys.len());
    assert_eq!(ask(&*metrics, &keys).await, ids[..keys.len()], "now and later");
}

pub(crate) async fn beyond_a_cap_the_rest_counts_under_other(metrics: Arc<dyn MetricsStore>) {
    // Endpoints of a service, over all environments.
    let endpoints: Vec<SeriesKey> = (0..CAPS.endpoints).map(|n| endpoint("a", &format!("/{n}"))).collect();
    ask(&*metrics, &endpoints).await;
    let in_test = |key: &SeriesKey| SeriesKey { environment: "test".into(), ..key.clone() };
    let ids = ask(&*metrics, &[endpoint("a", "/more"), endpoint("a", "/most"), in_test(&endpoints[0])]).await;
    assert_eq!(ids[0], ids[1]);
    let other = SeriesKind::Endpoint { service: "a".into(), method: Method::Other, endpoint: OTHER.into() };
    assert_eq!(key(&*metrics, ids[0]).await.kind, other);
    assert_eq!(key(&*metrics, ids[2]).await, in_test(&endpoints[0]), "a known name is no new one elsewhere");

    // Consumers of a service, over all environments.
    let consumers: Vec<SeriesKey> = (0..CAPS.consumers).map(|n| consumer("a", &format!("{n}"))).collect();
    ask(&*metrics, &consumers).await;
    let ids = ask(&*metrics, &[consumer("a", "more"), consumer("a", "most"), in_test(&consumers[0])]).await;
    assert_eq!(ids[0], ids[1]);
    let other = SeriesKind::Consumer { service: "a".into(), consumer: OTHER.into() };
    assert_eq!(key(&*metrics, ids[0]).await.kind, other);
    assert_eq!(key(&*metrics, ids[2]).await, in_test(&consumers[0]));
    let elsewhere = consumer("b", "more");
    let ids = ask(&*metrics, std::slice::from_ref(&elsewhere)).await;
    assert_eq!(key(&*metrics, ids[0]).await, elsewhere, "each service has a cap of its own");

    // Services of a client: "a" and "b" are two of them already.
    let names: Vec<String> = (2..CAPS.services).map(|n| format!("s{n}")).collect();
    let keys: Vec<SeriesKey> = names.iter().map(|name| service(CLIENT, "live", name)).collect();
    ask(&*metrics, &keys).await;
    let late = [
        service(CLIENT, "live", "late"),
        endpoint("late", "/x"),
        endpoint("late", "/y"),
        consumer("late", "web"),
    ];
    let ids = ask(&*metrics, &late).await;
    assert_eq!(key(&*metrics, ids[0]).await.kind, SeriesKind::Service { service: OTHER.into() });
    let other = SeriesKind::Endpoint { service: OTHER.into(), method: Method::Other, endpoint: OTHER.into() };
    assert_eq!(key(&*metrics, ids[1]).await.kind, other);
    assert_eq!(ids[1], ids[2]);
    let other = SeriesKind::Consumer { service: OTHER.into(), consumer: OTHER.into() };
    assert_eq!(key(&*metrics, ids[3]).await.kind, other);

    // Environments of a client: "live" and "test" are two of them already.
    for n in 2..CAPS.environments + 2 {
        ask(&*metrics, &[service(CLIENT, &format!("e{n}"), "a")]).await;
    }
    let mut environments = BTreeSet::new();
    for kind in [SeriesFilterKind::Service, SeriesFilterKind::Endpoint] {
        let series = metrics.series(&scope(), &of_kind(kind)).await.unwrap();
        environments.extend(series.into_iter().map(|series| series.key.environment));
    }
    assert_eq!(environments.len(), CAPS.environments as usize + 1);
    assert!(environments.contains(OTHER));

    // Another client has caps of its own.
    let ids = metrics.claim(&[], &[service(ClientId(8), "live", "late")], NOW).await.unwrap().series;
    let theirs = ClientScope::of_the_instance(ClientId(8));
    let series = metrics.series(&theirs, &of_kind(SeriesFilterKind::Service)).await.unwrap();
    assert_eq!((series[0].id, &series[0].key), (ids[0], &service(ClientId(8), "live", "late")));
}

pub(crate) async fn caps_are_exact_under_concurrency(metrics: Arc<dyn MetricsStore>) {
    let tasks: Vec<_> = (0..12)
        .map(|task| {
            let metrics = metrics.clone();
            tokio::spawn(async move {
                for n in 0..6 {
                    // Names that some ask for together and some alone.
                    let name = format!("s{}", (task * 5 + n * 7) % 30);
                    let keys = [
                        service(CLIENT, "live", &name),
                        endpoint(&name, "/x"),
                        endpoint("s0", &format!("/{}", (task + n * 11) % 40)),
                        consumer("s0", &format!("c{}", (task * 7 + n) % 30)),
                    ];
                    assert_eq!(ask(&*metrics, &keys).await.len(), keys.len());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let names = service_names(&*metrics, &scope(), &of_kind(SeriesFilterKind::Service)).await;
    assert!(names.contains(&OTHER.to_owned()));
    let series = metrics.series(&scope(), &of_kind(SeriesFilterKind::Endpoint)).await.unwrap();
    let mut services = BTreeSet::new();
    let mut endpoints = BTreeSet::new();
    for series in series {
        if let SeriesKind::Endpoint { service, endpoint, .. } = series.key.kind {
            if service == "s0" {
                endpoints.insert(endpoint);
            }
            services.insert(service);
        }
    }
    let mut consumers = BTreeSet::new();
    for series in metrics.series(&scope(), &of_kind(SeriesFilterKind::Consumer)).await.unwrap() {
        if let SeriesKind::Consumer { service, consumer } = series.key.kind
            && service == "s0"
        {
            consumers.insert(consumer);
        }
    }
    services.extend(names);
    assert_eq!(services.len(), CAPS.services as usize + 1, "{services:?}");
    assert!(endpoints.is_empty() || endpoints.len() == CAPS.endpoints as usize + 1, "{endpoints:?}");
    assert!(consumers.is_empty() || consumers.len() == CAPS.consumers as usize + 1, "{consumers:?}");
}

pub(crate) async fn the_name_other_takes_no_place(metrics: Arc<dyn MetricsStore>) {
    ask(&*metrics, &[service(CLIENT, OTHER, OTHER), endpoint(OTHER, "/x"), endpoint("a", OTHER)]).await;
    ask(&*metrics, &[consumer(OTHER, "web"), consumer("a", OTHER)]).await;
    let mut keys: Vec<SeriesKey> =
        (1..CAPS.services).map(|n| service(CLIENT, "live", &format!("s{n}"))).collect();
    keys.extend((0..CAPS.consumers).map(|n| consumer("a", &format!("c{n}"))));
    let ids = ask(&*metrics, &keys).await;
    for (id, asked) in ids.into_iter().zip(&keys) {
        assert_eq!(&key(&*metrics, id).await, asked);
    }
}

pub(crate) async fn the_longest_names_are_names(metrics: Arc<dyn MetricsStore>) {
    // Text that does not compress, so that no index makes it shorter.
    let mut random = Random::new(11);
    let mut long =
        |bytes: usize| (0..bytes).map(|_| char::from(b'!' + random.below(90) as u8)).collect::<String>();
    let (environment, service) = (long(limits::ENVIRONMENT_BYTES), long(limits::SERVICE_BYTES));
    let kind =
        SeriesKind::Endpoint { service, method: Method::Options, endpoint: long(limits::ENDPOINT_BYTES) };
    let asked = SeriesKey { client: CLIENT, environment: environment.clone(), kind };
    let ids = ask(&*metrics, std::slice::from_ref(&asked)).await;
    assert_eq!(key(&*metrics, ids[0]).await, asked);
    let kind =
        SeriesKind::Consumer { service: long(limits::SERVICE_BYTES), consumer: long(limits::CONSUMER_BYTES) };
    let asked = SeriesKey { client: CLIENT, environment, kind };
    let ids = ask(&*metrics, std::slice::from_ref(&asked)).await;
    assert_eq!(key(&*metrics, ids[0]).await, asked);
}

pub(crate) async fn filters_choose_series(metrics: Arc<dyn MetricsStore>) {
    let in_test = |key: SeriesKey| SeriesKey { environment: "test".into(), ..key };
    let with_post = |mut key: SeriesKey| {
        if let SeriesKind::Endpoint { method, .. } = &mut key.kind {
            *method = Method::Post;
        }
        key
    };
    let keys = [
        endpoint("a", "/x"),
        endpoint("a", "/y"),
        endpoint("b", "/x"),
        with_post(endpoint("a", "/x")),
        in_test(endpoint("a", "/x")),
        service(CLIENT, "live", "a"),
        consumer("a", "web"),
        consumer("b", "web"),
        in_test(consumer("a", "web")),
    ];
    ask(&*metrics, &keys).await;
    let endpoints = || of_kind(SeriesFilterKind::Endpoint);
    let consumers = || of_kind(SeriesFilterKind::Consumer);
    let cases = [
        (of_kind(SeriesFilterKind::Client), vec![]),
        (of_kind(SeriesFilterKind::Service), vec![5]),
        (endpoints(), vec![0, 1, 2, 3, 4]),
        (SeriesFilter { service: Some("a".into()), ..endpoints() }, vec![0, 1, 3, 4]),
        (SeriesFilter { endpoint: Some("/x".into()), ..endpoints() }, vec![0, 2, 3, 4]),
        (SeriesFilter { method: Some(Method::Post), ..endpoints() }, vec![3]),
        (SeriesFilter { environment: Some("test".into()), ..endpoints() }, vec![4]),
        (SeriesFilter { service: Some("none".into()), ..endpoints() }, vec![]),
        (consumers(), vec![6, 7, 8]),
        (SeriesFilter { service: Some("a".into()), ..consumers() }, vec![6, 8]),
        (SeriesFilter { environment: Some("test".into()), ..consumers() }, vec![8]),
    ];
    for (filter, places) in cases {
        let found = metrics.series(&scope(), &filter).await.unwrap();
        let found: BTreeSet<SeriesKey> = found.into_iter().map(|series| series.key).collect();
        assert_eq!(found, places.into_iter().map(|place: usize| keys[place].clone()).collect(), "{filter:?}");
    }
}
