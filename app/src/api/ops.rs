//! What operators see: the flow of hits, and the messages that fell out of it.
//!
//! A server function only asks the server's own [`crate::ssr::Operations`], as the JSON routes do.

use super::Stamped;
use super::asking::Asking;
use crate::problem::Problem;
use leptos::prelude::*;
use telemetry::report::ops::{DeadLetterDetail, DeadLetters, Flow, Pipeline};

/// Whether hits come through. For everybody who is signed in.
#[server(name = GetFlow, prefix = "/api/fn", endpoint = "flow", protocol = Asking)]
pub async fn flow() -> Result<Stamped<Flow>, Problem> {
    use crate::ssr;
    ssr::telling_status(async {
        let (ops, now) = (ssr::ops()?, ssr::now()?);
        ssr::caller()?;
        Ok(Stamped { clock: ssr::clock(now, None, None), report: ops.flow().await })
    })
    .await
}

/// The whole flow. For super admins.
#[server(name = GetPipeline, prefix = "/api/fn", endpoint = "pipeline", protocol = Asking)]
pub async fn pipeline() -> Result<Stamped<Pipeline>, Problem> {
    use crate::ssr;
    ssr::telling_status(async {
        let (ops, user) = (ssr::ops()?, ssr::caller()?);
        let report = ops.pipeline(&user).await?;
        Ok(Stamped { clock: ssr::clock(report.at, None, None), report })
    })
    .await
}

/// A page of dead letters. For super admins.
#[server(name = GetDeadLetters, prefix = "/api/fn", endpoint = "dead-letters", protocol = Asking)]
pub async fn dead_letters(skip: usize, limit: usize) -> Result<Stamped<DeadLetters>, Problem> {
    use crate::ssr;
    ssr::telling_status(async {
        let (ops, now, user) = (ssr::ops()?, ssr::now()?, ssr::caller()?);
        let report = ops.dead_letters(&user, skip, limit.clamp(1, 100)).await?;
        Ok(Stamped { clock: ssr::clock(now, None, None), report })
    })
    .await
}

/// One dead letter, where one is asked for. For super admins.
#[server(name = GetDeadLetter, prefix = "/api/fn", endpoint = "dead-letter", protocol = Asking)]
pub async fn dead_letter(id: Option<String>) -> Result<Stamped<Option<DeadLetterDetail>>, Problem> {
    use crate::ssr;
    ssr::telling_status(async {
        let (ops, now, user) = (ssr::ops()?, ssr::now()?, ssr::caller()?);
        let report = match id {
            Some(id) => Some(ops.dead_letter(&user, &id).await?),
            None => None,
        };
        Ok(Stamped { clock: ssr::clock(now, None, None), report })
    })
    .await
}
