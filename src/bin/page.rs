//! The page: starts Yew in the browser.

fn main() {
    pullpath_web::run();
}
