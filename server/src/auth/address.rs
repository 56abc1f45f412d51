//! Tells from which address a request comes.
//!
//! The rule: `X-Forwarded-For` is believed of the proxies in `trusted_proxies` and of nobody else, and only its last entry,
//! which the proxy wrote itself.

use crate::state::AppState;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The address of whoever calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        // Unknown only where the server was not made with connect info; then all callers count as one.
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Ok(Self(client_address(peer.to_canonical(), &parts.headers, &state.config.trusted_proxies)))
    }
}

fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    if !trusted.iter().any(|network| network.contains(&peer)) {
        return peer;
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
    let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    last.map_or(peer, |last: IpAddr| last.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_proxy_that_is_trusted_is_believed_and_nobody_else() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let trusted = ["10.0.0.0/8", "::1/128"].map(|network| network.parse().unwrap());
        let told = |peer: &str, headers: &HeaderMap| client_address(address(peer), headers, &trusted);
        let mut headers = HeaderMap::new();
        assert_eq!(told("10.0.0.1", &headers), address("10.0.0.1"));
        headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.9, 192.0.2.7"));
        assert_eq!(told("10.0.0.1", &headers), address("192.0.2.7"));
        assert_eq!(told("::1", &headers), address("192.0.2.7"));
        // A neighbour in a private network is no proxy for that alone.
        for other in ["203.0.113.5", "192.168.0.7", "127.0.0.1", "0.0.0.0"] {
            assert_eq!(told(other, &headers), address(other));
        }
        headers.append("x-forwarded-for", HeaderValue::from_static("unknown"));
        assert_eq!(told("10.0.0.1", &headers), address("10.0.0.1"));
    }
}
