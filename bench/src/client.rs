//! A caller of the JSON API with a jar for cookies.
//!
//! It speaks HTTP/1.0, one connection a call, so that a reply ends where its connection does.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Client {
    cookies: BTreeMap<String, String>,
}

impl Client {
    pub(crate) fn get(&mut self, address: SocketAddr, path: &str) -> Result<(u16, Value)> {
        self.call(address, "GET", path, "")
    }

    /// Posts JSON; anything but a success is an error.
    pub(crate) fn post(&mut self, address: SocketAddr, path: &str, body: &Value) -> Result<Value> {
        let (status, reply) = self.call(address, "POST", path, &body.to_string())?;
        if !(200..300).contains(&status) {
            bail!("POST {path} was answered with {status}: {reply}");
        }
        Ok(reply)
    }

    /// Sends what needs an API key; the status of the answer.
    pub(crate) fn send(&mut self, address: SocketAddr, path: &str, key: &str, body: &Value) -> Result<u16> {
        Ok(self.exchange(address, "POST", path, &format!("x-api-key: {key}\r\n"), &body.to_string())?.0)
    }

    /// A page, or anything else, as it comes: status and text.
    pub(crate) fn fetch(&mut self, address: SocketAddr, path: &str) -> Result<(u16, String)> {
        self.exchange(address, "GET", path, "", "")
    }

    fn call(&mut self, address: SocketAddr, method: &str, path: &str, body: &str) -> Result<(u16, Value)> {
        let (status, body) = self.exchange(address, method, path, "", body)?;
        let value = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&body).with_context(|| format!("{method} {path}: {status}, not JSON"))?
        };
        Ok((status, value))
    }

    /// One call with its answer; `headers` end with a line break, each.
    fn exchange(
        &mut self,
        address: SocketAddr,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Result<(u16, String)> {
        let exchange = || -> Result<String> {
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            let jar: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = format!(
                "{method} {path} HTTP/1.0\r\nhost: {address}\r\ncookie: {}\r\ncontent-type: application/json\r\n\
                 {headers}content-length: {}\r\n\r\n{body}",
                jar.join("; "),
                body.len()
            );
            stream.write_all(request.as_bytes())?;
            let mut reply = String::new();
            stream.read_to_string(&mut reply)?;
            Ok(reply)
        };
        let mut reply = exchange().with_context(|| format!("could not call {method} {path}"))?;
        let (head, _) = reply.split_once("\r\n\r\n").context("not a reply of HTTP")?;
        let status =
            head.get(9..12).and_then(|status| status.parse().ok()).context("a reply without a status")?;
        for line in head.lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            let pair = value.split(';').next().and_then(|pair| pair.split_once('='));
            if name.eq_ignore_ascii_case("set-cookie")
                && let Some((name, value)) = pair
            {
                self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        let body = reply.split_off(head.len() + 4);
        Ok((status, body))
    }
}
