//! What a person runs: `cargo xtask setup|serve|test|conformance|build|bench|fuzz|tidy`.

mod bench;
mod conformance;
mod fuzz;
mod places;
mod process;
mod serve;
mod setup;
mod site;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

use process::Outcome;

const USAGE: &str = "\
cargo xtask setup            installs what is missing
cargo xtask serve            installs what is missing, builds the app and serves it
  --port N                   on this port instead of 8080
  --no-build                 serves what is in dist/ already
cargo xtask test             installs what is missing and runs every check and test
cargo xtask conformance DIR  plays the recorded cases below a folder
  --show ID                  prints what one case expects, and what it got
cargo xtask build            builds the app into dist/
cargo xtask bench            measures time and size
  --against REV [CASE]       compares times with another revision, of the quick cases or those with CASE in the name
cargo xtask fuzz [TARGET]    feeds text from nowhere to what reads text from strangers
  --runs N, --minutes N      so often, or so long
cargo xtask tidy             checks what no compiler checks";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("\n{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Outcome<()> {
    match words {
        ["setup"] => setup::everything().map(drop),
        ["serve", options @ ..] => serve::command(options),
        ["test", options @ ..] => test::command(options),
        ["conformance", options @ ..] => conformance::command(options),
        ["build"] => site::build(&setup::for_site()?),
        ["bench", options @ ..] => bench::command(options),
        ["fuzz", options @ ..] => fuzz::command(options),
        ["tidy"] => tidy::command(),
        _ => Err(USAGE.to_owned()),
    }
}
