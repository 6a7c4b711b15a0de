//! Tables with elastic columns, in the two ways that kubectl has (K reference, section 1).

/// A table as the server makes one: cells of text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(crate) headers: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// Column widths that a `get` remembers between what it prints.
#[derive(Debug, Clone, Default)]
pub(crate) struct Widths(Vec<usize>);

impl Table {
    /// The lines of `kubectl get`: cells at least 6 wide, three spaces between, the last column not padded.
    pub(crate) fn print(&self, with_headers: bool, widths: &mut Widths) -> String {
        let headers = with_headers.then_some(&self.headers);
        let lines: Vec<Vec<String>> = headers
            .into_iter()
            .chain(&self.rows)
            .map(|row| row.iter().map(|cell| first_line(cell)).collect())
            .collect();
        for line in &lines {
            for (index, cell) in line.iter().enumerate() {
                let width = (cell.chars().count() + 3).max(6);
                match widths.0.get_mut(index) {
                    Some(known) => *known = (*known).max(width),
                    None => widths.0.push(width),
                }
            }
        }
        let mut text = String::new();
        for line in &lines {
            let last = line.len().saturating_sub(1);
            for (index, cell) in line.iter().enumerate() {
                text.push_str(cell);
                if index < last {
                    let pad = widths.0[index] - cell.chars().count();
                    text.extend(std::iter::repeat_n(' ', pad));
                }
            }
            text.push('\n');
        }
        text
    }
}

/// A cell ends at its first line break (CR pkg/printers/tableprinter.go).
fn first_line(cell: &str) -> String {
    match cell.find(['\n', '\r', '\u{c}']) {
        Some(end) => format!("{}...", &cell[..end]),
        None => cell.to_owned(),
    }
}

/// How a writer lays out cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// That of `get`: at least 6 wide with 3 spaces, and no narrower than the same column was before.
    Get,
    /// That of `describe`: 2 spaces.
    Describe,
}

/// Go's tabwriter: widths per block of lines that have the column. Cells are separated by tabs; what follows the last tab
/// is not padded.
pub(crate) fn tabbed(text: &str, layout: Layout) -> String {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let mut widths: Vec<Vec<usize>> =
        lines.iter().map(|line| vec![0; line.len().saturating_sub(1)]).collect();
    // A column is a run of lines that all have a tab-terminated cell there, inside the run of the column before it.
    let most = widths.iter().map(Vec::len).max().unwrap_or_default();
    for column in 0..most {
        let mut start = 0;
        let mut remembered = 0;
        while start < lines.len() {
            if widths[start].len() <= column {
                start += 1;
                continue;
            }
            let length = widths[start..].iter().take_while(|line| line.len() > column).count();
            let block = start..start + length;
            let widest = lines[block.clone()].iter().map(|line| line[column].chars().count()).max();
            let width = match (layout, widest.unwrap_or_default()) {
                (Layout::Get, widest) => (widest + 3).max(6).max(remembered),
                (Layout::Describe, widest) => widest + 2,
            };
            remembered = width;
            for line in &mut widths[block] {
                line[column] = width;
            }
            start += length;
        }
    }
    let mut out = String::new();
    for (line, widths) in lines.iter().zip(&widths) {
        for (index, cell) in line.iter().enumerate() {
            out.push_str(cell);
            if let Some(width) = widths.get(index) {
                out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let table = Table {
            headers: row(&["NAME", "AGE"]),
            rows: vec![row(&["default", "46s"]), row(&["sx", "two\nlines"])],
        };
        let text = table.print(true, &mut Widths::default());
        assert_eq!(text, "NAME      AGE\ndefault   46s\nsx        two...\n");
    }

    #[test]
    fn describe_aligns_blocks_of_lines() {
        let text = tabbed("Name:\ts1\nNamespace:\tx\n\nType:\tOpaque\n", Layout::Describe);
        assert_eq!(text, "Name:       s1\nNamespace:  x\n\nType:  Opaque\n");
    }
}
