//! The `pullpath` command.
fn main() {}
