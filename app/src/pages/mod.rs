//! The pages, one a file.

mod endpoint;
mod frame;
mod home;
mod invitation;
mod link;
pub(crate) mod login;
mod missing;
mod overview;
mod pipeline;
mod requests;
mod reset;
mod service;
pub(crate) mod settings;
mod setup;

pub(crate) use endpoint::EndpointPage;
pub(crate) use frame::Frame;
pub(crate) use home::Home;
pub(crate) use invitation::InvitationPage;
pub(crate) use login::Login;
pub(crate) use missing::Missing;
pub(crate) use overview::OverviewPage;
pub(crate) use pipeline::PipelinePage;
pub(crate) use requests::RequestsPage;
pub(crate) use reset::ResetPage;
pub(crate) use service::ServicePage;
pub(crate) use setup::Setup;

/// Who is here: asked once for all pages.
pub(crate) type SessionReport =
    leptos::prelude::Resource<Result<crate::api::Session, crate::Problem>, crate::codec::PageJson>;

/// Where somebody belongs who has not chosen a page: to what has to be done next.
pub(crate) fn next_page(session: &crate::api::Session) -> &'static str {
    match session {
        session if !session.set_up => "/setup",
        session if session.user.is_none() => "/login",
        session if session.any_hit => "/overview",
        _ => "/setup",
    }
}
