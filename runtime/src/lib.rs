//! What every Sendry process needs to run, be it the server, the standalone consumer or a command.
//!
//! [`config`]: the settings. [`data_dir`]: the folder of SQLite files. [`engines`]: queue and stores, chosen by URL.
//! [`logging`]: JSON lines. [`metrics`]: what Prometheus reads, and who may. [`signals`]: the end.

pub mod config;
pub mod data_dir;
pub mod engines;
pub mod logging;
pub mod metrics;
pub mod signals;
