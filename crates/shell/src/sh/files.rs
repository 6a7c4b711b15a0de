//! The small file system of a terminal. Nothing in it outlives the terminal.

use std::collections::BTreeMap;

/// How much all files may hold together.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// How many files and folders there may be.
const MOST_NODES: usize = 4096;

/// Files and folders by path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    // Invariant: paths are absolute and normal, and the folder around each is here too.
    nodes: BTreeMap<String, Node>,
}

/// A file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    File { text: String, executable: bool },
    Folder,
}

/// Why something is not done, in the words of the C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotThere,
    IsFolder,
    NoFolder,
    NotEmpty,
    Exists,
    Full,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotThere => "No such file or directory",
            Self::IsFolder => "Is a directory",
            Self::NoFolder => "Not a directory",
            Self::NotEmpty => "Directory not empty",
            Self::Exists => "File exists",
            Self::Full => "No space left on device",
        })
    }
}

impl Default for Files {
    fn default() -> Self {
        let mut files = Self { nodes: BTreeMap::from([("/".to_owned(), Node::Folder)]) };
        for folder in [super::HOME, "/tmp", "/dev"] {
            files.create_folders(folder).expect("an empty file system takes folders");
        }
        files
    }
}

/// An absolute path without `.` and `..`.
pub(crate) fn absolute(folder: &str, path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    let from = if path.starts_with('/') { "" } else { folder };
    for step in from.split('/').chain(path.split('/')) {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    format!("/{}", steps.join("/"))
}

fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}

impl Files {
    /// The text of a file.
    pub(crate) fn read(&self, path: &str) -> Result<String, Refusal> {
        match self.nodes.get(path) {
            _ if path == "/dev/null" => Ok(String::new()),
            Some(Node::File { text, .. }) => Ok(text.clone()),
            Some(Node::Folder) => Err(Refusal::IsFolder),
            None if matches!(self.nodes.get(parent(path)), Some(Node::File { .. })) => {
                Err(Refusal::NoFolder)
            }
            None => Err(Refusal::NotThere),
        }
    }

    /// Writes a file, or behind what is in it.
    pub(crate) fn write(&mut self, path: &str, text: &str, append: bool) -> Result<(), Refusal> {
        if path == "/dev/null" {
            return Ok(());
        }
        let (before, executable) = match self.nodes.get(path) {
            Some(Node::Folder) => return Err(Refusal::IsFolder),
            Some(Node::File { text, executable }) => (text.as_str(), *executable),
            None => {
                self.room_for_one(path)?;
                ("", false)
            }
        };
        let rest = self.bytes() - before.len();
        let text = if append { format!("{before}{text}") } else { text.to_owned() };
        if rest + text.len() > MOST_BYTES {
            return Err(Refusal::Full);
        }
        self.nodes.insert(path.to_owned(), Node::File { text, executable });
        Ok(())
    }

    /// Marks a file as a program.
    pub(crate) fn make_executable(&mut self, path: &str) -> Result<(), Refusal> {
        match self.nodes.get_mut(path) {
            Some(Node::File { executable, .. }) => *executable = true,
            Some(Node::Folder) => {}
            None => return Err(Refusal::NotThere),
        }
        Ok(())
    }

    pub(crate) fn is_executable(&self, path: &str) -> bool {
        matches!(self.nodes.get(path), Some(Node::File { executable: true, .. }))
    }

    pub(crate) fn is_folder(&self, path: &str) -> bool {
        matches!(self.nodes.get(path), Some(Node::Folder))
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.nodes.contains_key(path) || path == "/dev/null"
    }

    fn bytes(&self) -> usize {
        let size = |node: &Node| match node {
            Node::File { text, .. } => text.len(),
            Node::Folder => 0,
        };
        self.nodes.values().map(size).sum()
    }

    fn room_for_one(&self, path: &str) -> Result<(), Refusal> {
        match self.nodes.get(parent(path)) {
            Some(Node::Folder) if self.nodes.len() < MOST_NODES => Ok(()),
            Some(Node::Folder) => Err(Refusal::Full),
            Some(Node::File { .. }) => Err(Refusal::NoFolder),
            None => Err(Refusal::NotThere),
        }
    }

    pub(crate) fn create_folder(&mut self, path: &str) -> Result<(), Refusal> {
        if self.nodes.contains_key(path) {
            return Err(Refusal::Exists);
        }
        self.room_for_one(path)?;
        self.nodes.insert(path.to_owned(), Node::Folder);
        Ok(())
    }

    /// The same with all folders around it; it may be there already.
    pub(crate) fn create_folders(&mut self, path: &str) -> Result<(), Refusal> {
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        for end in ends {
            match self.create_folder(&path[..end]) {
                Err(Refusal::Exists) if self.is_folder(&path[..end]) => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// The names in a folder, in order.
    pub(crate) fn list(&self, path: &str) -> Vec<String> {
        let prefix = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        let inside = self.nodes.range(prefix.clone()..);
        inside
            .map_while(|(path, _)| path.strip_prefix(&prefix))
            .filter(|name| !name.is_empty() && !name.contains('/'))
            .map(str::to_owned)
            .collect()
    }

    /// Takes a file away, or a folder with all that is in it.
    pub(crate) fn remove(&mut self, path: &str, with_contents: bool) -> Result<(), Refusal> {
        match self.nodes.get(path) {
            None => return Err(Refusal::NotThere),
            Some(Node::Folder) if !with_contents => return Err(Refusal::IsFolder),
            Some(Node::Folder) if path == "/" => return Err(Refusal::NotEmpty),
            Some(_) => {}
        }
        let inside = format!("{path}/");
        self.nodes.retain(|known, _| known != path && !known.starts_with(&inside));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_normal() {
        for (path, want) in [
            ("a", "/root/a"),
            ("./a//b/../c", "/root/a/c"),
            ("/x/./y", "/x/y"),
            ("../../../..", "/"),
            ("", "/root"),
        ] {
            assert_eq!(absolute("/root", path), want, "for {path}");
        }
    }

    #[test]
    fn files_are_written_into_folders_that_exist() {
        let mut files = Files::default();
        assert_eq!(files.write("/no/x", "", false), Err(Refusal::NotThere));
        assert_eq!(files.create_folders("/a/b"), Ok(()));
        assert_eq!(files.write("/a/b/x", "1", false), Ok(()));
        assert_eq!(files.write("/a/b/x", "2", true), Ok(()));
        assert_eq!(files.read("/a/b/x").as_deref(), Ok("12"));
        assert_eq!((files.list("/a"), files.list("/a/b")), (vec!["b".into()], vec!["x".into()]));
        assert_eq!(files.write("/a/b", "", false), Err(Refusal::IsFolder));
        assert_eq!(files.remove("/a", false), Err(Refusal::IsFolder));
        assert_eq!(files.remove("/a", true), Ok(()));
        assert_eq!(files.read("/a/b/x"), Err(Refusal::NotThere));
        let much = "x".repeat(MOST_BYTES + 1);
        assert_eq!(files.write("/tmp/x", &much, false), Err(Refusal::Full));
    }
}
