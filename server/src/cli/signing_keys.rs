//! `sendry signing-keys`: what sessions are signed with.

use anyhow::Context;
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use runtime::config::Config;
use runtime::engines;
use server::auth::random_bytes;
use store::access::{Author, InstanceScope};

#[derive(Subcommand)]
pub(crate) enum SigningKeys {
    /// List the one that signs, and those retired within the last day.
    List,
    /// Make another one. The one before is believed until what it signed has ended: nobody is signed out.
    Rotate,
}

impl SigningKeys {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.block_on(async {
            let accounts = engines::stores(config).await?.accounts;
            let (fresh, now) =
                (random_bytes().context("the system gives no random numbers")?, Timestamp::now());
            match self {
                Self::List => {
                    let keys = accounts.signing_keys(fresh, now - SignedDuration::from_hours(24), now).await;
                    println!("{:>4}  {:<20}  STATE", "KID", "MADE");
                    for key in keys.context("the keys could not be read")? {
                        let info = key.info;
                        let state =
                            info.retired_at.map_or("signs".to_owned(), |at| format!("retired {at:.0}"));
                        println!("{:>4}  {:<20}  {state}", info.id, format!("{:.0}", info.created_at));
                    }
                }
                Self::Rotate => {
                    let scope = InstanceScope::of_the_instance().on_record(Author::command_line(now));
                    let made = accounts.rotate_signing_key(&scope, fresh, now).await;
                    let made = made.context("the key could not be rotated")?;
                    println!(
                        "Key {} signs from now on; running servers take it up within a minute.",
                        made.id
                    );
                }
            }
            Ok(())
        })
    }
}
