//! How server functions are called: the question in the query of a GET, the answer as JSON.
//!
//! On the server as Leptos does it. The browser's half is made here, once for all functions and not once for each: what
//! differs between them is only how a question is written and an answer is read.

use super::change::{Verb, not_readable, send};
use crate::problem::Problem;
use crate::read::read;
use http::Method;
use leptos::__reexports::send_wrapper::SendWrapper;
use leptos::server_fn::Protocol;
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::{FromReq, GetUrl, IntoRes, Json};
use leptos::server_fn::server::Server;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[derive(Debug)]
pub struct Asking;

impl<I, O, C, S> Protocol<I, O, C, S, Problem> for Asking
where
    I: Serialize + FromReq<GetUrl, S::Request, Problem> + Send,
    O: DeserializeOwned + IntoRes<Json, S::Response, Problem> + Send,
    C: Client<Problem>,
    S: Server<Problem>,
{
    const METHOD: Method = Method::GET;

    async fn run_server<F, A>(request: S::Request, function: F) -> Result<S::Response, Problem>
    where
        F: Fn(I) -> A + Send,
        A: Future<Output = Result<O, Problem>> + Send,
    {
        let question = I::from_req(request).await?;
        let answer = function(question);
        answer.await?.into_res().await
    }

    async fn run_client(path: &str, question: I) -> Result<O, Problem> {
        let question = serde_json::to_value(&question).map_err(|_| not_readable())?;
        let url = url(path, question)?;
        let reply = SendWrapper::new(send(Verb::Get, &url, None)).await?;
        read(&reply).map_err(|_| not_readable())
    }
}

fn url(path: &str, mut question: Value) -> Result<String, Problem> {
    leave_out_nulls(&mut question);
    let query = serde_qs::to_string(&question).map_err(|_| not_readable())?;
    Ok(format!("{path}?{query}"))
}

/// What is not asked for is not written: a query knows no null.
fn leave_out_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, value| !value.is_null());
        fields.values_mut().for_each(leave_out_nulls);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Asked;
    use telemetry::report::{ClientId, EndpointSort};

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Question {
        asked: Asked,
        sort: EndpointSort,
        limit: usize,
        cursor: Option<String>,
    }

    #[test]
    fn questions_are_written_as_the_server_reads_them() {
        for cursor in [None, Some("a b&c=d".to_owned())] {
            let asked = Asked { client: Some(ClientId(7)), ..Asked::default() };
            let question = Question { asked, sort: EndpointSort::P95, limit: 10, cursor };
            let written = url("/at", serde_json::to_value(&question).unwrap()).unwrap();
            let query = written.strip_prefix("/at?").unwrap();
            assert_eq!(serde_qs::Config::new(5, false).deserialize_str::<Question>(query).unwrap(), question);
        }
    }
}
