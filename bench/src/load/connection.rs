//! One connection: sends a request, recognises the end of its reply.
//!
//! It is driven by edges: after each event it reads until the reply is whole or nothing more is there.

use super::BatchIds;
use crate::hits::{IDEMPOTENCY_DIGITS, IDEMPOTENCY_KEY};
use anyhow::{Context, Result, bail};
use memchr::memmem;
use mio::net::TcpStream;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Replies to hits are short; a longer one is an error that is worth a look.
const REPLY_BYTES: usize = 8 << 10;

pub(super) struct Connection {
    stream: TcpStream,
    /// The request that is sent next, of those that take turns.
    next: usize,
    /// What the socket did not take at once.
    unsent: Vec<u8>,
    sent_at: Instant,
    reply: Box<[u8; REPLY_BYTES]>,
    filled: usize,
}

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) accepted: u64,
    pub(super) after: Duration,
}

impl Connection {
    pub(super) fn open(address: SocketAddr, first: usize) -> Result<Self> {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: TcpStream::from_std(stream),
            next: first,
            unsent: Vec::new(),
            sent_at: Instant::now(),
            reply: Box::new([0; REPLY_BYTES]),
            filled: 0,
        })
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    pub(super) fn send(&mut self, requests: &[Vec<u8>], batch_ids: Option<&mut BatchIds>) -> Result<()> {
        let request = &requests[self.next];
        self.next = (self.next + 1) % requests.len();
        self.sent_at = Instant::now();
        if let Some(ids) = batch_ids {
            let mut own = request.clone();
            let at =
                memmem::find(&own, IDEMPOTENCY_KEY.as_bytes()).context("no room for an Idempotency-Key")?;
            let digits = at + IDEMPOTENCY_KEY.len()..at + IDEMPOTENCY_KEY.len() + IDEMPOTENCY_DIGITS;
            own[digits].copy_from_slice(format!("{:016x}", ids.next()).as_bytes());
            self.unsent = own;
            return self.continue_sending();
        }
        let written = write(&mut self.stream, request)?;
        if written < request.len() {
            self.unsent = request[written..].to_vec();
        }
        Ok(())
    }

    pub(super) fn continue_sending(&mut self) -> Result<()> {
        if !self.unsent.is_empty() {
            let written = write(&mut self.stream, &self.unsent)?;
            self.unsent.drain(..written);
        }
        Ok(())
    }

    /// The reply, once it is whole.
    pub(super) fn receive(&mut self) -> Result<Option<Reply>> {
        loop {
            match self.stream.read(&mut self.reply[self.filled..]) {
                Ok(0) if self.filled == self.reply.len() => {
                    bail!("a reply is longer than {REPLY_BYTES} bytes")
                }
                Ok(0) => bail!("the server closed a connection"),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("could not read a reply"),
            }
            if let Some((status, accepted)) = parse(&self.reply[..self.filled])? {
                self.filled = 0;
                return Ok(Some(Reply { status, accepted, after: self.sent_at.elapsed() }));
            }
        }
    }
}

/// Writes what the socket takes now.
fn write(stream: &mut TcpStream, bytes: &[u8]) -> Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("could not send a request"),
        }
    }
    Ok(written)
}

/// The status of a reply and how many hits it says were accepted; nothing while it is not whole.
fn parse(reply: &[u8]) -> Result<Option<(u16, u64)>> {
    let Some(head_ends) = memmem::find(reply, b"\r\n\r\n") else { return Ok(None) };
    let (head, body) = (&reply[..head_ends], &reply[head_ends + 4..]);
    let at = memmem::find(head, b"content-length: ").context("a reply does not say how long it is")?;
    let length = number(&head[at + 16..]);
    if (body.len() as u64) < length {
        return Ok(None);
    }
    if body.len() as u64 > length {
        bail!("a reply is longer than it says");
    }
    let status = head.get(9..).map_or(0, number) as u16;
    let accepted = memmem::find(body, b"\"accepted\":").map_or(0, |at| number(&body[at + 11..]));
    Ok(Some((status, accepted)))
}

/// The decimal number that begins here; 0 where none does.
fn number(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_read_once_it_is_whole() {
        let reply = b"HTTP/1.1 202 Accepted\r\ncontent-length: 29\r\n\r\n{\"accepted\":17,\"rejected\":[]}!";
        let length = reply.len() - 1;
        for end in 0..length {
            assert_eq!(parse(&reply[..end]).unwrap(), None);
        }
        assert_eq!(parse(&reply[..length]).unwrap(), Some((202, 17)));
        assert!(parse(reply).is_err());
    }
}
