//! Go's `filepath.Match` on Unix: `*`, `?`, `[a-z]`, `[^a]` and `\`, none of them across a `/`.

/// A pattern that is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPattern;

impl std::fmt::Display for BadPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("syntax error in pattern")
    }
}

/// Whether the pattern matches the whole name.
///
/// A pattern is a row of chunks, each with or without stars before it. A chunk behind stars takes the first place it
/// fits at and is never moved again, so that the work is at most the product of the two lengths.
pub fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let (mut pattern, mut name) = (pattern.as_bytes(), name.as_bytes());
    while !pattern.is_empty() {
        let (star, chunk, rest) = next_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(!name.contains(&b'/'));
        }
        match place_chunk(star, chunk, name, pattern.is_empty())? {
            Some(left) => name = left,
            None => return check_chunks(pattern).map(|()| false),
        }
    }
    Ok(name.is_empty())
}

/// What is left of the name behind the first place the chunk fits at; the last chunk must leave nothing.
fn place_chunk<'a>(
    star: bool,
    chunk: &[u8],
    name: &'a [u8],
    last: bool,
) -> Result<Option<&'a [u8]>, BadPattern> {
    let fits = |at: usize| {
        let left = match_chunk(chunk, &name[at..])?;
        Ok(left.filter(|left| left.is_empty() || !last))
    };
    if let Some(left) = fits(0)? {
        return Ok(Some(left));
    }
    if star {
        for at in name.iter().take_while(|byte| **byte != b'/').zip(1..).map(|(_, at)| at) {
            if let Some(left) = fits(at)? {
                return Ok(Some(left));
            }
        }
    }
    Ok(None)
}

/// Reads the rest of a pattern that can no longer match, only to see whether it is well-formed.
fn check_chunks(mut pattern: &[u8]) -> Result<(), BadPattern> {
    while !pattern.is_empty() {
        let (_, chunk, rest) = next_chunk(pattern);
        match_chunk(chunk, b"")?;
        pattern = rest;
    }
    Ok(())
}

/// Splits off leading stars and what stands up to the next star outside of brackets.
fn next_chunk(pattern: &[u8]) -> (bool, &[u8], &[u8]) {
    let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
    let pattern = &pattern[stars..];
    let mut in_class = false;
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'\\' if at + 1 < pattern.len() => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => break,
            _ => {}
        }
        at += 1;
    }
    (stars > 0, &pattern[..at], &pattern[at..])
}

/// Matches a chunk without stars at the beginning of the name, and gives what is left of the name. After a mismatch it
/// reads on, because a malformed pattern is an error even then.
fn match_chunk<'a>(mut chunk: &[u8], name: &'a [u8]) -> Result<Option<&'a [u8]>, BadPattern> {
    let mut name = Some(name);
    while let Some((&first, after)) = chunk.split_first() {
        name = name.filter(|name| !name.is_empty());
        match first {
            b'[' => {
                let (c, left) = name.map(decode_char).unzip();
                let (hit, rest) = match_class(after, c)?;
                name = left.filter(|_| hit);
                chunk = rest;
            }
            b'?' => {
                name = name.filter(|name| name[0] != b'/').map(|name| decode_char(name).1);
                chunk = after;
            }
            _ => {
                let escaped = first == b'\\';
                let literal = if escaped { after } else { chunk };
                let (&byte, rest) = literal.split_first().ok_or(BadPattern)?;
                name = name.and_then(|name| name.strip_prefix(&[byte]));
                chunk = rest;
            }
        }
    }
    Ok(name)
}

/// Reads a class behind its `[` and says whether the character is in it.
fn match_class(mut class: &[u8], c: Option<char>) -> Result<(bool, &[u8]), BadPattern> {
    let negated = class.first() == Some(&b'^');
    if negated {
        class = &class[1..];
    }
    let mut hit = false;
    let mut ranges = 0_u32;
    loop {
        if class.first() == Some(&b']') && ranges > 0 {
            return Ok((hit != negated, &class[1..]));
        }
        let (low, rest) = class_char(class)?;
        let (high, rest) = match rest.split_first() {
            Some((b'-', rest)) => class_char(rest)?,
            _ => (low, rest),
        };
        hit |= c.is_some_and(|c| (low..=high).contains(&c));
        class = rest;
        ranges += 1;
    }
}

/// One character of a class, perhaps escaped. Something must follow it.
fn class_char(class: &[u8]) -> Result<(char, &[u8]), BadPattern> {
    let class = match class.first() {
        None | Some(b'-' | b']') => return Err(BadPattern),
        Some(b'\\') => &class[1..],
        Some(_) => class,
    };
    if class.is_empty() {
        return Err(BadPattern);
    }
    let (c, rest) = decode_char(class);
    let broken = c == char::REPLACEMENT_CHARACTER && class.len() - rest.len() == 1;
    if broken || rest.is_empty() { Err(BadPattern) } else { Ok((c, rest)) }
}

/// The first character of bytes that are not empty; a byte that begins none counts as U+FFFD.
fn decode_char(bytes: &[u8]) -> (char, &[u8]) {
    let chunk = bytes[..bytes.len().min(4)].utf8_chunks().next().expect("bytes are not empty");
    match chunk.valid().chars().next() {
        Some(c) => (c, &bytes[c.len_utf8()..]),
        None => (char::REPLACEMENT_CHARACTER, &bytes[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, name: &str, want: Option<bool>) {
        assert_eq!(matches(pattern, name).ok(), want, "{pattern:?} on {name:?}");
    }

    #[test]
    fn matches_as_go_documents_it() {
        for (pattern, name) in [
            ("", ""),
            ("abc", "abc"),
            ("*", ""),
            ("*", "abc"),
            ("*c", "abc"),
            ("a*", "abc"),
            ("a*b*c*d", "axbxcxd"),
            ("a*b?c*x", "abxbbxdbxebxczzx"),
            ("ab[b-d]", "abc"),
            ("ab[^e-g]", "abc"),
            ("a[^a]b", "a☺b"),
            ("a???b", "axxxb"),
            ("a?b", "a☺b"),
            ("[a-ζ]*", "α"),
            ("[\\]a]", "]"),
            ("[\\-x]", "-"),
            ("a\\*b", "a*b"),
            ("[*]", "*"),
        ] {
            check(pattern, name, Some(true));
        }
        for (pattern, name) in [
            ("", "a"),
            ("a", ""),
            ("a*", "ab/c"),
            ("a?b", "a/b"),
            ("*[a-ζ]", "A"),
            ("ab[e-g]", "abc"),
            ("ab[^c]", "abc"),
            ("a*b?c*x", "abxbbxdbxebxczzy"),
            ("a?", "a"),
        ] {
            check(pattern, name, Some(false));
        }
        for (pattern, name) in [
            ("[]a]", "]"),
            ("[-]", "-"),
            ("[x-]", "x"),
            ("[-x]", "x"),
            ("[", "a"),
            ("[^", "a"),
            ("[^bc", "a"),
            ("a[", "a"),
            ("a[", "ab"),
            ("b[", "a"),
            ("b*[", "a"),
            ("a\\", "a"),
            ("\\", "a"),
        ] {
            check(pattern, name, None);
        }
    }

    #[test]
    fn many_stars_on_a_long_name_end() {
        let pattern = "*a".repeat(2_000) + "b";
        check(&pattern, &"a".repeat(20_000), Some(false));
    }
}
