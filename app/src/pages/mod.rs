//! The pages, one a file.

mod endpoint;
mod frame;
mod home;
mod invitation;
mod link;
mod live;
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
pub(crate) use live::LivePage;
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

/// The client of a place: the one that it names, else the first that the reader may see. Known once the page is alive.
#[cfg(feature = "hydrate")]
pub(crate) fn use_client(
    place: leptos::prelude::Memo<crate::place::Place>,
) -> leptos::prelude::Signal<Option<telemetry::report::ClientId>> {
    use leptos::prelude::*;
    let session = use_context::<SessionReport>();
    let first = RwSignal::new(None);
    // a resource is read in an effect, not in what effects depend on
    Effect::new(move |_| {
        let clients = session.and_then(|session| Some(session.get()?.ok()?.clients));
        first.set(clients.and_then(|clients| clients.first().map(|client| client.id)));
    });
    Signal::derive(move || place.with(|place| place.client).or(first.get()))
}

/// Where somebody belongs who has not chosen a page: to what has to be done next.
pub(crate) fn next_page(session: &crate::api::Session) -> &'static str {
    match session {
        session if !session.set_up => "/setup",
        session if session.user.is_none() => "/login",
        session if session.any_hit => "/overview",
        _ => "/setup",
    }
}
