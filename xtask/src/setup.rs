//! Installs what is missing, and nothing else. Each part first looks whether it is there already.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::places;
use crate::process::{Outcome, ask, program, run, say, step};
use crate::tools::{Tools, WASM};

/// Trunk 0.22 asks for a newer compiler than Debian has.
const TRUNK: &str = "0.21.14";
/// The rustup name of Debian's own Rust, linked when rustup cannot download the wasm32 target.
const DEBIAN: &str = "debian";
/// Debian's Rust with what is needed to build the standard library for wasm32.
const DEBIAN_RUST: &[&str] =
    &["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "rust-web-clippy", "lld-22"];

/// What building the site takes.
pub(crate) fn for_site() -> Outcome<Tools> {
    let (parts, tools) = site_parts();
    all(parts)?;
    Ok(tools.expect("no part is missing"))
}

/// What building and testing takes.
pub(crate) fn everything() -> Outcome<Tools> {
    // The browser is first: it is fetched, while most others are compiled.
    let mut parts = vec![components(), browser()];
    let (site, tools) = site_parts();
    parts.extend(site);
    all(parts)?;
    Ok(tools.expect("no part is missing"))
}

fn site_parts() -> (Vec<Outcome<()>>, Option<Tools>) {
    let wasm = wasm_target();
    let tools = wasm.as_ref().ok().copied();
    (vec![wasm.map(drop), npm_packages(), trunk(), wasm_bindgen()], tools)
}

/// Everything that is missing is named at once.
fn all(parts: Vec<Outcome<()>>) -> Outcome<()> {
    let missing: Vec<String> = parts.into_iter().filter_map(Result::err).collect();
    if missing.is_empty() { Ok(()) } else { Err(missing.join("\n\n")) }
}

fn cannot(thing: &str, command: &str, problem: &str) -> String {
    format!("Missing: {thing}. {problem}\nThis would install it:\n    {command}")
}

// ---- Rust -------------------------------------------------------------------------------------------------------

fn components() -> Outcome<()> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if ask(program("cargo").args([subcommand, "--version"])).is_none() {
            let install = ["component", "add", component];
            step(&format!("Installing {component}"), "", || run(program("rustup").args(install)))
                .map_err(|problem| {
                cannot(component, &format!("rustup component add {component}"), &problem)
            })?;
        }
    }
    Ok(())
}

/// The wasm32 target: what is there, else rustup's, else one built from Debian's source.
fn wasm_target() -> Outcome<Tools> {
    if has_wasm_std(&ordinary_wasm_dir()) {
        return Ok(Tools { wasm_toolchain: None });
    }
    if debian_is_ready() {
        return Ok(Tools { wasm_toolchain: Some(DEBIAN) });
    }
    let by_rustup =
        step("Adding the wasm32 target", "rustup fetches the standard library for it", || {
            run(program("rustup").args(["target", "add", WASM]))
        });
    if by_rustup.is_ok() {
        return Ok(Tools { wasm_toolchain: None });
    }
    say(
        "    rustup could not: trying Debian's own Rust, which brings the source of its standard library.",
    );
    debian_wasm().map_err(|problem| {
        cannot(
            "the Rust target wasm32-unknown-unknown",
            &format!("rustup target add {WASM}"),
            &problem,
        )
    })?;
    Ok(Tools { wasm_toolchain: Some(DEBIAN) })
}

/// Where the ordinary compiler would look for the wasm32 standard library.
fn ordinary_wasm_dir() -> PathBuf {
    let asked = ask(program("rustc").args(["--print", "target-libdir", "--target", WASM]));
    asked.unwrap_or_default().into()
}

fn has_wasm_std(dir: &Path) -> bool {
    let names = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    ["libstd-", "libtest-"].iter().all(|part| names.iter().any(|name| name.starts_with(part)))
}

/// Where Debian's compiler looks for it.
fn debian_wasm_dir() -> PathBuf {
    Path::new("/usr/lib/rustlib").join(WASM).join("lib")
}

/// Says which compiler the standard library was built with: another one could not read it.
fn debian_stamp() -> PathBuf {
    debian_wasm_dir().join("built-with")
}

fn debian_version() -> Option<String> {
    ask(program("/usr/bin/rustc").env_remove("LD_LIBRARY_PATH").arg("-vV"))
}

fn debian_is_ready() -> bool {
    let stamp = fs::read_to_string(debian_stamp()).ok();
    has_wasm_std(&debian_wasm_dir())
        && stamp.is_some()
        && stamp == debian_version()
        && debian_is_linked()
}

fn debian_is_linked() -> bool {
    let list = ask(program("rustup").args(["toolchain", "list"])).unwrap_or_default();
    list.lines().any(|line| line.split_whitespace().next() == Some(DEBIAN))
}

fn debian_wasm() -> Outcome<()> {
    debian_packages("Debian's Rust", "a second compiler, beside rustup's", DEBIAN_RUST)?;
    let stamp = fs::read_to_string(debian_stamp()).ok();
    if !has_wasm_std(&debian_wasm_dir()) || stamp.is_none() || stamp != debian_version() {
        step(
            "Building the standard library for wasm32",
            "it is compiled from source once, about a minute",
            build_std,
        )?;
    }
    if !debian_is_linked() {
        step("Linking Debian's Rust as a rustup toolchain", "", || {
            run(program("rustup").args(["toolchain", "link", DEBIAN, "/usr"]))
        })?;
    }
    Ok(())
}

/// Builds std in a scratch crate and puts its libraries where Debian's compiler looks.
fn build_std() -> Outcome<()> {
    let scratch = places::scratch().join("wasm-std");
    let _ = fs::remove_dir_all(&scratch);
    write(&scratch.join("src/lib.rs"), "#![no_std]\n")?;
    let manifest = "[package]\nname = \"scratch\"\nedition = \"2024\"\n\n[profile.release]\npanic = \"abort\"\n\n[workspace]\n";
    write(&scratch.join("Cargo.toml"), manifest)?;
    // Bitcode, or link-time optimisation fails later; `test`, or wasm-bindgen-test does not compile.
    let mut cargo = program("/usr/bin/cargo");
    cargo
        .current_dir(&scratch)
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .args(["build", "--release", "--target", WASM, "-Zbuild-std=std,panic_abort,test"]);
    run(&mut cargo)?;
    let to = debian_wasm_dir();
    let _ = fs::remove_dir_all(&to);
    fs::create_dir_all(&to).map_err(|error| format!("cannot write {}: {error}", to.display()))?;
    for file in places::files_below(&scratch.join("target").join(WASM).join("release/deps")) {
        let name = file.file_name().expect("a file has a name").to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libscratch-") {
            fs::copy(&file, to.join(&name))
                .map_err(|error| format!("cannot write {name}: {error}"))?;
        }
    }
    // Cargo does not notice a changed sysroot.
    let _ = fs::remove_dir_all(places::target().join(WASM));
    write(&debian_stamp(), &debian_version().unwrap_or_default())
}

// ---- cargo install ----------------------------------------------------------------------------------------------

fn trunk() -> Outcome<()> {
    if version("trunk").as_deref() == Some(TRUNK) {
        return Ok(());
    }
    // Quick to build before quick to run: it only starts other programs.
    let quick = [("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"), ("CARGO_PROFILE_RELEASE_LTO", "off")];
    cargo_install(
        "trunk",
        TRUNK,
        &["--locked"],
        &quick,
        "it builds the app; compiled from source once, 5 to 10 minutes",
    )
}

/// Its version must be that of the library to the digit.
fn wasm_bindgen() -> Outcome<()> {
    let wanted = locked_version("wasm-bindgen").ok_or("Cargo.lock names no wasm-bindgen")?;
    let is_there = ["wasm-bindgen", "wasm-bindgen-test-runner"]
        .iter()
        .all(|tool| version(tool).as_deref() == Some(wanted.as_str()));
    if is_there {
        return Ok(());
    }
    // Without `--locked`: its own lock file names crates that may not be served any more.
    let why = "it connects Rust and JavaScript; compiled from source once, about 4 minutes";
    cargo_install("wasm-bindgen-cli", &wanted, &[], &[("CARGO_PROFILE_RELEASE_LTO", "off")], why)
}

fn cargo_install(
    name: &str,
    version: &str,
    flags: &[&str],
    env: &[(&str, &str)],
    why: &str,
) -> Outcome<()> {
    let exact = format!("{name}@{version}");
    let mut cargo = program("cargo");
    cargo.args(["install", "--force", &exact]).args(flags).envs(env.iter().copied());
    // Not into the project's folder for builds, whose profiles are not for this.
    cargo.env("CARGO_TARGET_DIR", places::scratch().join("install"));
    let tool = if name == "wasm-bindgen-cli" { "wasm-bindgen" } else { name };
    if places::find(tool).is_some() {
        // Somebody has another version and may need it.
        cargo.arg("--root").arg(places::own_tools());
    }
    let command = format!("cargo install {exact} {}", flags.join(" "));
    step(&format!("Installing {name} {version}"), why, || run(&mut cargo))
        .map_err(|problem| cannot(&format!("{name} {version}"), command.trim(), &problem))
}

/// The version a program says it has: the last word of `name 1.2.3`.
fn version(tool: &str) -> Option<String> {
    ask(program(places::find(tool)?).arg("--version"))?.split_whitespace().nth(1).map(str::to_owned)
}

fn locked_version(package: &str) -> Option<String> {
    let lock = fs::read_to_string(places::root().join("Cargo.lock")).ok()?;
    let (_, after) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    after.split_once('"').map(|(version, _)| version.to_owned())
}

// ---- npm --------------------------------------------------------------------------------------------------------

/// wasm-opt, esbuild, the editor's parts and the browser's remote control, as the lock file names them.
fn npm_packages() -> Outcome<()> {
    let lock = read(&places::root().join("package-lock.json"))?;
    let stamp = places::root().join("node_modules/.installed");
    let wanted = hex(&Sha256::digest(lock));
    if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == wanted) {
        return Ok(());
    }
    let command = "npm ci --ignore-scripts";
    for (tool, minimum) in [("node", "Node.js 20"), ("npm", "npm")] {
        if places::find(tool).is_none() {
            return Err(cannot(minimum, "apt-get install nodejs npm    (or from nodejs.org)", ""));
        }
    }
    step("Installing the npm packages", "wasm-opt, esbuild, CodeMirror, playwright-core", || {
        run(program("npm").args(command.split(' ').skip(1)))?;
        write(&stamp, &wanted)
    })
    .map_err(|problem| cannot("the npm packages of package-lock.json", command, &problem))
}

// ---- the browser ------------------------------------------------------------------------------------------------

/// Chromium, or what the environment says.
pub(crate) fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let known = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    named.or_else(|| known.iter().find_map(|name| places::find(name)))
}

/// Its driver, or what the environment says.
pub(crate) fn chromedriver() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMEDRIVER").map(PathBuf::from);
    named.or_else(|| places::find("chromedriver"))
}

fn browser() -> Outcome<()> {
    if chromium().is_some() && chromedriver().is_some() {
        return Ok(());
    }
    debian_packages("Chromium and its driver", "about 100 MB", &["chromium", "chromium-driver"])
}

// ---- apt --------------------------------------------------------------------------------------------------------

fn debian_packages(thing: &str, why: &str, packages: &[&str]) -> Outcome<()> {
    let missing: Vec<&str> =
        packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let command = format!("apt-get install --no-install-recommends {}", missing.join(" "));
    if places::find("apt-get").is_none() {
        return Err(cannot(thing, &command, "This system has no apt-get: use its own packages."));
    }
    step(&format!("Installing {thing}: {}", missing.join(" ")), why, || {
        apt(&["update"])?;
        let install = ["install", "-y", "--no-install-recommends"];
        apt(&[&install[..], &missing[..]].concat())
    })
    .map_err(|problem| cannot(thing, &command, &problem))
}

fn is_installed(package: &str) -> bool {
    let status = ask(program("dpkg-query").args(["-W", "-f=${Status}", package]));
    status.is_some_and(|status| status.ends_with(" installed"))
}

/// Another apt may hold the lock, and a mirror may have a bad moment.
fn apt(arguments: &[&str]) -> Outcome<()> {
    let is_root = ask(program("id").arg("-u")).as_deref() == Some("0");
    let mut outcome = Ok(());
    for attempt in 1..=3 {
        let mut command = program(if is_root { "apt-get" } else { "sudo" });
        if !is_root {
            command.args(["-n", "apt-get"]);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.args(["-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]);
        outcome = run(command.args(arguments));
        if outcome.is_ok() {
            break;
        }
        say(&format!("    apt-get failed, attempt {attempt} of 3"));
        std::thread::sleep(std::time::Duration::from_secs(5));
    }
    outcome
}

// ---- files ------------------------------------------------------------------------------------------------------

fn read(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Outcome<()> {
    let dir = path.parent().expect("a file is in a folder");
    fs::create_dir_all(dir)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
