//! The engine for an author's own scenarios, in its Web Worker: it reads Markdown too.

fn main() {
    pullpath::worker::serve(pullpath_engine::Host::new);
}
