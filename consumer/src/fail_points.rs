//! Places between the steps where a test can kill the process, as if the machine had lost its power just there.
//!
//! They exist only with the feature `failpoints`, which this crate's own tests turn on, and with them the binaries that
//! are built for these tests; what one ships contains nothing of it. `sendry-consumer` reads the variable `FAILPOINTS`:
//!
//! ```text
//! FAILPOINTS='consumer::after_raw=return'               dies there at once
//! FAILPOINTS='consumer::after_claim=3*off->return'      passes three times, and dies at the fourth
//! FAILPOINTS='consumer::after_complete=1%return'        dies there once in a hundred times
//! ```
//!
//! | place | what is done, and what is not |
//! |---|---|
//! | `consumer::after_claim` | batches are claimed, no raw event is stored |
//! | `consumer::after_raw` | raw events are stored, nothing is counted |
//! | `consumer::after_complete` | everything is counted, nothing is acked |
//! | `consumer::after_ack` | everything is done |
//! | `consumer::before_bury` | a message was given up, and is no dead letter yet |
//! | `queue::in_bury` | it is a dead letter, and not acked (RabbitMQ; with SQLite both are one transaction) |
//! | `consumer::after_bury` | it is a dead letter, and acked |
//!
//! The rule: the process aborts. No destructor runs, no buffer is flushed, no connection is closed politely; a panic,
//! which `fail` offers too, would do all that.

/// Passes a place. Only in functions that answer with a [`Result`].
macro_rules! pass {
    ($name:literal) => {
        fail::fail_point!(concat!("consumer::", $name), |_| std::process::abort())
    };
}
pub(crate) use pass;
