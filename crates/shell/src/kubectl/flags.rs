//! Commands and flags: what takes a value, and what is no flag at all.

use super::failure::Failure;

/// A command line taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) command: String,
    pub(crate) subcommand: String,
    /// Words that are no flags, after the command.
    pub(crate) words: Vec<String>,
    given: Vec<(String, String)>,
}

/// Long name, short name, and whether a value follows (a flag without may still be given one with `=`).
type Flag = (&'static str, &'static str, bool);

const EVERYWHERE: &[Flag] = &[
    ("namespace", "n", true),
    ("context", "", true),
    ("kubeconfig", "", true),
    ("request-timeout", "", true),
    ("v", "v", true),
];

const FILES: &[Flag] = &[("filename", "f", true), ("recursive", "R", false)];
const WRITES: &[Flag] = &[
    ("dry-run", "", false),
    ("output", "o", true),
    ("field-manager", "", true),
    ("validate", "", false),
    ("save-config", "", false),
    ("show-managed-fields", "", false),
];
const SELECTS: &[Flag] = &[
    ("selector", "l", true),
    ("field-selector", "", true),
    ("all", "", false),
    ("all-namespaces", "A", false),
];

/// The flags of a command that are its own, or that of its groups.
fn known(command: &str) -> Vec<&'static [Flag]> {
    let own: &[Flag] = match command {
        "apply" => &[
            ("server-side", "", false),
            ("force-conflicts", "", false),
            ("prune", "", false),
            ("wait", "", false),
            ("overwrite", "", false),
            ("force", "", false),
        ],
        "create" => &[
            ("type", "", true),
            ("from-literal", "", true),
            ("from-file", "", true),
            ("docker-server", "", true),
            ("docker-username", "", true),
            ("docker-password", "", true),
            ("docker-email", "", true),
            ("append-hash", "", false),
            ("cert", "", true),
            ("key", "", true),
            ("image", "", true),
            ("replicas", "r", true),
            ("port", "", true),
            ("from", "", true),
            ("schedule", "", true),
        ],
        "replace" => &[("force", "", false), ("grace-period", "", true)],
        "run" => &[
            ("image", "", true),
            ("overrides", "", true),
            ("override-type", "", true),
            ("image-pull-policy", "", true),
            ("restart", "", true),
            ("labels", "l", true),
            ("env", "", true),
            ("port", "", true),
            ("command", "", false),
            ("annotations", "", true),
            ("rm", "", false),
            ("stdin", "i", false),
            ("tty", "t", false),
        ],
        "patch" => &[
            ("patch", "p", true),
            ("type", "", true),
            ("patch-file", "", true),
            ("subresource", "", true),
        ],
        "scale" => &[("replicas", "", true), ("current-replicas", "", true), ("timeout", "", true)],
        "annotate" | "label" => &[("overwrite", "", false), ("list", "", false)],
        "delete" => &[
            ("force", "", false),
            ("grace-period", "", true),
            ("now", "", false),
            ("wait", "", false),
            ("ignore-not-found", "", false),
            ("cascade", "", false),
            ("timeout", "", true),
        ],
        "rollout" => &[
            ("timeout", "", true),
            ("watch", "w", false),
            ("revision", "", true),
            ("to-revision", "", true),
        ],
        "debug" => &[
            ("image", "", true),
            ("container", "c", true),
            ("profile", "", true),
            ("target", "", true),
            ("stdin", "i", false),
            ("tty", "t", false),
            ("quiet", "q", false),
            ("attach", "", false),
            ("image-pull-policy", "", true),
        ],
        "get" => &[
            ("watch", "w", false),
            ("watch-only", "", false),
            ("output-watch-events", "", false),
            ("show-labels", "", false),
            ("no-headers", "", false),
            ("sort-by", "", true),
            ("label-columns", "L", true),
            ("ignore-not-found", "", false),
            ("show-kind", "", false),
            ("chunk-size", "", true),
        ],
        "describe" => &[("show-events", "", false), ("chunk-size", "", true)],
        "version" => &[("client", "", false), ("short", "", false)],
        _ => &[],
    };
    vec![EVERYWHERE, own, FILES, WRITES, SELECTS]
}

/// Commands whose first word is a command too.
const GROUPS: [&str; 4] = ["create", "set", "rollout", "auth"];

impl Flags {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut flags = Self::default();
        let mut rest = arguments.iter();
        let mut only_words = false;
        // The command comes first as far as its flags are concerned; global flags may stand before it.
        let command = arguments.iter().find(|word| !word.starts_with('-')).cloned();
        let known = known(command.as_deref().unwrap_or_default());
        let known: Vec<Flag> = known.into_iter().flatten().copied().collect();
        while let Some(word) = rest.next() {
            if only_words || !word.starts_with('-') || word == "-" {
                flags.word(word);
            } else if word == "--" {
                only_words = true;
            } else if let Some(long) = word.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (long, None),
                };
                let flag = known.iter().find(|flag| flag.0 == name);
                let (long, _, takes) =
                    flag.ok_or_else(|| flags.unknown(&format!("flag: --{name}")))?;
                let value = match value {
                    Some(value) => value,
                    None if *takes => rest
                        .next()
                        .ok_or_else(|| {
                            flags.needs_argument(&format!("flag needs an argument: --{name}"))
                        })?
                        .clone(),
                    None => "true".to_owned(),
                };
                flags.given.push(((*long).to_owned(), value));
            } else {
                flags.shorts(word, &known, &mut rest)?;
            }
        }
        Ok(flags)
    }

    fn word(&mut self, word: &str) {
        if self.command.is_empty() {
            word.clone_into(&mut self.command);
        } else if self.subcommand.is_empty()
            && self.words.is_empty()
            && GROUPS.contains(&self.command.as_str())
        {
            word.clone_into(&mut self.subcommand);
        } else {
            self.words.push(word.to_owned());
        }
    }

    /// `-w`, `-nx`, `-n x`, `-it`.
    fn shorts(
        &mut self,
        word: &str,
        known: &[Flag],
        rest: &mut std::slice::Iter<'_, String>,
    ) -> Result<(), Failure> {
        for (at, letter) in word[1..].char_indices() {
            let flag = known.iter().find(|flag| flag.1.starts_with(letter) && flag.1.len() == 1);
            let (long, _, takes) =
                flag.ok_or_else(|| self.unknown(&format!("shorthand flag: '{letter}' in {word}")))?;
            let value = if *takes {
                let inline = &word[1 + at + letter.len_utf8()..];
                let inline = inline.strip_prefix('=').unwrap_or(inline);
                if inline.is_empty() {
                    rest.next()
                        .ok_or_else(|| {
                            self.needs_argument(&format!(
                                "flag needs an argument: '{letter}' in {word}"
                            ))
                        })?
                        .clone()
                } else {
                    inline.to_owned()
                }
            } else {
                "true".to_owned()
            };
            self.given.push(((*long).to_owned(), value));
            if *takes {
                break;
            }
        }
        Ok(())
    }

    /// `error: unknown flag: --namspace`, and where help is.
    fn unknown(&self, what: &str) -> Failure {
        self.needs_argument(&format!("unknown {what}"))
    }

    fn needs_argument(&self, what: &str) -> Failure {
        let command = [self.command.as_str(), self.subcommand.as_str()];
        let command: Vec<&str> = command.into_iter().filter(|word| !word.is_empty()).collect();
        let help = format!("See 'kubectl {} --help' for usage.", command.join(" "));
        Failure::error(&format!("{what}\n{help}"))
    }

    /// The last value that a flag was given.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.given.iter().rev().find(|(flag, _)| flag == name).map(|(_, value)| value.as_str())
    }

    /// Every value that a flag was given.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let given = self.given.iter().filter(|(flag, _)| flag == name);
        given.map(|(_, value)| value.clone()).collect()
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value != "false")
    }

    pub(crate) fn is_off(&self, name: &str) -> bool {
        self.value(name) == Some("false")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Flags, Failure> {
        Flags::parse(&crate::split(line).expect("the line is whole"))
    }

    #[test]
    fn flags_are_found_wherever_they_stand() {
        let flags = parse("patch -n x sa s1 --type=merge -p '{}'").unwrap();
        assert_eq!(
            (flags.command.as_str(), flags.words.as_slice()),
            ("patch", &["sa".into(), "s1".into()][..])
        );
        assert_eq!(
            (flags.value("namespace"), flags.value("type"), flags.value("patch")),
            (Some("x"), Some("merge"), Some("{}"))
        );
        let flags = parse("rollout -npay status deploy/web -w --timeout 3s").unwrap();
        assert_eq!((flags.subcommand.as_str(), flags.value("namespace")), ("status", Some("pay")));
        assert!(flags.is_set("watch"));
    }

    #[test]
    fn a_strange_flag_is_refused_in_kubectls_words() {
        let failure = parse("get pods --namspace=x").unwrap_err();
        assert_eq!(
            failure.text,
            "error: unknown flag: --namspace\nSee 'kubectl get --help' for usage."
        );
    }
}
