//! One test binary: the contract that every queue passes, and what is special to each backend.

mod contract;
mod sqlite;
