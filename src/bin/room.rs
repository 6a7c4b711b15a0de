//! The page's second half: lessons, quizzes, workbench, progress, messages, author.

fn main() {
    pullpath_web::run_room();
}
