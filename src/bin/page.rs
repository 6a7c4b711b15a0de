//! The page's first half: the frame and home.

fn main() {
    pullpath_web::run();
}
