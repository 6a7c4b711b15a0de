//! The page's second half: lessons, workbench, author.

fn main() {
    pullpath_web::run_room();
}
