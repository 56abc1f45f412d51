//! What pages ask of the server: server functions for reading, the JSON API for everything that changes something.
//!
//! A server function only finds out who asks and for what, and then calls what the JSON route beside it calls:
//! authorisation and arithmetic exist once, in `store`.

mod reports;
mod session;

pub mod change;

pub use reports::{Asked, Glance, Stamped, endpoints, overview, services, status_codes, timeseries};
pub use session::{LatestHit, Session, latest_hit, session};
