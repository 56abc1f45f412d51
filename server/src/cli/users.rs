//! `sendry users`: the way back in for whoever forgot their password, the super admin too.

use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::Timestamp;
use runtime::config::Config;
use runtime::engines;
use server::auth::{RESET_LIFETIME, reset_link};
use store::access::{Author, InstanceScope};

#[derive(Subcommand)]
pub(crate) enum Users {
    /// Print a link with which a user chooses a new password: good once, for a day.
    Reset {
        /// User name or e-mail address.
        login: String,
    },
}

impl Users {
    pub(crate) fn run(self, config: &Config) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let Self::Reset { login } = self;
        runtime.block_on(async {
            let accounts = engines::stores(config).await?.accounts;
            let now = Timestamp::now();
            let found = accounts.user_by_login(&login).await.context("the users could not be read")?;
            let Some(record) = found else { bail!("there is no user {login:?}") };
            let scope = InstanceScope::of_the_instance().on_record(Author::command_line(now));
            let public_url = config.public_url(config.addr);
            let (digest, link) = reset_link(&public_url).context("the system gives no random numbers")?;
            let made = accounts.create_reset(&scope, record.user.id, digest, now + RESET_LIFETIME).await;
            if !made.context("the link could not be made")? {
                bail!("there is no user {login:?}");
            }
            eprintln!("For {}, good once, until {:.0}:", record.user.username, now + RESET_LIFETIME);
            println!("{link}");
            Ok(())
        })
    }
}
