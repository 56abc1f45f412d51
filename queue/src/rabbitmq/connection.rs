//! One connection to the broker, and the way there.
//!
//! The rule: a connection can always be cut. The driver runs each on a thread of its own that waits for the broker; one
//! that hangs would be waited for without end, with bytes in its buffers that nobody counts on any more. So we keep a
//! handle of the socket and shut it down.

use super::{RabbitOptions, unavailable};
use crate::QueueError;
use async_compat::Compat;
use futures::Stream;
use lapin::options::ConfirmSelectOptions;
use lapin::tcp::OwnedTLSConfig;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{AsyncTcpStream, Channel, ConnectionProperties, Event};
use std::fmt::{self, Display};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Seconds between heartbeats where neither URL nor broker asks for less. A broker that is silent for twice as long
/// counts as gone.
const HEARTBEAT: u16 = 10;
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Where the broker is. Shown without user and password.
pub(super) struct Endpoint {
    uri: AMQPUri,
    tls: OwnedTLSConfig,
    timeout: Duration,
}

impl Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.uri.authority.host, self.uri.authority.port)
    }
}

impl Endpoint {
    pub(super) fn new(options: &RabbitOptions) -> Result<Self, QueueError> {
        // The parser's words may repeat the URL with its password.
        let uri: Result<AMQPUri, String> = options.url.parse();
        let mut uri =
            uri.map_err(|_| unavailable("the URL of the broker cannot be read", "not an AMQP URL"))?;
        if uri.vhost.len() > 255 {
            return Err(unavailable("the URL of the broker cannot be read", "its virtual host is too long"));
        }
        // The parser knows no IPv6 address and would go to localhost.
        if let Some((_, rest)) = options.url.rsplit_once('[')
            && let Some((address, _)) = rest.split_once(']')
        {
            uri.authority.host = address.to_owned();
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let mut tls = OwnedTLSConfig::default();
        if let Some(file) = &options.tls_ca_file {
            let read = std::fs::read_to_string(file);
            tls.cert_chain = Some(
                read.map_err(|error| unavailable(&format!("could not read {}", file.display()), error))?,
            );
        }
        Ok(Self { uri, tls, timeout: options.connect_timeout })
    }

    /// Connects, or says why not.
    pub(super) async fn connect(&self, name: &str) -> Result<Connection, String> {
        // Shuts the socket down when it is dropped, so also when the time is over.
        let socket = Socket::default();
        let connecting = {
            let (kept, tls, limit) = (Arc::clone(&socket.0), self.tls.clone(), self.timeout);
            let connect = async move |uri: AMQPUri, _| {
                let opening = async {
                    let host = uri.authority.host.as_str();
                    let stream = tokio::net::TcpStream::connect((host, uri.authority.port)).await?;
                    stream.set_nodelay(true)?;
                    let stream = stream.into_std()?;
                    let _ = kept.set(stream.try_clone()?);
                    let stream = AsyncTcpStream::Plain(Compat::new(tokio::net::TcpStream::from_std(stream)?));
                    match uri.scheme {
                        AMQPScheme::AMQP => Ok(stream),
                        AMQPScheme::AMQPS => stream.into_tls(host, tls.as_ref()).await,
                    }
                };
                let opened: std::io::Result<_> =
                    tokio::time::timeout(limit, opening).await.map_err(std::io::Error::from)?;
                Ok(opened?)
            };
            let properties = ConnectionProperties::default().with_connection_name(name.into());
            let runtime = lapin::runtime::default_runtime().map_err(|error| error.to_string())?;
            lapin::Connection::connector(self.uri.clone(), runtime, connect, properties)
        };
        match tokio::time::timeout(self.timeout, connecting).await {
            Ok(Ok(driver)) => Ok(Connection { driver, socket, idle: Mutex::default() }),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {:?}", self.timeout)),
        }
    }
}

/// A handle of a connection's socket, once there is one.
#[derive(Default)]
struct Socket(Arc<OnceLock<TcpStream>>);

impl Socket {
    fn cut(&self) {
        if let Some(stream) = self.0.get() {
            // It fails only where the connection has gone already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.cut();
    }
}

/// A connection to the broker. Dropping it cuts it.
pub(super) struct Connection {
    driver: lapin::Connection,
    socket: Socket,
    /// Channels in confirm mode that no publish uses at the moment.
    idle: Mutex<Vec<Channel>>,
}

impl Connection {
    pub(super) fn is_open(&self) -> bool {
        self.driver.status().connected()
    }

    /// Whether the broker reads no publishes at the moment, for lack of memory or disk.
    pub(super) fn is_blocked(&self) -> bool {
        self.driver.status().blocked()
    }

    pub(super) async fn channel(&self) -> lapin::Result<Channel> {
        self.driver.create_channel().await
    }

    /// A channel in confirm mode for one publish alone. After a clean end it goes back by [`Self::reuse`], else it is
    /// dropped, with whatever may still come for it.
    pub(super) async fn confirming_channel(&self) -> lapin::Result<Channel> {
        let idle = self.idle().pop();
        if let Some(channel) = idle
            && channel.status().connected()
        {
            return Ok(channel);
        }
        let channel = self.channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    }

    pub(super) fn reuse(&self, channel: Channel) {
        self.idle().push(channel);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens to it. One listener at a time hears an event.
    pub(super) fn events(&self) -> impl Stream<Item = Event> + Send + use<'_> {
        self.driver.events_listener()
    }

    /// Ends it at once; what is still in its buffers is dropped.
    pub(super) fn cut(&self) {
        self.socket.cut();
    }

    /// Ends it properly if the broker answers soon, else cuts it.
    pub(super) async fn close(&self) {
        let _ = tokio::time::timeout(GOODBYE, self.driver.close(200, "OK".into())).await;
        self.cut();
    }
}
