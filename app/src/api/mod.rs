//! What pages ask of the server: server functions for reading, the JSON API for everything that changes something.
//!
//! A server function only finds out who asks and for what, and then calls what the JSON route beside it calls:
//! authorisation and arithmetic exist once, in `store`, and what the server knows of itself in `server`.

mod asking;
mod ops;
mod reports;
mod requests;
mod session;
mod settings;

pub mod change;

pub use ops::{dead_letter, dead_letters, flow, pipeline};
pub use reports::{
    Asked, Compared, Glance, Stamped, changes, compared, consumers, endpoints, failures, latencies, markers,
    overview, services, status_codes, timeseries,
};
pub use requests::{Message, Opened, request, requests};
pub use session::{LatestHit, Session, latest_hit, session};
pub use settings::{
    KeysView, LimitsView, MembersView, audit, clients, instance_audit, keys, limits, members, sessions, users,
};
