//! Serves `dist/` on this machine: right types, gzip, and the page's policy as a header too, because a worker that is
//! loaded from the network does not inherit a `meta` policy.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

use tiny_http::{Header, Method, Request, Response, Server};

use crate::places;
use crate::process::{Outcome, say};
use crate::setup;
use crate::site::{self, POLICY_HEADER};

/// How a site is served.
#[derive(Debug, Clone)]
pub(crate) struct Hosting {
    /// The path that the site is under, with a slash on both ends.
    pub(crate) base: String,
    /// Whether the policy goes out as a header: a plain host would not do it.
    pub(crate) sends_policy: bool,
}

/// `cargo xtask serve`
pub(crate) fn command(options: &[&str]) -> Outcome<()> {
    let mut port = 8080;
    let mut builds = true;
    let mut hosting = Hosting { base: "/".to_owned(), sends_policy: true };
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match *option {
            "--port" => {
                let word = options.next().ok_or("--port wants a number")?;
                port = word.parse().map_err(|_| format!("--port wants a number, not `{word}`"))?;
            }
            "--no-build" => builds = false,
            "--base" => hosting.base = (*options.next().ok_or("--base wants a path")?).to_owned(),
            "--no-header" => hosting.sends_policy = false,
            other => return Err(format!("`cargo xtask serve` knows no `{other}`")),
        }
    }
    if builds {
        site::build(&setup::for_site()?)?;
    }
    let server = start(port, hosting)?;
    say(&format!("\nPullpath is on {}\nCtrl-C ends it.", server.address));
    server.thread.join().map_err(|_| "the server broke".to_owned())
}

/// A server that runs.
pub(crate) struct Running {
    /// Where its site is.
    pub(crate) address: String,
    thread: thread::JoinHandle<()>,
}

/// Starts serving in the background and waits until it answers. Port 0 is any free one.
pub(crate) fn start(port: u16, hosting: Hosting) -> Outcome<Running> {
    let site = Arc::new(Site::read(hosting)?);
    let server = Server::http(("127.0.0.1", port)).map_err(|error| {
        format!("cannot listen on port {port}: {error}\nTry another one: --port 8081")
    })?;
    let socket = server.server_addr().to_ip().ok_or("the server has no address")?;
    let address = format!("http://{socket}{}", site.hosting.base);
    let server = Arc::new(server);
    // A browser opens several connections and leaves some silent: one slow reader must not hold up the others.
    for _ in 0..3 {
        let (server, site) = (Arc::clone(&server), Arc::clone(&site));
        thread::spawn(move || site.answer_all(&server));
    }
    let thread = thread::spawn(move || site.answer_all(&server));
    TcpStream::connect(socket).map_err(|error| format!("{address} does not answer: {error}"))?;
    Ok(Running { address, thread })
}

/// One file, ready to be sent.
struct File {
    kind: &'static str,
    plain: Vec<u8>,
    gzip: Vec<u8>,
    /// Whether its name holds a hash, so that it never changes.
    is_hashed: bool,
}

struct Site {
    hosting: Hosting,
    policy: String,
    files: BTreeMap<String, File>,
}

impl Site {
    fn read(hosting: Hosting) -> Outcome<Self> {
        let dist = places::dist();
        let html = fs::read_to_string(dist.join("index.html"))
            .map_err(|_| "there is no site in dist/: `cargo xtask build` makes it".to_owned())?;
        let policy = site::policy_of(&html).ok_or("dist/index.html carries no policy")?.to_owned();
        let mut files = BTreeMap::new();
        for path in places::files_below(&dist) {
            let name =
                path.strip_prefix(&dist).expect("it is below").to_string_lossy().replace('\\', "/");
            let plain = fs::read(&path).map_err(|error| format!("cannot read {name}: {error}"))?;
            let gzip = site::gzip(&plain);
            files.insert(
                name.clone(),
                File { kind: kind(&name), plain, gzip, is_hashed: is_hashed(&name) },
            );
        }
        Ok(Self { hosting, policy, files })
    }

    fn answer_all(&self, server: &Server) {
        while let Ok(request) = server.recv() {
            let response = self.answer(&request);
            // The browser went away: that is its right.
            let _ = request.respond(response);
        }
    }

    fn answer(&self, request: &Request) -> Response<Cursor<Vec<u8>>> {
        if !matches!(request.method(), Method::Get | Method::Head) {
            return Response::from_string("only GET is answered").with_status_code(405);
        }
        let path = request.url().split(['?', '#']).next().unwrap_or_default();
        let name = path.strip_prefix(self.hosting.base.as_str());
        let name = name.map(|name| if name.is_empty() { "index.html" } else { name });
        let Some(file) = name.and_then(|name| self.files.get(name)) else {
            return Response::from_string("there is no such file").with_status_code(404);
        };
        let takes_gzip = request.headers().iter().any(|header| {
            header.field.equiv("Accept-Encoding") && header.value.as_str().contains("gzip")
        });
        let is_smaller = file.gzip.len() < file.plain.len();
        let body = if takes_gzip && is_smaller { &file.gzip } else { &file.plain };
        let mut response = Response::from_data(body.clone())
            .with_header(header("Content-Type", file.kind))
            .with_header(header("X-Content-Type-Options", "nosniff"))
            .with_header(header("Vary", "Accept-Encoding"))
            .with_header(header(
                "Cache-Control",
                if file.is_hashed { "max-age=31536000, immutable" } else { "no-cache" },
            ));
        if takes_gzip && is_smaller {
            response.add_header(header("Content-Encoding", "gzip"));
        }
        if self.hosting.sends_policy {
            response.add_header(header(POLICY_HEADER, &self.policy));
        }
        // Sizes are compared by `bench`; chunks would hide them.
        response.with_chunked_threshold(usize::MAX)
    }
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("our headers are ASCII")
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// `page-0123456789abcdef.js`, `page-0123456789abcdef_bg.wasm`
fn is_hashed(name: &str) -> bool {
    name.split(['-', '.', '_', '/'])
        .any(|part| part.len() >= 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
