//! Results that are kept as they are made, so that a batch that was cut short goes on where it ended.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::super::Failure;
use super::record::Row;

/// The results file, if one is kept.
pub(super) struct Results {
    file: Option<File>,
    earlier: BTreeMap<String, Row>,
}

impl Results {
    /// Opens a results file, or begins it. A last line that was cut short is taken away.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self { file: None, earlier: BTreeMap::new() }) };
        let about = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(about)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(about)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut earlier = BTreeMap::new();
        for (place, line) in text[..whole].lines().enumerate() {
            let row: Row = serde_json::from_str(line).map_err(|error| {
                format!(
                    "error[not-results]: this is no row of results: {error}\n --> {}:{}:1\n  = hint: name a file that `pullpath grade --resume` or `--format ndjson` wrote, or a new one",
                    path.display(),
                    place + 1
                )
            })?;
            earlier.insert(row.key.clone(), row);
        }
        file.set_len(whole as u64).map_err(about)?;
        file.seek(SeekFrom::End(0)).map_err(about)?;
        Ok(Self { file: Some(file), earlier })
    }

    /// The rows of earlier runs, by key.
    pub(super) fn take(&mut self) -> BTreeMap<String, Row> {
        std::mem::take(&mut self.earlier)
    }

    /// Keeps a row. What is written is a whole line at a time.
    pub(super) fn append(&mut self, row: &Row) -> Result<(), Failure> {
        if let Some(file) = &mut self.file {
            let line = serde_json::to_string(row)? + "\n";
            file.write_all(line.as_bytes())?;
        }
        Ok(())
    }
}
