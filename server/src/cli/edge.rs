//! `sendry edge`: the Workers that may forward hits, and what they prove themselves with.

use anyhow::Context;
use clap::Subcommand;
use jiff::Timestamp;
use runtime::config::Config;
use runtime::engines;
use server::edge;
use store::AccountStore;
use store::access::{Author, InstanceScope};
use telemetry::report::ClientId;
use telemetry::report::edges::NewEdge;

#[derive(Subcommand)]
pub(crate) enum Edge {
    /// Make one and print its secret, which is shown this once.
    Create {
        /// What you call it, such as the Worker's name.
        name: String,
        /// The only clients whose hits it may forward, by their ids; otherwise all.
        #[arg(long = "client", value_name = "ID")]
        clients: Vec<i64>,
    },
    /// List them with what they have forwarded.
    List,
    /// Give one another secret and print it; the one before stays good for an hour.
    Rotate {
        /// Its id, as `list` shows it.
        id: i64,
    },
    /// Refuse one from now on; a running server does so within ten seconds.
    Revoke {
        /// Its id, as `list` shows it.
        id: i64,
    },
}

impl Edge {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.block_on(async {
            let stores = engines::stores(config).await?;
            let (accounts, now) = (&*stores.accounts, Timestamp::now());
            let scope = InstanceScope::of_the_instance().on_record(Author::command_line(now));
            match self {
                Self::Create { name, clients } => {
                    let clients = (!clients.is_empty()).then(|| clients.into_iter().map(ClientId).collect());
                    let made = edge::create(accounts, &scope, &name, clients, now).await;
                    show(&made.context("the edge could not be made")?);
                }
                Self::Rotate { id } => {
                    show(
                        &edge::rotate(accounts, &scope, id, now)
                            .await
                            .context("the secret could not be rotated")?,
                    );
                }
                Self::Revoke { id } => {
                    edge::revoke(accounts, &scope, id, now).await.context("the edge could not be revoked")?;
                    println!("Edge {id} is revoked.");
                }
                Self::List => list(accounts).await?,
            }
            Ok(())
        })
    }
}

/// The secret alone goes to standard output: it can be piped into `wrangler secret put EDGE_SECRET`.
fn show(made: &NewEdge) {
    eprintln!("The secret of edge {} ({}), shown this once:", made.info.id, made.info.name);
    println!("{}", made.secret);
}

async fn list(accounts: &dyn AccountStore) -> anyhow::Result<()> {
    let edges = accounts.edges().await.context("the edges could not be read")?;
    if edges.is_empty() {
        println!("There are no edges.");
        return Ok(());
    }
    println!(
        "{:>4}  {:<20}  {:<20}  {:>10}  {:>10}  {:>8}  NAME",
        "ID", "STATE", "LAST SEEN", "MESSAGES", "HITS", "REFUSED"
    );
    for edge in edges {
        let time = |at: Timestamp| format!("{at:.0}");
        println!(
            "{:>4}  {:<20}  {:<20}  {:>10}  {:>10}  {:>8}  {}",
            edge.id,
            if edge.revoked_at.is_some() { "revoked" } else { "good" },
            edge.last_seen_at.map_or_else(|| "never".to_owned(), time),
            edge.messages,
            edge.hits,
            edge.refused,
            edge.name,
        );
    }
    Ok(())
}
