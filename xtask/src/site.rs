//! Builds the site into `dist/`: Trunk compiles the page in its two halves and the workers, and this module does what
//! Trunk does not: hashed names for what its loader leaves alone, a build id that both sides know, the content, and the policy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::places;
use crate::process::{Outcome, program, run, say, step};
use crate::setup::hex;
use crate::tools::Tools;

/// The policy of the page and of its worker; `{loader}` is the hash of the one inline script.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' '{loader}'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'";

/// Built by the editor's author; bundled here.
const EDITOR: &str = "crates/web/editor/index.js";

/// What the app is made of. When none of it changed, it is not built again.
const APP_INPUTS: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "crates",
    "index.html",
    "package-lock.json",
    "src",
    "xtask/src",
];
/// What the content is made of, besides the program that turns it into bundles.
const CONTENT_INPUTS: &[&str] = &["lessons", "quizzes", "scenarios"];

/// Builds whatever changed since the last time.
pub(crate) fn build(tools: &Tools) -> Outcome<()> {
    build_into_stage(tools)?;
    step("Finishing the site", "hashed names, the build's id, the policy", finish)?;
    for file in places::files_below(&places::dist()).iter().filter(|file| !is_content(file)) {
        say(&format!(
            "    {:>9} bytes {:>9} gzip  {}",
            size(file),
            gzip_size(file),
            relative(file)
        ));
    }
    Ok(())
}

fn build_into_stage(tools: &Tools) -> Outcome<()> {
    let app = fingerprint(APP_INPUTS);
    if is_fresh("app", &app) {
        say("\n==> The app is built already: nothing of it changed");
    } else {
        let why = "compiled for size, four programs: some minutes the first time";
        step("Building the app with Trunk", why, || trunk(tools))?;
        step("Bundling the editor", "", bundle_editor)?;
        stamp("app", &app)?;
    }
    let content = format!("{app} {}", fingerprint(CONTENT_INPUTS));
    if is_fresh("content", &content) {
        say("\n==> The content is bundled already: nothing of it changed");
        return Ok(());
    }
    step("Bundling scenarios and lessons", "", bundle_content)?;
    stamp("content", &content)
}

// ---- the parts --------------------------------------------------------------------------------------------------

fn stage(part: &str) -> PathBuf {
    places::scratch().join("site").join(part)
}

fn trunk(tools: &Tools) -> Outcome<()> {
    let style = places::root().join("crates/web/style/main.css");
    if !style.exists() {
        return Err("crates/web/style/main.css is missing".to_owned());
    }
    let mut trunk = tools.wasm_program("trunk");
    trunk.args(["build", "--release", "--dist"]).arg(stage("app"));
    // Trunk reads a few variables of its own; these two would change what it prints or fetches.
    run(trunk.env_remove("NO_COLOR").env("TRUNK_SKIP_VERSION_CHECK", "true"))
}

fn bundle_editor() -> Outcome<()> {
    let to = stage("editor");
    let _ = fs::remove_dir_all(&to);
    if !places::root().join(EDITOR).exists() {
        say(&format!("    there is no {EDITOR}: built without an editor"));
        return Ok(());
    }
    let outfile = format!("--outfile={}", to.join("editor.js").display());
    let flags = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=warning"];
    run(program("esbuild").arg(EDITOR).args(flags).arg(outfile))
}

fn bundle_content() -> Outcome<()> {
    let to = stage("content");
    let _ = fs::remove_dir_all(&to);
    run(pullpath().args(["bundle", "scenarios", "lessons", "quizzes", "--out"]).arg(&to))?;
    // Editors of authors fetch them from the site.
    run(pullpath().args(["schema", "--out"]).arg(to.join("schema")))
}

/// The project's own command line, in the build that the tests use.
pub(crate) fn pullpath() -> Command {
    let mut cargo = program("cargo");
    cargo.args(["run", "--quiet", "--package", "pullpath", "--bin", "pullpath", "--"]);
    cargo
}

// ---- finishing --------------------------------------------------------------------------------------------------

/// Puts the parts together. Everything is made anew each time, because it takes a blink.
fn finish() -> Outcome<()> {
    let dist = places::dist();
    let _ = fs::remove_dir_all(&dist);
    let app = stage("app");
    let mut html = read_text(&app.join("index.html"))?;
    let is_put_by_us =
        |name: &str| ["worker", "desk", "room"].iter().any(|program| name.starts_with(program));
    for file in places::files_below(&app) {
        let name =
            file.strip_prefix(&app).expect("it is below").to_string_lossy().replace('\\', "/");
        if name != "index.html" && !is_put_by_us(&name) {
            write(&dist.join(&name), &read(&file)?)?;
        }
    }
    for file in places::files_below(&stage("content")) {
        let name = file.strip_prefix(stage("content")).expect("it is below");
        write(&dist.join("content").join(name), &read(&file)?)?;
    }
    let editor = stage("editor").join("editor.js");
    if editor.exists() {
        let name = put_hashed(&dist, "editor", "js", &read(&editor)?)?;
        html = fill(&html, "pullpath-editor", &name)?;
    }
    let build = build_id(&app)?;
    html = fill(&html, "pullpath-build", &build)?;
    for worker in ["worker", "desk"] {
        let script = put_worker(&app, &dist, worker, &build)?;
        html = fill(&html, &format!("pullpath-{worker}"), &script)?;
    }
    html = fill(&html, "pullpath-room", &put_room(&app, &dist)?)?;
    html = add_policy(&html)?;
    write(&dist.join("index.html"), html.as_bytes())?;
    minify(&dist)
}

/// What wasm-bindgen and people write is full of comments and long names, and is waited for.
fn minify(dist: &Path) -> Outcome<()> {
    let is_text = |file: &PathBuf| file.extension().is_some_and(|end| end == "js" || end == "css");
    let files = places::files_below(dist).into_iter().filter(is_text);
    let out = format!("--outdir={}", dist.display());
    let base = format!("--outbase={}", dist.display());
    let flags = ["--minify", "--allow-overwrite", "--target=es2022", "--log-level=warning"];
    run(program("esbuild").args(files).args(flags).args([out, base]))
}

/// Page and worker of one build say the same name, however they were cached.
fn build_id(app: &Path) -> Outcome<String> {
    let mut hash = Sha256::new();
    for file in places::files_below(app) {
        hash.update(read(&file)?);
    }
    Ok(hex(&hash.finalize())[..16].to_owned())
}

/// Trunk gives worker files no hash. The script is told its build and started: with it, one request less.
fn put_worker(app: &Path, dist: &Path, worker: &str, build: &str) -> Outcome<String> {
    let bytes = read(&app.join(format!("{worker}_bg.wasm")))?;
    let wasm = put_hashed(dist, worker, "wasm", &bytes)?;
    let glue = read_text(&app.join(format!("{worker}.js")))?;
    let script = format!(
        "self.PULLPATH_BUILD = \"{build}\";\n{glue}\nwasm_bindgen({{ module_or_path: \"{wasm}\" }});\n"
    );
    put_hashed(dist, worker, "js", script.as_bytes())
}

/// The second half of the page: a module that starts itself.
fn put_room(app: &Path, dist: &Path) -> Outcome<String> {
    let wasm = put_hashed(dist, "room", "wasm", &read(&app.join("room_bg.wasm"))?)?;
    let glue = read_text(&app.join("room.js"))?;
    let script = format!(
        "{glue}\n__wbg_init({{ module_or_path: new URL(\"{wasm}\", import.meta.url) }});\n"
    );
    put_hashed(dist, "room", "js", script.as_bytes())
}

fn put_hashed(dist: &Path, stem: &str, extension: &str, bytes: &[u8]) -> Outcome<String> {
    let name = format!("{stem}-{}.{extension}", &hex(&Sha256::digest(bytes))[..16]);
    write(&dist.join(&name), bytes)?;
    Ok(name)
}

/// Sets the content of one `<meta name=…>`.
fn fill(html: &str, name: &str, value: &str) -> Outcome<String> {
    let problem = || format!("index.html has no <meta name=\"{name}\" content=\"…\">");
    let start = format!("<meta name=\"{name}\" content=\"");
    let (before, after) = html.split_once(&start).ok_or_else(problem)?;
    let (_, rest) = after.split_once('"').ok_or_else(problem)?;
    Ok(format!("{before}{start}{value}\"{rest}"))
}

/// Writes the policy behind the character set: before anything that it is about.
fn add_policy(html: &str) -> Outcome<String> {
    let (_, from) =
        html.split_once("<script type=\"module\">").ok_or("Trunk wrote no inline loader")?;
    let (loader, rest) = from.split_once("</script>").ok_or("Trunk's loader has no end")?;
    if rest.contains("<script") {
        return Err(
            "index.html has a second script: the policy allows only Trunk's loader".to_owned()
        );
    }
    let hash = format!("sha256-{}", STANDARD.encode(Sha256::digest(loader)));
    let policy = POLICY.replace("{loader}", &hash);
    let (before, after) = html
        .split_once("</title>")
        .map(|_| ())
        .and_then(|()| split_after(html, "charset=\"utf-8\""))
        .ok_or("index.html names no character set")?;
    Ok(format!("{before}<meta http-equiv=\"{POLICY_HEADER}\" content=\"{policy}\">{after}"))
}

/// The name of the header that holds the policy, and of its `meta` twin.
pub(crate) const POLICY_HEADER: &str = "Content-Security-Policy";

/// Splits after the tag that holds `part`.
fn split_after<'a>(html: &'a str, part: &str) -> Option<(&'a str, &'a str)> {
    let at = html.find(part)?;
    let end = at + html[at..].find('>')? + 1;
    Some(html.split_at(end))
}

/// The policy that a built page carries.
pub(crate) fn policy_of(html: &str) -> Option<&str> {
    let (_, after) = html.split_once(&format!("http-equiv=\"{POLICY_HEADER}\" content=\""))?;
    after.split_once('"').map(|(policy, _)| policy)
}

// ---- what changed -----------------------------------------------------------------------------------------------

/// A hash over names and contents.
fn fingerprint(inputs: &[&str]) -> String {
    let root = places::root();
    let mut hash = Sha256::new();
    for input in inputs {
        let path = root.join(input);
        let files = if path.is_dir() { places::files_below(&path) } else { vec![path] };
        for file in files {
            hash.update(relative(&file));
            hash.update([0]);
            hash.update(fs::read(&file).unwrap_or_default());
            hash.update([0]);
        }
    }
    hex(&hash.finalize())
}

fn is_fresh(part: &str, fingerprint: &str) -> bool {
    fs::read_to_string(stage(part).with_extension("stamp")).is_ok_and(|stamp| stamp == fingerprint)
}

fn stamp(part: &str, fingerprint: &str) -> Outcome<()> {
    write(&stage(part).with_extension("stamp"), fingerprint.as_bytes())
}

// ---- files ------------------------------------------------------------------------------------------------------

fn is_content(file: &Path) -> bool {
    file.starts_with(places::dist().join("content"))
}

fn relative(file: &Path) -> String {
    file.strip_prefix(places::root()).unwrap_or(file).to_string_lossy().replace('\\', "/")
}

fn size(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |metadata| metadata.len())
}

/// A file as a host would send it.
pub(crate) fn gzip_size(file: &Path) -> usize {
    gzip(&fs::read(file).unwrap_or_default()).len()
}

/// What a host would send.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory takes what it is given");
    encoder.finish().expect("memory takes what it is given")
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn read_text(path: &Path) -> Outcome<String> {
    String::from_utf8(read(path)?).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Outcome<()> {
    let dir = path.parent().expect("a file is in a folder");
    fs::create_dir_all(dir)
        .and_then(|()| fs::write(path, bytes))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}
