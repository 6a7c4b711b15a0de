//! The engine for what is done around playing, in its Web Worker: an author's folders, hand-ins, messages.

fn main() {
    pullpath::worker::serve(pullpath_engine::Host::new);
}
