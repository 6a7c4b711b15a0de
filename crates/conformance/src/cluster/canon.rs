//! What is free between two runs, made equal: names that are drawn, digests, instants, durations, sizes, addresses.

use std::collections::BTreeMap;

/// The names that one run drew, and what each stands for.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Learns names of ReplicaSets and Jobs in the order in which they appeared, and of Pods. Their own names are those of
    /// workloads that somebody chose.
    pub(super) fn learn(&mut self, workloads: &[(String, String)], pods: &[String]) {
        let deployments: Vec<&str> = of_kind(workloads, "Deployment");
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for set in of_kind(workloads, "ReplicaSet") {
            let owner = deployments
                .iter()
                .filter(|name| has_suffix(set, name))
                .max_by_key(|name| name.len());
            if let Some(owner) = owner {
                let count = counts.entry(owner).or_default();
                *count += 1;
                self.0.insert(set.to_owned(), format!("{owner}-<set {count}>"));
            }
        }
        let cron_jobs: Vec<&str> = of_kind(workloads, "CronJob");
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for job in of_kind(workloads, "Job") {
            if let Some(owner) = cron_jobs.iter().find(|name| has_suffix(job, name)) {
                let count = counts.entry(owner).or_default();
                *count += 1;
                self.0.insert(job.to_owned(), format!("{owner}-<run {count}>"));
            }
        }
        for pod in pods {
            let owners = ["ReplicaSet", "Job", "DaemonSet"]
                .into_iter()
                .flat_map(|kind| of_kind(workloads, kind));
            if let Some(owner) =
                owners.filter(|name| has_suffix(pod, name)).max_by_key(|name| name.len())
            {
                let stands_for = self.0.get(owner).cloned().unwrap_or_else(|| owner.to_owned());
                self.0.insert(pod.clone(), format!("{stands_for}-<pod>"));
            }
        }
    }

    /// The name that a drawn name stands for; another name is itself.
    pub(super) fn of<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }

    /// A text with everything that is free made equal.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        // Longer names first: a Pod's name begins with its owner's.
        let mut names: Vec<(&String, &String)> = self.0.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for (name, stands_for) in names {
            text = text.replace(name.as_str(), stands_for);
        }
        free(&text)
    }
}

fn of_kind<'a>(workloads: &'a [(String, String)], kind: &str) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for (_, name) in workloads.iter().filter(|(one, _)| one == kind) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// Whether a name is another one with one drawn part behind it.
fn has_suffix(name: &str, owner: &str) -> bool {
    name.strip_prefix(owner).and_then(|rest| rest.strip_prefix('-')).is_some_and(|suffix| {
        !suffix.is_empty() && suffix.chars().all(|one| one.is_ascii_alphanumeric())
    })
}

/// Digests, uids, instants, durations, sizes, addresses and suffixes of volumes.
fn free(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let starts_word =
            !out.ends_with(|before: char| before.is_ascii_alphanumeric() || "-.".contains(before));
        match starts_word.then(|| token(rest)).flatten() {
            Some((length, stands_for)) => {
                out.push_str(stands_for);
                rest = &rest[length..];
            }
            None => {
                out.push(character);
                rest = &rest[character.len_utf8()..];
            }
        }
    }
    out
}

/// A free token at the beginning of a text: its length, and what is written for it.
fn token(text: &str) -> Option<(usize, &'static str)> {
    let run = |text: &str, of: fn(char) -> bool| text.chars().take_while(|one| of(*one)).count();
    let hex = |one: char| one.is_ascii_digit() || ('a'..='f').contains(&one);
    if let Some(rest) = text.strip_prefix("sha256:") {
        let length = run(rest, hex);
        // Recordings shorten digests to eight digits and an ellipsis.
        let shortened = rest[length..].starts_with('…');
        if length == 64 || (length == 8 && shortened) {
            return Some((7 + length + if shortened { '…'.len_utf8() } else { 0 }, "<digest>"));
        }
    }
    if let Some(rest) = text.strip_prefix("containerd://") {
        return Some((13 + run(rest, hex), "<container>"));
    }
    if let Some(rest) = text.strip_prefix("kube-api-access-") {
        return Some((16 + run(rest, |one| one.is_ascii_alphanumeric()), "<token volume>"));
    }
    if let Some(rest) = text.strip_prefix("Image size: ") {
        return Some((12 + run(rest, |one| one.is_ascii_digit()), "Image size: <n>"));
    }
    let bytes = text.as_bytes();
    let shape = |pattern: &str| {
        bytes.len() >= pattern.len()
            && pattern.bytes().zip(bytes).all(|(want, byte)| match want {
                b'9' => byte.is_ascii_digit(),
                b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
                b'A' => byte.is_ascii_alphabetic(),
                want => want == *byte,
            })
    };
    for pattern in [
        "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
        "9999-99-99T99:99:99Z",
        "AAA, 99 AAA 9999 99:99:99 +0000",
    ] {
        if shape(pattern) {
            return Some((
                pattern.len(),
                if pattern.starts_with('x') { "<uid>" } else { "<time>" },
            ));
        }
    }
    let word = run(text, |one| one.is_ascii_alphanumeric() || one == '.');
    let (word, after) =
        text.split_at(text.char_indices().nth(word).map_or(text.len(), |(at, _)| at));
    let word = word.trim_end_matches('.');
    let after = if word.len() + after.len() < text.len() { "." } else { after };
    if is_address(word) {
        let port = after.strip_prefix(':').map_or(0, |port| run(port, |one| one.is_ascii_digit()));
        return Some((word.len() + if port > 0 { port + 1 } else { 0 }, "<address>"));
    }
    let ends = after.chars().next().is_none_or(|next| " )\n,".contains(next));
    (ends && is_duration(word)).then_some((word.len(), "<age>"))
}

fn is_address(word: &str) -> bool {
    word.split('.').count() == 4 && word.split('.').all(|part| part.parse::<u8>().is_ok())
}

/// `231ms`, `2m36s`, `1.5s`, `3d4h`
fn is_duration(word: &str) -> bool {
    let mut rest = word;
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|one: char| one.is_ascii_digit() || one == '.');
        if number.len() == rest.len() || rest.starts_with('.') {
            return false;
        }
        let unit =
            ["ms", "s", "m", "h", "d", "y"].into_iter().find(|unit| number.starts_with(unit));
        let Some(unit) = unit else { return false };
        rest = &number[unit.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(free(text), want, "for {text:?}");
    }

    #[test]
    fn what_is_free_is_made_equal_and_the_rest_stays() {
        check(
            "in 231ms (1.2s including waiting). Image size: 1028910 bytes.",
            "in <age> (<age> including waiting). Image size: <n> bytes.",
        );
        check("web-1s 10.244.0.27 v1.35.6", "web-1s <address> v1.35.6");
        check("sha256:a635324f… x", "<digest> x");
        check("2026-11-23T22:54:21Z, Mon, 23 Nov 2026 22:54:42 +0000", "<time>, <time>");
        check("uid: 4e82ed9a-9f0b-46e5-9005-f397d92907e4", "uid: <uid>");
        check("(x5 over 96s)", "(x5 over <age>)");
        check("registry.example.com/web:1.0", "registry.example.com/web:1.0");
        check("dial tcp 10.0.0.9:443: connect", "dial tcp <address>: connect");
    }

    #[test]
    fn drawn_names_stand_for_what_drew_them() {
        let workload = |kind: &str, name: &str| (kind.to_owned(), name.to_owned());
        let mut names = Names::default();
        names.learn(
            &[
                workload("Deployment", "web"),
                workload("ReplicaSet", "web-79f8d48bb4"),
                workload("ReplicaSet", "web-774d76ff86"),
            ],
            &["web-774d76ff86-xl2wm".to_owned(), "alone".to_owned()],
        );
        assert_eq!(
            names.text("Created pod: web-774d76ff86-xl2wm"),
            "Created pod: web-<set 2>-<pod>"
        );
        assert_eq!(names.of("alone"), "alone");
    }
}
