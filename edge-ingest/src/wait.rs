//! Waiting, with an end.

use futures_util::future::{Either, select};
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use worker::Delay;

/// What comes of `work`; nothing if it takes longer than `limit`.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(Delay::from(limit))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

/// The platform's clock, Unix milliseconds. It stands still between two events.
pub(crate) fn now() -> i64 {
    js_sys::Date::now() as i64
}
