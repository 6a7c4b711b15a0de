//! Commands and flags: what there is, what takes a value of which kind, and how a wrong one is refused (cobra and pflag).

use super::failure::Failure;

/// A command line taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) command: String,
    pub(crate) subcommand: String,
    /// Words that are no flags, after the command.
    pub(crate) words: Vec<String>,
    /// How many of them stand before `--`, if that was given.
    pub(crate) before_dash: Option<usize>,
    given: Vec<(String, String)>,
}

/// What may stand behind a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Text,
    /// The flag alone means this.
    TextOr(&'static str),
    Int,
    Duration,
}

/// A flag as the table below has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flag {
    name: &'static str,
    short: &'static str,
    kind: Kind,
    modelled: bool,
}

/// A name, a comma and a letter where there is one, and the kind: `!` yes or no, `=` text, `#` a number, `~` a duration,
/// `:` a text that the flag alone stands for. A question mark behind it: it exists, and is not modelled here.
const EVERYWHERE: &str = "namespace,n= context= kubeconfig= request-timeout= v,v= server,s=? cluster=? user=? token=? as=? \
    as-group=? as-uid=? cache-dir=? certificate-authority=? client-certificate=? client-key=? insecure-skip-tls-verify!? \
    tls-server-name=? warnings-as-errors! match-server-version! disable-compression! profile=? profile-output=? vmodule= \
    log-flush-frequency=? password=? username=? help,h!";
const PRINT: &str = "output,o= template=? allow-missing-template-keys! show-managed-fields!";
const FILES: &str = "filename,f= kustomize,k=? recursive,R!";
const DRY: &str = "dry-run:unchanged field-manager=";
const SELECTOR: &str = "selector,l=";

/// The flags of each command that are its own, and which of the groups above it has.
const COMMANDS: &[(&str, &[&str])] = &[
    (
        "annotate",
        &[
            PRINT,
            FILES,
            DRY,
            SELECTOR,
            "all! all-namespaces,A! field-selector= list! local! overwrite! resource-version=",
        ],
    ),
    (
        "api-resources",
        &["api-group= cached! categories=? namespaced! no-headers! output,o= sort-by=? verbs=?"],
    ),
    (
        "apply",
        &[
            PRINT,
            FILES,
            DRY,
            SELECTOR,
            "validate:strict all! cascade:background force!? force-conflicts! grace-period#? openapi-patch! overwrite! prune!? prune-allowlist=? server-side! subresource=? timeout~ wait!?",
        ],
    ),
    ("auth can-i", &["all-namespaces,A! list!? no-headers! quiet,q! subresource="]),
    ("config current-context", &[]),
    ("config get-contexts", &["no-headers! output,o="]),
    ("config set-context", &["cluster=? current! namespace= user=?"]),
    ("config use-context", &[]),
    ("config view", &[PRINT, "flatten! merge! minify! raw!"]),
    (
        "create",
        &[
            PRINT,
            FILES,
            DRY,
            SELECTOR,
            "validate:strict edit!? raw=? save-config! windows-line-endings!",
        ],
    ),
    (
        "create configmap",
        &[
            PRINT,
            DRY,
            "validate:strict save-config! append-hash! from-env-file=? from-file= from-literal=",
        ],
    ),
    ("create cronjob", &[PRINT, DRY, "validate:strict save-config! image= restart= schedule="]),
    ("create deployment", &[PRINT, DRY, "validate:strict save-config! image= port# replicas,r#"]),
    ("create job", &[PRINT, DRY, "validate:strict save-config! from= image="]),
    ("create namespace", &[PRINT, DRY, "validate:strict save-config!"]),
    (
        "create secret docker-registry",
        &[
            PRINT,
            DRY,
            "validate:strict save-config! append-hash! docker-email= docker-password= docker-server= docker-username= from-file=",
        ],
    ),
    (
        "create secret generic",
        &[
            PRINT,
            DRY,
            "validate:strict save-config! append-hash! from-env-file=? from-file= from-literal= type=",
        ],
    ),
    ("create secret tls", &[PRINT, DRY, "validate:strict save-config! append-hash! cert= key="]),
    ("create serviceaccount", &[PRINT, DRY, "validate:strict save-config!"]),
    (
        "create token",
        &[PRINT, "audience=? bound-object-kind=? bound-object-name=? bound-object-uid=? duration~"],
    ),
    (
        "debug",
        &[
            "arguments-only!? attach! container,c= copy-to=? custom=? env=? image= image-pull-policy= keep-annotations!? keep-labels!? profile= quiet,q! replace!? same-node!? set-image=? share-processes!? stdin,i! target= tty,t!",
            FILES,
        ],
    ),
    (
        "delete",
        &[
            FILES,
            SELECTOR,
            "dry-run:unchanged all! all-namespaces,A! cascade:background field-selector= force! grace-period# ignore-not-found! interactive,i!? now! output,o= raw=? timeout~ wait!",
        ],
    ),
    ("describe", &[FILES, SELECTOR, "all-namespaces,A! chunk-size# show-events!"]),
    (
        "diff",
        &[
            FILES,
            SELECTOR,
            "field-manager= validate:strict concurrency# force-conflicts! prune!? server-side!? show-managed-fields!",
        ],
    ),
    (
        "edit",
        &[
            PRINT,
            FILES,
            "validate:strict field-manager= output-patch!? save-config! subresource=? windows-line-endings!",
        ],
    ),
    ("events", &[PRINT, "all-namespaces,A! chunk-size# for= no-headers! types= watch,w!?"]),
    (
        "get",
        &[
            PRINT,
            FILES,
            SELECTOR,
            "all-namespaces,A! chunk-size# field-selector= ignore-not-found! label-columns,L= no-headers! output-watch-events! raw=? server-print! show-kind! show-labels! sort-by= subresource=? watch,w! watch-only!",
        ],
    ),
    (
        "label",
        &[
            PRINT,
            FILES,
            DRY,
            SELECTOR,
            "all! all-namespaces,A! field-selector= list! local! overwrite! resource-version=",
        ],
    ),
    (
        "logs",
        &[
            SELECTOR,
            "all-containers! all-pods! container,c= follow,f! ignore-errors! insecure-skip-tls-verify-backend! limit-bytes# max-log-requests# pod-running-timeout~ prefix! previous,p! since~ since-time= tail# timestamps!",
        ],
    ),
    ("patch", &[PRINT, FILES, DRY, "local! patch,p= patch-file= subresource= type="]),
    (
        "replace",
        &[
            PRINT,
            FILES,
            DRY,
            "validate:strict cascade:background force! grace-period# raw=? save-config! subresource=? timeout~ wait!",
        ],
    ),
    ("rollout history", &[PRINT, FILES, SELECTOR, "revision#"]),
    ("rollout pause", &[PRINT, FILES, SELECTOR, "field-manager="]),
    ("rollout restart", &[PRINT, FILES, SELECTOR, "field-manager="]),
    ("rollout resume", &[PRINT, FILES, SELECTOR, "field-manager="]),
    ("rollout status", &[FILES, SELECTOR, "revision# timeout~ watch,w!"]),
    ("rollout undo", &[PRINT, FILES, DRY, SELECTOR, "to-revision#"]),
    (
        "run",
        &[
            PRINT,
            FILES,
            DRY,
            "annotations= attach!? cascade:background command! env= expose!? force! grace-period# image= image-pull-policy= labels,l= leave-stdin-open! overrides= override-type= pod-running-timeout~ port= privileged! quiet,q! restart= rm!? save-config! stdin,i! timeout~ tty,t! wait!",
        ],
    ),
    (
        "scale",
        &[
            PRINT,
            FILES,
            SELECTOR,
            "dry-run:unchanged all! current-replicas# replicas# resource-version=? timeout~",
        ],
    ),
    (
        "set env",
        &[
            PRINT,
            FILES,
            DRY,
            SELECTOR,
            "all! containers,c= env,e= from=? keys=? list! local! overwrite! prefix=? resolve!?",
        ],
    ),
    ("set image", &[PRINT, FILES, DRY, SELECTOR, "all! local!"]),
    ("set serviceaccount", &[PRINT, FILES, DRY, "all! local!"]),
    ("version", &["client! output,o="]),
    (
        "wait",
        &[PRINT, FILES, SELECTOR, "all! all-namespaces,A! field-selector= for= local!? timeout~"],
    ),
];

/// Other names of commands.
const ALIASES: &[(&str, &str)] = &[
    ("create cm", "create configmap"),
    ("create cj", "create cronjob"),
    ("create deploy", "create deployment"),
    ("create ns", "create namespace"),
    ("create sa", "create serviceaccount"),
    ("set sa", "set serviceaccount"),
];

/// Commands that exist and are not modelled.
const OTHERS: &[&str] = &[
    "alpha",
    "api-versions",
    "attach",
    "autoscale",
    "certificate",
    "cluster-info",
    "completion",
    "cordon",
    "cp",
    "drain",
    "exec",
    "explain",
    "expose",
    "kustomize",
    "options",
    "plugin",
    "port-forward",
    "proxy",
    "taint",
    "top",
    "uncordon",
];

/// Commands whose first word is a command too.
const GROUPS: &[&str] = &["auth", "config", "create", "rollout", "set"];

fn known(command: &str) -> Option<Vec<Flag>> {
    let (_, groups) = COMMANDS.iter().find(|(name, _)| *name == command)?;
    let all = groups.iter().chain([&EVERYWHERE]).flat_map(|group| group.split_whitespace());
    Some(all.map(flag).collect())
}

fn flag(spec: &'static str) -> Flag {
    let (spec, modelled) = spec.strip_suffix('?').map_or((spec, true), |spec| (spec, false));
    let end = spec.find(['!', '=', '#', '~', ':']).unwrap_or(spec.len());
    let (name, short) = spec[..end].split_once(',').unwrap_or((&spec[..end], ""));
    let kind = match spec.as_bytes().get(end) {
        Some(b'!') => Kind::Bool,
        Some(b'#') => Kind::Int,
        Some(b'~') => Kind::Duration,
        Some(b':') => Kind::TextOr(&spec[end + 1..]),
        _ => Kind::Text,
    };
    Flag { name, short, kind, modelled }
}

impl Flags {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let path = Self::find(arguments)?;
        let mut flags = Self::default();
        let mut steps = path.iter();
        flags.command = steps.next().cloned().unwrap_or_default();
        flags.subcommand = steps.cloned().collect::<Vec<_>>().join(" ");
        let known = known(&path.join(" ")).unwrap_or_else(|| {
            EVERYWHERE.split_whitespace().chain(FILES.split_whitespace()).map(flag).collect()
        });
        let mut skip = path.len();
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            if flags.before_dash.is_some() || !word.starts_with('-') || word == "-" {
                // The command's own words are no arguments.
                if skip > 0 {
                    skip -= 1;
                } else {
                    flags.words.push(word.clone());
                }
            } else if word == "--" {
                flags.before_dash = Some(flags.words.len());
            } else if let Some(long) = word.strip_prefix("--") {
                flags.long(long, &known, &mut rest)?;
            } else {
                flags.shorts(word, &known, &mut rest)?;
            }
        }
        Ok(flags)
    }

    /// Which command is meant: the first words that are no flags and no values of flags.
    fn find(arguments: &[String]) -> Result<Vec<String>, Failure> {
        let globals: Vec<Flag> = EVERYWHERE.split_whitespace().map(flag).collect();
        let mut path: Vec<String> = Vec::new();
        let mut flags_of = globals;
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            if word == "--" {
                break;
            }
            if word.starts_with('-') && word != "-" {
                let takes = match word.strip_prefix("--") {
                    Some(long) => {
                        !long.contains('=')
                            && !flags_of.iter().any(|flag| {
                                flag.name == long
                                    && matches!(flag.kind, Kind::Bool | Kind::TextOr(_))
                            })
                    }
                    None => {
                        word.len() == 2
                            && flags_of
                                .iter()
                                .any(|flag| word[1..] == *flag.short && flag.kind != Kind::Bool)
                    }
                };
                if takes {
                    rest.next();
                }
                continue;
            }
            let mut next = path.clone();
            next.push(word.clone());
            let mut line = next.join(" ");
            if let Some((_, name)) = ALIASES.iter().find(|(alias, _)| *alias == line) {
                line = (*name).to_owned();
                next = name.split(' ').map(str::to_owned).collect();
            }
            let goes_on = GROUPS.contains(&line.as_str()) || line == "create secret";
            if known(&line).is_some()
                || goes_on
                || (path.is_empty() && OTHERS.contains(&line.as_str()))
            {
                path = next;
                flags_of = known(&line).unwrap_or(flags_of);
                if goes_on {
                    continue;
                }
                return Ok(path);
            }
            if path.is_empty() {
                return Err(unknown_command(word));
            }
            break;
        }
        Ok(path)
    }

    fn long(
        &mut self,
        long: &str,
        known: &[Flag],
        rest: &mut std::slice::Iter<'_, String>,
    ) -> Result<(), Failure> {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        let flag = known.iter().find(|flag| flag.name == name);
        let flag = flag.ok_or_else(|| self.wrong(&format!("unknown flag: --{name}")))?;
        let value = match (value, flag.kind) {
            (Some(value), _) => value,
            (None, Kind::Bool) => "true".to_owned(),
            (None, Kind::TextOr(text)) => text.to_owned(),
            (None, Kind::Text | Kind::Int | Kind::Duration) => rest
                .next()
                .ok_or_else(|| self.wrong(&format!("flag needs an argument: --{name}")))?
                .clone(),
        };
        self.give(flag, value)
    }

    /// `-w`, `-nx`, `-n x`, `-it`.
    fn shorts(
        &mut self,
        word: &str,
        known: &[Flag],
        rest: &mut std::slice::Iter<'_, String>,
    ) -> Result<(), Failure> {
        for (at, letter) in word[1..].char_indices() {
            let flag = known.iter().find(|flag| flag.short.starts_with(letter));
            let Some(flag) = flag else {
                let word = &word[1 + at..];
                return Err(self.wrong(&format!("unknown shorthand flag: '{letter}' in -{word}")));
            };
            let inline = &word[1 + at + letter.len_utf8()..];
            if let Some(value) = inline.strip_prefix('=') {
                return self.give(flag, value.to_owned());
            }
            match flag.kind {
                Kind::Bool => self.give(flag, "true".to_owned())?,
                Kind::TextOr(text) => self.give(flag, text.to_owned())?,
                Kind::Text | Kind::Int | Kind::Duration if !inline.is_empty() => {
                    return self.give(flag, inline.to_owned());
                }
                Kind::Text | Kind::Int | Kind::Duration => {
                    let value = rest.next().ok_or_else(|| {
                        let word = &word[1 + at..];
                        self.wrong(&format!("flag needs an argument: '{letter}' in -{word}"))
                    })?;
                    return self.give(flag, value.clone());
                }
            }
        }
        Ok(())
    }

    fn give(&mut self, flag: &Flag, value: String) -> Result<(), Failure> {
        let problem = match flag.kind {
            Kind::Bool => match value.as_str() {
                "1" | "t" | "T" | "true" | "TRUE" | "True" | "0" | "f" | "F" | "false"
                | "FALSE" | "False" => None,
                _ => Some(format!("strconv.ParseBool: parsing {}: invalid syntax", quoted(&value))),
            },
            Kind::Int => number(&value).err(),
            Kind::Duration => super::duration::parse(&value).err(),
            Kind::Text | Kind::TextOr(_) => None,
        };
        if let Some(problem) = problem {
            let name = match flag.short {
                "" => format!("--{}", flag.name),
                short => format!("-{short}, --{}", flag.name),
            };
            return Err(self.wrong(&format!(
                "invalid argument {} for \"{name}\" flag: {problem}",
                quoted(&value)
            )));
        }
        if !flag.modelled {
            return Err(Failure::error(&format!(
                "Pullpath does not model the flag --{} of `{}`",
                flag.name,
                self.path()
            )));
        }
        let value = match flag.kind {
            Kind::Bool => value.starts_with(['1', 't', 'T']).to_string(),
            _ => value,
        };
        self.given.push((flag.name.to_owned(), value));
        Ok(())
    }

    /// `kubectl create secret generic`
    pub(crate) fn path(&self) -> String {
        let words = ["kubectl", &self.command, &self.subcommand];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// `error: unknown flag: --namspace`, and where help is.
    fn wrong(&self, what: &str) -> Failure {
        Failure::error(&format!("{what}\nSee '{} --help' for usage.", self.path()))
    }

    /// A mistake in the arguments, and where help is (K pkg/cmd/util UsageErrorf).
    pub(crate) fn usage(&self, what: &str) -> Failure {
        Failure::error(&format!("{what}\nSee '{} -h' for help and examples", self.path()))
    }

    /// The last value that a flag was given.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.given.iter().rev().find(|(flag, _)| flag == name).map(|(_, value)| value.as_str())
    }

    /// The same; an empty one is none.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.value(name).filter(|value| !value.is_empty())
    }

    /// Every value that a flag was given.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let given = self.given.iter().filter(|(flag, _)| flag == name);
        given.map(|(_, value)| value.clone()).collect()
    }

    /// The same for a flag that takes several with commas between.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let values = self.values(name);
        values.iter().flat_map(|value| value.split(',')).map(str::to_owned).collect()
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.value(name)?.parse().ok()
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value != "false")
    }

    pub(crate) fn is_off(&self, name: &str) -> bool {
        self.value(name) == Some("false")
    }
}

fn number(value: &str) -> Result<i64, String> {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("strconv.ParseInt: parsing {}: invalid syntax", quoted(value)));
    }
    value
        .parse()
        .map_err(|_| format!("strconv.ParseInt: parsing {}: value out of range", quoted(value)))
}

fn quoted(text: &str) -> String {
    pullpath_model::go::quote(text)
}

/// An unknown command, and those that it may have been meant to be: two letters away, or beginning with it (cobra
/// `SuggestionsFor`).
fn unknown_command(word: &str) -> Failure {
    let firsts = COMMANDS.iter().map(|(name, _)| name.split(' ').next().unwrap_or_default());
    let mut near: Vec<&str> = firsts.chain(OTHERS.iter().copied()).collect();
    near.sort_unstable();
    near.dedup();
    near.retain(|name| {
        distance(&word.to_lowercase(), name) <= 2 || name.starts_with(&word.to_lowercase())
    });
    let mut text = format!("unknown command {} for \"kubectl\"", quoted(word));
    if !near.is_empty() {
        text.push_str("\n\nDid you mean this?\n");
        for name in near {
            text.push_str(&format!("\t{name}\n"));
        }
    }
    Failure::error(&text)
}

/// Levenshtein's distance.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, left) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = index + 1;
        for (at, right) in other.iter().enumerate() {
            let replaced = before + usize::from(left != *right);
            before = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(before + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Flags, Failure> {
        Flags::parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn flags_are_found_wherever_they_stand() {
        let flags = parse("patch -n x sa s1 --type=merge -p {}").unwrap();
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
        let flags = parse("-n x create sa y --dry-run").unwrap();
        assert_eq!(flags.path(), "kubectl create serviceaccount");
        assert_eq!((flags.words, flags.before_dash), (vec!["y".to_owned()], None));
        let flags = parse("create deployment web --image=nginx -- sh -c ls").unwrap();
        assert_eq!((flags.words.len(), flags.before_dash), (4, Some(1)));
    }

    #[test]
    fn a_strange_flag_is_refused_in_kubectls_words() {
        #[track_caller]
        fn check(line: &str, want: &str) {
            assert_eq!(parse(line).unwrap_err().text, format!("error: {want}"), "for {line}");
        }
        check(
            "get pods --namspace=x",
            "unknown flag: --namspace\nSee 'kubectl get --help' for usage.",
        );
        check(
            "create secret generic x --from-litteral=a=b",
            "unknown flag: --from-litteral\nSee 'kubectl create secret generic --help' for usage.",
        );
        check(
            "get pods --watch=maybe",
            "invalid argument \"maybe\" for \"-w, --watch\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax\nSee 'kubectl get --help' for usage.",
        );
        check("gte pods", "unknown command \"gte\" for \"kubectl\"\n\nDid you mean this?\n\tget\n");
        check("get pods -k x", "Pullpath does not model the flag --kustomize of `kubectl get`");
    }
}
