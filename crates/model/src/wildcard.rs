//! Patterns with `*` for any text and `?` for any character, as IAM has them and as rules on repositories are written.

/// Whether a pattern covers a whole text.
///
/// A star first takes nothing and grows when what follows it does not fit; only the last star can still grow, so the
/// work is at most the product of the two lengths.
///
/// ```
/// use pullpath_model::wildcard::covers;
/// assert!(covers("team/*", "team/app/web") && covers("ecr:Batch?etImage", "ecr:BatchGetImage"));
/// assert!(!covers("team/*", "team"));
/// ```
pub fn covers(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0, 0);
    // Where the last star stands, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || *wanted == text[seen] => {
                at += 1;
                seen += 1;
            }
            Some(_) | None => {
                let Some((place, reach)) = star else { return false };
                star = Some((place, reach + 1));
                (at, seen) = (place + 1, reach + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn stars_reach_across_everything_and_the_work_is_bounded() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "a/b/b/c", true),
            ("a*b", "a/b/c", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("**x", "x", true),
        ] {
            assert_eq!(covers(pattern, text), want, "{pattern} on {text}");
        }
        assert!(!covers(&"*a".repeat(1000), &"a".repeat(999)));
        assert!(!covers(&format!("{}b", "*a".repeat(50)), &"a".repeat(10_000)));
    }
}
