//! The store's tests: one contract per trait that every backend passes, and the reports against naive arithmetic.
//!
//! A new backend opens its stores in a file of its own and names the three suites there.

// clippy.toml lets tests unwrap, but does not see that these functions are parts of tests.
#![allow(clippy::unwrap_used)]

mod access;
mod analytics;
mod contract;
mod mongodb;
mod postgres;
mod samples;
mod sqlite;

use std::any::Any;
use std::sync::Arc;

/// A store under test, empty, and whatever must outlive it (its folder, its database).
struct Opened<T: ?Sized> {
    store: Arc<T>,
    _kept: Box<dyn Any + Send>,
}

/// Names a backend's tests: one for each function of a contract, each on an empty store of its own.
macro_rules! run_contract {
    ($open:expr, $suite:ident, [$($test:ident),* $(,)?]) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let opened = $open.await;
                crate::contract::$suite::$test(opened.store.clone()).await;
            }
        )*
    };
}
use run_contract;
