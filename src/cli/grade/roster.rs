//! Who should hand in: a CSV file as schools and learning platforms export it.

use pullpath_view::hand_in::Learner;

use super::super::Failure;

/// Names of the column with the learner's number.
const NUMBER: [&str; 7] =
    ["number", "student_id", "student id", "sid", "id", "identifier", "id number"];
/// Names of the column with the whole name.
const NAME: [&str; 4] = ["name", "full name", "student", "student name"];

const HINT: &str = "begin the file with a line of names: `number,name`";

/// Reads a roster.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<Learner>, Failure> {
    let failure = |line: usize, message: &str| {
        Failure(format!("{message}\n --> {file}:{line}:1\n  = hint: {HINT}"))
    };
    let rows = csv(text.trim_start_matches('\u{feff}'))
        .map_err(|line| failure(line, "error[unclosed-quote]: a quote is opened and not closed"))?;
    let Some(((_, head), rows)) = rows.split_first() else {
        return Err(failure(1, "error[empty]: the roster is empty"));
    };
    let column = |known: &[&str]| {
        head.iter().position(|name| known.contains(&name.trim().to_lowercase().as_str()))
    };
    let (number, name) = (column(&NUMBER), column(&NAME));
    let (first, last) =
        (column(&["first name", "first_name"]), column(&["last name", "last_name"]));
    if number.is_none() && name.is_none() && last.is_none() {
        return Err(failure(1, "error[no-columns]: no column is a number or a name"));
    }
    let mut learners = Vec::new();
    for (line, row) in rows {
        let cell = |column: Option<usize>| {
            column.and_then(|at| row.get(at)).map(|cell| cell.trim()).unwrap_or_default().to_owned()
        };
        let whole = cell(name);
        let name = match whole.is_empty() {
            true => format!("{} {}", cell(first), cell(last)).trim().to_owned(),
            false => whole,
        };
        let learner = Learner { number: cell(number), name };
        if learner == Learner::default() {
            continue;
        }
        if learners.contains(&learner) {
            let message = format!(
                "error[duplicate-learner]: `{}` is there twice",
                super::record::label(&learner)
            );
            return Err(failure(*line, &message));
        }
        learners.push(learner);
    }
    Ok(learners)
}

/// The rows that are not empty, with their lines. Quoted cells may hold commas, line breaks and doubled quotes (RFC
/// 4180). The error is the line of a quote that is never closed.
fn csv(text: &str) -> Result<Vec<(usize, Vec<String>)>, usize> {
    let mut rows = Vec::new();
    let (mut row, mut cell) = (Vec::new(), String::new());
    let (mut line, mut row_line) = (1, 1);
    let mut quoted = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted.is_some() => {
                if characters.next_if_eq(&'"').is_some() {
                    cell.push('"');
                } else {
                    quoted = None;
                }
            }
            '"' if cell.is_empty() => quoted = Some(line),
            ',' | ';' | '\t' if quoted.is_none() => row.push(std::mem::take(&mut cell)),
            '\n' if quoted.is_none() => {
                row.push(std::mem::take(&mut cell));
                rows.push((row_line, std::mem::take(&mut row)));
                row_line = line + 1;
            }
            '\r' if quoted.is_none() => {}
            other => cell.push(other),
        }
        line += usize::from(character == '\n');
    }
    if let Some(line) = quoted {
        return Err(line);
    }
    row.push(cell);
    rows.push((row_line, row));
    rows.retain(|(_, row)| row.iter().any(|cell| !cell.trim().is_empty()));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[(&str, &str)]) {
        let learners = match read("r.csv", text) {
            Ok(learners) => learners,
            Err(Failure(why)) => panic!("{why}"),
        };
        let got: Vec<_> = learners.iter().map(|l| (l.number.as_str(), l.name.as_str())).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn rosters_of_every_kind_read() {
        check(
            "number,name\n1,Ada\n2,\"Lovelace, A.\"\r\n\n",
            &[("1", "Ada"), ("2", "Lovelace, A.")],
        );
        check("\u{feff}SID;First Name;Last Name\n7;Al;\"B \"\"x\"\"\"\n", &[("7", "Al B \"x\"")]);
        check("Name\nAda\n", &[("", "Ada")]);
    }

    #[test]
    fn what_is_no_roster_is_told() {
        for (text, says) in [
            ("", "error[empty]"),
            ("a,b\n1,2\n", "error[no-columns]"),
            (
                "number\n\"1\n",
                "error[unclosed-quote]: a quote is opened and not closed\n --> r.csv:2:1",
            ),
            ("number\n1\n1\n", "r.csv:3:1"),
        ] {
            let Err(Failure(why)) = read("r.csv", text) else { panic!("{text} reads") };
            assert!(why.contains(says) && why.contains("= hint: "), "{why}");
        }
    }
}
