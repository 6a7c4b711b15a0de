//! The `check` of a goal.

use pullpath_model::object::Workload as Kind;
use pullpath_model::world::World;

use super::Workloads;
use super::goals::workload;
use crate::diagnostic::one_of;
use crate::fields::{Fields, Node, short};
use crate::scenario::{Check, Deed, Named, PulledWith, ScenarioFile, Trial, Workload};

/// What a check can name.
pub(super) struct Known<'a> {
    pub(super) workloads: &'a Workloads,
    pub(super) world: Option<&'a World>,
    pub(super) files: &'a [ScenarioFile],
}

/// The one check that a goal has.
pub(super) fn read(node: &Node<'_>, known: &Known<'_>) -> Option<Check> {
    let fields = node.map(&Check::NAMES)?;
    let given: Vec<(&str, Node<'_>)> =
        Check::NAMES.iter().filter_map(|name| Some((*name, fields.get(name)?))).collect();
    let [(name, node)] = &given[..] else {
        let hint = format!("write one of {}", one_of(&Check::NAMES));
        let message = match given.len() {
            0 => "it is not said what is to hold",
            _ => "a goal has one check",
        };
        node.error("bad-check", message, hint);
        return None;
    };
    known.check(name, node)
}

impl Known<'_> {
    fn check(&self, name: &str, node: &Node<'_>) -> Option<Check> {
        match name {
            "running" => {
                let fields = node.map(&["deployment", "workload"])?;
                Some(Check::Running { workload: self.of(node, &fields)? })
            }
            "fresh-pod" => {
                let fields = node.map(&["like"])?;
                let like = fields.need("like", "write whose template: `namespace/name`")?;
                Some(Check::FreshPod { like: workload(&like, self.workloads)? })
            }
            "survives" => self.survives(node),
            "pulled" => self.pulled(node),
            "secret-users" => secret_users(node),
            "credentials-only-in" => self.credentials_only_in(node),
            "no-plain-text" => asked(name, node).then_some(Check::NoPlainText),
            "diagnosed" => asked(name, node).then_some(Check::Diagnosed),
            "verified" => {
                let fields = node.map(&["registry"])?;
                let registry = fields.need("registry", "write the host of a registry")?;
                Some(Check::Verified { registry: self.registry(&registry)? })
            }
            _ => self.not_done(node),
        }
    }

    fn survives(&self, node: &Node<'_>) -> Option<Check> {
        let fields = node.map(&["deployment", "workload", "trial"])?;
        let workload = self.of(node, &fields);
        let trial = fields.need("trial", "write `restart`, `scale-out` or `rotation`");
        let trial =
            trial.and_then(|node| node.word(&Trial::ALL.map(|trial| (trial.name(), trial))));
        let (workload, trial) = (workload?, trial?);
        if !trial.can_be_put_to(workload.kind) {
            let message = format!("`{}` is not done to a {}", trial.name(), workload.kind.word());
            node.error("bad-trial", message, "ask for `fresh-pod`, or for `rotation`");
        }
        Some(Check::Survives { workload, trial })
    }

    /// The workload that a check is about: `deployment: namespace/name`, or `workload: kind/namespace/name`.
    fn of(&self, node: &Node<'_>, fields: &Fields<'_>) -> Option<Workload> {
        let Some(other) = fields.get("workload") else {
            let hint =
                "write `namespace/name`; for another kind `workload: daemonset/namespace/name`";
            return workload(&fields.need("deployment", hint)?, self.workloads);
        };
        if fields.get("deployment").is_some() {
            node.error("bad-check", "a check is about one workload", "take one of the two away");
        }
        workload(&other, self.workloads)
    }

    fn pulled(&self, node: &Node<'_>) -> Option<Check> {
        let fields = node.map(&["deployment", "workload", "with", "secret", "from"])?;
        let workload = self.of(node, &fields)?;
        let words = [
            ("secret", PulledWith::Secret),
            ("provider", PulledWith::Provider),
            ("none", PulledWith::Nothing),
        ];
        let with = fields.get("with");
        let secret = fields.get("secret");
        let from = fields.get("from");
        if with.is_none() && secret.is_none() && from.is_none() {
            let hint = "write `with`, `secret` or `from`; without them it is `running`";
            node.error("bad-check", "it is not said how the images are to come", hint);
            return None;
        }
        let read_with = with.as_ref().and_then(|node| node.word(&words));
        if let (Some(node), Some(PulledWith::Provider | PulledWith::Nothing), Some(_)) =
            (&with, read_with, &secret)
        {
            node.error("bad-check", "a named Secret is a `secret`", "take one of the two away");
            return None;
        }
        let host = from.as_ref().and_then(|node| self.registry(node));
        if (with.is_some() && read_with.is_none()) || (from.is_some() && host.is_none()) {
            return None;
        }
        Some(Check::Pulled {
            workload,
            with: read_with,
            secret: match &secret {
                Some(node) => Some(node.text()?.to_owned()),
                None => None,
            },
            from: host,
        })
    }

    fn registry(&self, node: &Node<'_>) -> Option<String> {
        let Some(world) = self.world else { return Some(node.text()?.to_owned()) };
        let known = world.registries.keys().map(String::as_str);
        node.reference("unknown-registry", "registry", known).map(str::to_owned)
    }

    fn credentials_only_in(&self, node: &Node<'_>) -> Option<Check> {
        let fields = node.map(&["registry", "namespaces"])?;
        let registry = fields.need("registry", "write the host of a registry");
        let registry = registry.and_then(|node| self.registry(&node));
        let hint = "write a list of namespaces; `[]` for none at all";
        let namespaces = fields.need("namespaces", hint)?;
        let namespaces =
            namespaces.list().iter().filter_map(|node| Some(node.text()?.to_owned())).collect();
        Some(Check::CredentialsOnlyIn { registry: registry?, namespaces })
    }

    fn not_done(&self, node: &Node<'_>) -> Option<Check> {
        let items = node.list();
        if items.is_empty() {
            let hint =
                "write a list of `delete-pod`, `restart-rollout`, `fresh-token` and names of files";
            node.error("bad-check", "nothing is forbidden", hint);
            return None;
        }
        let deeds: Vec<Deed> = items.iter().filter_map(|item| self.deed(item)).collect();
        (deeds.len() == items.len()).then_some(Check::NotDone { deeds })
    }

    fn deed(&self, node: &Node<'_>) -> Option<Deed> {
        let files = self.files.iter().filter(|file| file.edit).map(|file| file.name.as_str());
        let plain = Deed::PLAIN;
        let known = plain.iter().map(Deed::name).chain(files);
        let word = node.reference("unknown-deed", "deed", known)?;
        let plain = Deed::PLAIN.into_iter().find(|deed| deed.name() == word);
        Some(plain.unwrap_or_else(|| Deed::Changed(word.to_owned())))
    }
}

fn secret_users(node: &Node<'_>) -> Option<Check> {
    let fields = node.map(&["secret", "only"])?;
    let secret = fields.need("secret", "write `namespace/name`");
    let secret = secret.and_then(|node| {
        node.parsed("bad-secret", "a Secret", "write it like `payments/ecr-pull-secret`", |text| {
            let (namespace, name) = text.split_once('/')?;
            let whole = !namespace.is_empty() && !name.is_empty() && !name.contains('/');
            whole.then(|| Named { namespace: namespace.to_owned(), name: name.to_owned() })
        })
    });
    let only = fields.need("only", "write a list like `[serviceaccount/payments]`")?;
    let users: Vec<String> = only.list().iter().filter_map(user).collect();
    Some(Check::SecretUsers { secret: secret?, only: users })
}

fn user(node: &Node<'_>) -> Option<String> {
    let hint =
        "write `serviceaccount/NAME`, `pod/NAME`, or a workload: `deployment/NAME`, `cronjob/NAME`";
    let text = node.text()?;
    let kind = text.split_once('/').filter(|(_, name)| !name.is_empty()).map(|(kind, _)| kind);
    let known = kind.is_some_and(|kind| {
        matches!(kind, "serviceaccount" | "pod") || Kind::of_word(kind).is_some()
    });
    if !known {
        node.error("bad-user", format!("`{}` names no user of a Secret", short(text)), hint);
        return None;
    }
    Some(text.to_owned())
}

/// Whether `true` stands at a check that needs nothing to be said.
fn asked(name: &str, node: &Node<'_>) -> bool {
    let truth = node.truth();
    if truth == Some(false) {
        node.error("bad-check", "nothing is asked", format!("write `{name}: true`"));
    }
    truth == Some(true)
}
