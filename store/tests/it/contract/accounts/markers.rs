//! What was deployed, or happened otherwise, when.

use super::{client, now};
use std::sync::Arc;
use store::AccountStore;
use store::accounts::{MARKERS_KEPT, NewMarker};
use telemetry::time::{DAY, Range, from_second};

fn marker(second: i64, title: &str, service: Option<&str>) -> NewMarker {
    let at = from_second(now().as_second() + second);
    NewMarker { at, title: title.into(), service: service.map(str::to_owned), url: None }
}

fn all_day() -> Range {
    Range::last(DAY, from_second(now().as_second() + 10_000))
}

pub(crate) async fn markers_are_listed_by_range_and_service(accounts: Arc<dyn AccountStore>) {
    let (_, scope) = client(&*accounts, "Acme").await;
    let (_, other) = client(&*accounts, "Other").await;
    let first = accounts.add_marker(&scope, &marker(0, "v1", Some("shop"))).await.unwrap();
    accounts.add_marker(&scope, &marker(1, "v7", Some("mail"))).await.unwrap();
    accounts.add_marker(&scope, &marker(2, "new router", None)).await.unwrap();
    accounts.add_marker(&other, &marker(2, "theirs", None)).await.unwrap();
    let again = NewMarker { url: Some("https://ci.example/1".into()), ..marker(0, "v1", Some("shop")) };
    assert_eq!(accounts.add_marker(&scope, &again).await.unwrap().id, first.id, "said twice, it is one");
    let titles = async |range, service| {
        let found = accounts.markers(&scope, range, service, 200).await.unwrap();
        found.into_iter().map(|marker| marker.title).collect::<Vec<_>>()
    };
    assert_eq!(titles(all_day(), None).await, ["new router", "v7", "v1"]);
    assert_eq!(titles(all_day(), Some("shop")).await, ["new router", "v1"]);
    let second = Range { from: from_second(now().as_second()), to: from_second(now().as_second() + 1) };
    assert_eq!(titles(second, None).await, ["v1"], "from inclusive to exclusive");
    assert_eq!(accounts.markers(&scope, all_day(), None, 1).await.unwrap().len(), 1);
    let found = accounts.markers(&scope, second, None, 200).await.unwrap();
    assert_eq!(
        (found[0].url.as_deref(), found[0].service.as_deref()),
        (Some("https://ci.example/1"), Some("shop"))
    );
}

pub(crate) async fn only_the_newest_markers_are_kept(accounts: Arc<dyn AccountStore>) {
    let (_, scope) = client(&*accounts, "Acme").await;
    for second in 0..MARKERS_KEPT + 3 {
        accounts.add_marker(&scope, &marker(second, "tick", None)).await.unwrap();
    }
    let found = accounts.markers(&scope, all_day(), None, u32::MAX).await.unwrap();
    assert_eq!(found.len() as i64, MARKERS_KEPT);
    assert_eq!(found.last().unwrap().at.as_second(), now().as_second() + 3);
}
