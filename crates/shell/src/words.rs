//! A command line taken apart into words, as a POSIX shell does: quotes, backslashes, comments.

/// A quote that is never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unterminated;

/// The words of a line.
pub fn split(line: &str) -> Result<Vec<String>, Unterminated> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '#' if word.is_none() => break,
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or(Unterminated)? {
                        '\'' => break,
                        inner => word.push(inner),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or(Unterminated)? {
                        '"' => break,
                        // Inside double quotes a backslash is itself unless it stands before one of these.
                        '\\' if matches!(rest.peek(), Some('"' | '\\' | '$' | '`')) => {
                            word.extend(rest.next());
                        }
                        '\\' if rest.peek() == Some(&'\n') => drop(rest.next()),
                        inner => word.push(inner),
                    }
                }
            }
            '\\' => match rest.next() {
                None | Some('\n') => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, want: &[&str]) {
        assert_eq!(split(line).unwrap(), want, "for {line:?}");
    }

    #[test]
    fn words_are_what_a_shell_makes_of_them() {
        check("kubectl get  pods\t-A", &["kubectl", "get", "pods", "-A"]);
        check(r#"patch sa x -p '{"a":["b"]}'"#, &["patch", "sa", "x", "-p", r#"{"a":["b"]}"#]);
        check(r#"-o "jsonpath={.data['\.x']}""#, &["-o", r"jsonpath={.data['\.x']}"]);
        check(r#"a"b c"d '' # no more"#, &["ab cd", ""]);
        check("a \\\n  b\\ c", &["a", "b c"]);
        assert_eq!(split("echo 'x"), Err(Unterminated));
    }
}
