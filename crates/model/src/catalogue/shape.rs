//! The shape of a message: its words, with holes where names, addresses, digests and times stand.

/// What stands in a hole's place.
const HOLE: &str = "…";

/// A text longer than this is not read to its end.
const MOST: usize = 16 * 1024;

/// The words of a message with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape(Vec<String>);

impl Shape {
    /// Of a message, whatever it was copied from: with its escapes, if it was JSON.
    pub(super) fn of(text: &str) -> Self {
        let text = &text[..text.floor_char_boundary(MOST)];
        // Out of JSON come escapes, and keys that stand close to their values.
        let unescaped;
        let text = if text.contains("\\\"") || text.contains("\":\"") {
            unescaped = text.replace("\\\"", "\"").replace("\\n", "\n").replace("\":\"", "\": \"");
            &unescaped
        } else {
            text
        };
        // What stands in parentheses is a list of names, or an aside.
        let outside = text.split('(').enumerate().flat_map(|(index, part)| match index {
            0 => [part, ""],
            _ => [HOLE, part.split_once(')').map_or("", |(_, rest)| rest)],
        });
        let words = outside.flat_map(str::split_whitespace).filter_map(word).collect();
        Self(words)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Where it stands in another one.
    pub(super) fn places_in(&self, other: &Self) -> Vec<usize> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let windows = other.0.windows(self.0.len()).enumerate();
        windows.filter(|(_, window)| *window == self.0).map(|(at, _)| at).collect()
    }
}

/// A word without its punctuation, or a hole; nothing where only punctuation is.
fn word(chunk: &str) -> Option<String> {
    let is_quote = |c: char| matches!(c, '"' | '\'');
    let quoted = chunk.trim_matches(|c: char| c.is_ascii_punctuation() && !is_quote(c));
    // What stands in quotes by itself is a name.
    if quoted.len() > 2 && quoted.starts_with(is_quote) && quoted.ends_with(is_quote) {
        return Some(HOLE.to_owned());
    }
    let core = chunk.trim_matches(|c: char| c.is_ascii_punctuation() || c == '…');
    if chunk == HOLE {
        return Some(HOLE.to_owned());
    }
    if core.is_empty() {
        return None;
    }
    Some(if is_variable(core) { HOLE.to_owned() } else { core.to_owned() })
}

fn is_variable(core: &str) -> bool {
    // Go's word for a timeout.
    if core == "i/o" {
        return false;
    }
    let digits = core.bytes().filter(u8::is_ascii_digit).count();
    let only_digits = digits == core.len();
    core.contains(['/', '.', '\\'])
        || core.starts_with("sha256:")
        || core.starts_with("arn:")
        // A status has three digits, and is no hole.
        || (only_digits && digits != 3)
        || core.contains("->")
}

/// The host that a message is about: that of an image it quotes, or of a URL.
pub(super) fn host_in(text: &str) -> Option<&str> {
    let image = image_in(text).filter(|image| image.contains('/'));
    let host = image.and_then(|image| image.split('/').next());
    let url = || {
        let (_, rest) = text.split_once("://")?;
        Some(rest.split(['/', ' ', '"', '?']).next().unwrap_or(rest))
    };
    host.filter(|host| host.contains(['.', ':'])).or_else(url)
}

/// The image that a message quotes.
pub(super) fn image_in(text: &str) -> Option<&str> {
    const BEFORE: [&str; 5] = [
        "unpack image \"",
        "ailed to pull image \"",
        "pulling image \"",
        "ontainer image \"",
        "image tag \"",
    ];
    BEFORE.into_iter().find_map(|before| {
        let (_, rest) = text.split_once(before)?;
        Some(rest.split_once('"')?.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(Shape::of(text).0.join(" "), want);
    }

    #[test]
    fn names_leave_holes() {
        check(
            "failed to resolve reference \"a.io/b:1\": unexpected status from HEAD request to https://a.io/v2/b/manifests/1: 403 Forbidden\ndenied: no.",
            "failed to resolve reference … unexpected status from HEAD request to … 403 Forbidden denied no",
        );
        check("dial tcp 10.0.0.7:443: i/o timeout", "dial tcp … i/o timeout");
        check("read udp 10.0.0.4:40000->10.0.0.2:53: i/o timeout", "read udp … i/o timeout");
        check("layer-sha256:ab expected sha256:ab", "layer-sha256:ab expected …");
        check(
            "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: ecr:BatchGetImage",
            "User … is not authorized to perform ecr:BatchGetImage",
        );
        check(
            "The repository with name 'a' does not exist",
            "The repository with name … does not exist",
        );
        check("secrets (a, b); attempting", "secrets … attempting");
        check("illegal base64 data at input byte 12", "illegal base64 data at input byte …");
        check("couldn't parse image name \"A/B\": no", "couldn't parse image name … no");
        check(r#"{\"message\":\"failed\ndenied\"}"#, "… failed denied");
    }

    #[test]
    fn hosts_and_images_are_found() {
        let text =
            "Failed to pull image \"web\": failed to pull and unpack image \"ghcr.io/a/b:1\": x";
        assert_eq!((image_in(text), host_in(text)), (Some("ghcr.io/a/b:1"), Some("ghcr.io")));
        assert_eq!(host_in("request to https://quay.io/v2/a: 401"), Some("quay.io"));
        assert_eq!(host_in("Back-off pulling image \"nginx\""), None);
    }
}
