//! What the API says about itself, apart from its routes.

use super::input::Text;
use telemetry::error::ErrorBody;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi};

/// The refusals that any route may answer with.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it only describes")]
pub(super) enum Refusals {
    /// A field or parameter is wrong; the error names it.
    #[response(status = 400)]
    Invalid(ErrorBody),
    /// Nobody is signed in.
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// Not allowed.
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// There is no such thing, or it is not yours.
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// Something that is needed does not answer; `Retry-After` says when to come again.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// Adds to all calls that take a body what a body may be refused for.
pub fn with_body_refusals(document: &mut Document) {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten().filter(|operation| operation.request_body.is_some())
        {
            for (status, response) in BodyRefusals::responses() {
                operation.responses.responses.entry(status).or_insert(response);
            }
        }
    }
}

/// What any body may be refused for.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it only describes")]
enum BodyRefusals {
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body is not of the content type that the call takes.
    #[response(status = 415)]
    Unsupported(ErrorBody),
}

/// The document without routes, to be filled by those who have them.
pub fn document() -> Document {
    Base::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sendry",
        description = "API observability. Times are RFC 3339 in UTC, latencies milliseconds, rates fractions. \
            Every reply carries `x-request-id`, every error the body `ErrorBody`.",
        license(name = "MIT"),
    ),
    tags(
        (name = "ingest", description = "Taking hits, from monitored applications"),
        (name = "edge", description = "For edges, which forward hits"),
        (name = "edges", description = "Which edges there are, for super admins"),
        (name = "auth", description = "Accounts and sessions"),
        (name = "clients", description = "Clients, their keys, members and usage"),
        (name = "users", description = "Users, the audit log and the signing key of the instance, for super admins"),
        (name = "analytics", description = "Reports"),
        (name = "requests", description = "Raw hits"),
        (name = "ops", description = "The flow of hits and the dead letters, for super admins"),
        (name = "health", description = "For orchestrators"),
    ),
    components(schemas(ErrorBody, Text)),
    modifiers(&Security),
)]
struct Base;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let cookie = ApiKeyValue::with_description(
            "sendry_access",
            "From signing in. By https its name is `__Host-sendry_access`.",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let key = ApiKeyValue::with_description(
            "x-api-key",
            "A client's key. Also taken as `Authorization: Bearer`.",
        );
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
        let token = token.description(Some("Ed25519, signed with the edge's secret; a minute at most."));
        components.add_security_scheme("edge", SecurityScheme::Http(token.build()));
        components.add_security_scheme("apiKey", SecurityScheme::ApiKey(ApiKey::Header(key)));
    }
}
