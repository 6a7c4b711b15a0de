//! What a person runs: serve, test, setup, build, bench, tidy.
fn main() {}
