//! The words of a sentence about a world: names of settings and their values, hosts, images, logins, durations.

use pullpath_model::image::ImageRef;
use pullpath_model::time::Span;

/// The words, without what stands around them.
pub(super) fn words(sentence: &str) -> Vec<&str> {
    sentence
        .split([' ', ',', ';', '=', '[', ']', '(', ')', '{', '}'])
        .map(|word| word.trim_matches(['"', '\'', '`']).trim_end_matches([':', '.']))
        .filter(|word| !word.is_empty())
        .collect()
}

/// `registry.example.com`, `123456789012.dkr.ecr.us-east-1.amazonaws.com`, `*.example.com`; a path may follow.
pub(super) fn host(word: &str) -> Option<&str> {
    let host = word.split('/').next().unwrap_or(word);
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label
                .chars()
                .all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || "-*".contains(one))
    };
    let last = labels.last().copied().unwrap_or_default();
    let is_file = ["sh", "json", "yaml", "go"].contains(&last);
    (labels.len() > 1
        && labels.iter().all(is_label)
        && !is_file
        && last.starts_with(|one: char| one.is_ascii_lowercase()))
    .then_some(host)
}

/// A word that names an image with its host.
pub(super) fn image(word: &str) -> Option<ImageRef> {
    host(word).filter(|host| word.len() > host.len())?;
    ImageRef::parse(word).ok()
}

/// `alice/s3cret`: a user and a password.
pub(super) fn login(word: &str) -> Option<(String, String)> {
    let (user, password) = word.split_once('/')?;
    let plain = |text: &str| !text.is_empty() && !text.contains(['/', ':']);
    (plain(user) && plain(password) && !user.contains('.'))
        .then(|| (user.to_owned(), password.to_owned()))
}

/// `180s`, `3m`, `2m30s`, `500ms`; also `180 s` and `3 minutes` in two words. Answers how many words it took.
pub(super) fn span(words: &[&str]) -> Option<(Span, usize)> {
    let (first, rest) = words.split_first()?;
    if let Some(span) = go_duration(first) {
        return Some((span, 1));
    }
    let count: i64 = first.parse().ok()?;
    let unit = match *rest.first()? {
        "ms" | "milliseconds" => Span::millis(1),
        "s" | "second" | "seconds" => Span::seconds(1),
        "min" | "m" | "minute" | "minutes" => Span::minutes(1),
        "h" | "hour" | "hours" => Span::hours(1),
        _ => return None,
    };
    Some((Span::millis(unit.as_millis() * count), 2))
}

fn go_duration(word: &str) -> Option<Span> {
    let mut rest = word;
    let mut millis = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, length) = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
            .into_iter()
            .find(|(unit, _)| rest.starts_with(unit))
            .map(|(unit, millis)| (millis, unit.len()))?;
        millis += count * unit;
        rest = &rest[length..];
    }
    (!word.is_empty()).then_some(Span::millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_sentence_is_told_apart() {
        let sentence = "kubelet: plugin.example.com gets alice/s3cret (cacheDuration 2m30s).";
        assert_eq!(
            words(sentence),
            ["kubelet", "plugin.example.com", "gets", "alice/s3cret", "cacheDuration", "2m30s"]
        );
        assert_eq!(host("plugin.example.com"), Some("plugin.example.com"));
        assert_eq!(host("*.example.com/team"), Some("*.example.com"));
        assert_eq!([host("v1.35.6"), host("plugin.sh"), host("plain")], [None; 3]);
        assert_eq!(login("alice/s3cret"), Some(("alice".into(), "s3cret".into())));
        assert_eq!(login("example.com/team"), None);
        assert_eq!(
            image("open.example.com/web:1.0").map(|one| one.path().to_owned()),
            Some("web".into())
        );
        assert_eq!(span(&["2m30s"]), Some((Span::seconds(150), 1)));
        assert_eq!(span(&["3", "minutes"]), Some((Span::minutes(3), 2)));
        assert_eq!(span(&["3", "pods"]), None);
    }
}
