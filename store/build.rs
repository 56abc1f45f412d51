//! Tells cargo that the embedded migrations are sources too: a new file there must rebuild the crate.

fn main() {
    println!("cargo:rerun-if-changed=src/sqlite/migrations");
    println!("cargo:rerun-if-changed=src/postgres/migrations");
}
