//! Slows down whoever tries passwords.
//!
//! The rule: nobody is ever locked out. Tries come back one by one; what one address tries at an account takes little
//! from others who sign in there; and what succeeds is given back. Memory is bounded: counters are cells of fixed
//! tables, found by a keyed hash, so that nobody can choose whose cell they share.

use jiff::Timestamp;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const MINUTE_US: i64 = 60_000_000;
const CELLS: usize = 1 << 14;

/// Tries a minute of one address at one account.
const PAIR: i64 = 10;
/// Tries a minute of one address.
const ADDRESS: i64 = 30;
/// Tries a minute at one account, wherever from.
const ACCOUNT: i64 = 60;

pub(super) struct Throttle {
    pairs: Table,
    addresses: Table,
    accounts: Table,
}

/// A try that was admitted.
pub(super) struct Admitted<'a>(Vec<(&'a Table, usize)>);

impl Throttle {
    pub(super) fn new() -> Self {
        Self { pairs: Table::new(PAIR), addresses: Table::new(ADDRESS), accounts: Table::new(ACCOUNT) }
    }

    /// Admits a try to sign in, or says how long to wait.
    pub(super) fn admit(
        &self,
        account: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Admitted<'_>, Duration> {
        let (account, address) = (account.to_lowercase(), network(address));
        let cells = [
            (&self.pairs, self.pairs.cell((&account, address))),
            (&self.addresses, self.addresses.cell(address)),
            (&self.accounts, self.accounts.cell(&account)),
        ];
        admit(&cells, now)
    }

    /// Admits a call of an address that costs a password hash or could guess a token.
    pub(super) fn admit_address(&self, address: IpAddr, now: Timestamp) -> Result<Admitted<'_>, Duration> {
        admit(&[(&self.addresses, self.addresses.cell(network(address)))], now)
    }
}

fn admit<'a>(cells: &[(&'a Table, usize)], now: Timestamp) -> Result<Admitted<'a>, Duration> {
    let mut admitted = Admitted(Vec::with_capacity(cells.len()));
    for &(table, cell) in cells {
        if let Err(wait) = table.take(cell, now.as_microsecond()) {
            admitted.give_back();
            return Err(wait);
        }
        admitted.0.push((table, cell));
    }
    Ok(admitted)
}

impl Admitted<'_> {
    /// It was no guess: it shall not count.
    pub(super) fn give_back(self) {
        for (table, cell) in self.0 {
            table.give_back(cell);
        }
    }
}

/// Who owns an IPv6 address owns its /64.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits() & !u128::from(u64::MAX) | 1 << 63,
    }
}

/// Leaky buckets in a fixed number of cells (GCRA: each holds the time at which its bucket is empty, in microseconds).
struct Table {
    cells: Box<[AtomicI64]>,
    keyed: RandomState,
    /// Microseconds until one try comes back.
    interval: i64,
}

impl Table {
    fn new(per_minute: i64) -> Self {
        let cells = (0..CELLS).map(|_| AtomicI64::new(0)).collect();
        Self { cells, keyed: RandomState::new(), interval: MINUTE_US / per_minute }
    }

    fn cell(&self, key: impl Hash) -> usize {
        (self.keyed.hash_one(key) % CELLS as u64) as usize
    }

    fn take(&self, cell: usize, now: i64) -> Result<(), Duration> {
        let full = now + MINUTE_US;
        let taken = self.cells[cell].fetch_update(Ordering::Relaxed, Ordering::Relaxed, |empty| {
            // Also where the clock was set back: nobody waits longer than a full bucket takes.
            let next = empty.clamp(now, full) + self.interval;
            (next <= full).then_some(next)
        });
        taken.map(|_| ()).map_err(|empty| {
            let wait = empty.clamp(now, full) + self.interval - full;
            Duration::from_micros(wait.unsigned_abs())
        })
    }

    fn give_back(&self, cell: usize) {
        self.cells[cell].fetch_sub(self.interval, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn tries_run_out_and_come_back_one_by_one() {
        let throttle = Throttle::new();
        for _ in 0..PAIR {
            assert!(throttle.admit("ann", address(1), at(0)).is_ok());
        }
        let wait = throttle.admit("Ann", address(1), at(0)).err().unwrap();
        assert_eq!(wait, Duration::from_secs(6));
        assert!(throttle.admit("ann", address(1), at(6)).is_ok());
        assert!(throttle.admit("ann", address(1), at(6)).is_err());
    }

    #[test]
    fn one_attacker_keeps_nobody_else_out() {
        let throttle = Throttle::new();
        for _ in 0..1_000 {
            let _ = throttle.admit("ann", address(1), at(0));
        }
        assert!(throttle.admit("ann", address(2), at(0)).is_ok());
    }

    #[test]
    fn an_address_that_walks_through_accounts_is_slowed_down() {
        let throttle = Throttle::new();
        let admitted =
            (0..100).filter(|n| throttle.admit(&format!("user{n}"), address(1), at(0)).is_ok()).count();
        assert_eq!(admitted, ADDRESS as usize);
    }

    #[test]
    fn many_addresses_at_one_account_are_slowed_down() {
        let throttle = Throttle::new();
        let admitted = (0..200).filter(|n| throttle.admit("ann", address(*n), at(0)).is_ok()).count();
        assert_eq!(admitted, ACCOUNT as usize);
    }

    #[test]
    fn what_succeeds_does_not_count() {
        let throttle = Throttle::new();
        for _ in 0..1_000 {
            throttle.admit("ann", address(1), at(0)).ok().unwrap().give_back();
        }
        assert!(throttle.admit("ann", address(1), at(0)).is_ok());
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let throttle = Throttle::new();
        for _ in 0..PAIR {
            assert!(throttle.admit("ann", address(1), at(0)).is_ok());
        }
        let wait = throttle.admit("ann", address(1), at(-86_400)).err().unwrap();
        assert!(wait <= Duration::from_secs(60), "{wait:?}");
    }

    #[test]
    fn neighbours_in_a_network_of_ipv6_are_one() {
        let a: IpAddr = "2001:db8::1".parse().unwrap();
        let b: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        assert_eq!(network(a), network(b));
        assert_ne!(network(a), network(other));
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), network(address(1)));
    }
}
