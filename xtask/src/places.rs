//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().expect("xtask is a folder of the repository").to_owned()
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Scratch of xtask itself.
pub(crate) fn scratch() -> PathBuf {
    target().join("xtask")
}

/// The built site.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// Tools of this checkout only, for when the machine has another version of its own.
pub(crate) fn own_tools() -> PathBuf {
    root().join(".tools")
}

/// Where `cargo install` puts programs.
pub(crate) fn cargo_bin() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    home.map(|home| home.join("bin"))
}

/// The PATH with our own tools first.
pub(crate) fn search_path() -> Vec<PathBuf> {
    let mut path = vec![own_tools().join("bin"), root().join("node_modules/.bin")];
    path.extend(cargo_bin());
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    path
}

/// Finds a program on the PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    search_path().into_iter().map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// Every file below a folder, sorted. What is not there has no files.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}
