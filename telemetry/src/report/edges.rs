//! Edges, as super admins are shown them.

use super::ClientId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An edge that may forward hits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EdgeInfo {
    pub id: i64,
    pub name: String,
    /// The only clients whose hits it may forward; `null`: all.
    pub clients: Option<Vec<ClientId>>,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub revoked_at: Option<Timestamp>,
    /// When it last asked about a key or forwarded hits; noted every ten seconds.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub last_seen_at: Option<Timestamp>,
    /// Messages taken from it; one that was forwarded twice counts twice here, its hits are counted once in the reports.
    pub messages: u64,
    /// The hits in them.
    pub hits: u64,
    /// Messages refused.
    pub refused: u64,
}

/// An edge that was just made or rotated, with its secret, which is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewEdge {
    #[serde(flatten)]
    pub info: EdgeInfo,
    /// For the Worker: `wrangler secret put EDGE_SECRET`.
    pub secret: String,
}
