//! Tells from which address a request comes.
//!
//! The rule: `X-Forwarded-For` is believed only of a peer on a private or loopback address, where proxies are, and only
//! its last entry, which that peer wrote itself.

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The address of whoever calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Unknown only where the server was not made with connect info; then all callers count as one.
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Ok(Self(client_address(peer.to_canonical(), &parts.headers)))
    }
}

fn client_address(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let near = match peer {
        IpAddr::V4(peer) => peer.is_loopback() || peer.is_private(),
        IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
    };
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back().filter(|_| near);
    let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    last.unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_proxy_nearby_is_believed_and_nobody_else() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let mut headers = HeaderMap::new();
        assert_eq!(client_address(address("10.0.0.1"), &headers), address("10.0.0.1"));
        headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.9, 192.0.2.7"));
        assert_eq!(client_address(address("10.0.0.1"), &headers), address("192.0.2.7"));
        assert_eq!(client_address(address("::1"), &headers), address("192.0.2.7"));
        assert_eq!(client_address(address("203.0.113.5"), &headers), address("203.0.113.5"));
        assert_eq!(client_address(address("0.0.0.0"), &headers), address("0.0.0.0"));
        headers.append("x-forwarded-for", HeaderValue::from_static("unknown"));
        assert_eq!(client_address(address("10.0.0.1"), &headers), address("10.0.0.1"));
    }

    #[tokio::test]
    async fn the_peer_is_known_where_the_server_is_made_with_connect_info() {
        use axum::serve::ListenerExt;
        let app = axum::Router::new().route("/", axum::routing::get(async |ClientAddress(a)| a.to_string()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(axum::serve(listener.tap_io(|_| {}), app).into_future());
        let call = reqwest::Client::new().get(&url);
        let forwarded = call.try_clone().unwrap().header("x-forwarded-for", "192.0.2.1");
        assert_eq!(call.send().await.unwrap().text().await.unwrap(), "127.0.0.1");
        assert_eq!(forwarded.send().await.unwrap().text().await.unwrap(), "192.0.2.1");
    }
}
