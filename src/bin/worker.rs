//! The engine for scenarios of the site, in its Web Worker.

fn main() {
    pullpath::worker::serve(pullpath_engine::Player::of_bundles);
}
