//! Whose list of pull secrets a Pod has (P4), and how Secrets stay behind that were meant for it.

use pullpath_model::credential::Source;
use pullpath_model::docker_config::Parsed;
use pullpath_model::keyring::Keyring;

use crate::judge::{Judge, Names};
use crate::object::{Account, PodLike};
use crate::secret::{self, Content};
use crate::source::{Spot, argument};

/// P4.1 to P4.5.
pub(crate) fn names<'a>(judge: &Judge<'a>, pod: &'a PodLike) -> Names<'a> {
    let account_name = pod.account_name();
    let (namespace, known) = (&pod.namespace, judge.account(&pod.namespace, account_name));
    if pod.described {
        return Names::Unknown {
            origin: "`kubectl describe` does not show a Pod's pull secrets".into(),
            settle: format!(
                "kubectl get pod {} -n {} -o yaml",
                argument(&pod.name, "POD"),
                argument(namespace, "NAMESPACE")
            ),
        };
    }
    if !pod.list.is_empty() {
        own_list(judge, pod, known);
        if pod.stored {
            differs(judge, pod, known);
        }
        let whose =
            if pod.stored { "the Pod's list, as the API server has it" } else { "its own list" };
        return Names::Known { names: &pod.list, origin: whose.into() };
    }
    if pod.stored || pod.is_mirror {
        return Names::Known { names: &pod.list, origin: "the Pod's list, which is empty".into() };
    }
    match known {
        Some(account) => {
            let origin = match account.list.len() {
                0 => format!("none: ServiceAccount `{account_name}` has no pull secrets"),
                _ => format!(
                    "that of ServiceAccount `{account_name}`, copied when the Pod is created"
                ),
            };
            Names::Known { names: &account.list, origin }
        }
        None if judge.is_complete("ServiceAccount", namespace) => {
            let spot = pod.account.as_ref().map_or(&pod.spot, |(_, spot)| spot);
            let names = judge.inventory.accounts.keys().filter(|(other, _)| other == namespace);
            let near = pullpath_lesson::diagnostic::did_you_mean(
                account_name,
                names.map(|(_, name)| name.as_str()),
            );
            let message =
                format!("there is no ServiceAccount `{account_name}` in namespace `{namespace}`");
            let hint = near.unwrap_or_else(|| "create it, or name one that exists".into());
            judge.error("service-account-missing", spot, message, hint);
            Names::Refused {
                why: format!(
                    "the API server refuses the Pod: error looking up service account {namespace}/{account_name}"
                ),
            }
        }
        None => Names::Unknown {
            origin: format!("that of ServiceAccount `{account_name}`, which is not in the input"),
            settle: format!(
                "kubectl get serviceaccount {} -n {} -o yaml",
                argument(account_name, "SERVICEACCOUNT"),
                argument(namespace, "NAMESPACE")
            ),
        },
    }
}

/// What a list of the Pod's own does away with.
fn own_list(judge: &Judge<'_>, pod: &PodLike, account: Option<&Account>) {
    let names = |list: &[(Option<String>, Spot)]| -> Vec<String> {
        list.iter().filter_map(|(name, _)| name.clone()).collect()
    };
    let own = names(&pod.list);
    let theirs = account.map(|account| names(&account.list)).unwrap_or_default();
    let empty = pod.list.iter().find(|(name, _)| name.is_none());
    if let Some((_, spot)) = empty {
        let stays = if own.is_empty() && !theirs.is_empty() {
            format!(
                "; because of it the list is not empty, and `{}` of ServiceAccount `{}` is not copied",
                theirs.join("`, `"),
                pod.account_name()
            )
        } else {
            String::new()
        };
        let message = format!("an entry of `imagePullSecrets` has no name{stays}");
        judge.error("empty-secret-name", spot, message, "give it a name, or take the entry away");
    }
}

/// A Pod's list that is not the ServiceAccount's, though nobody can say whether it ever was.
fn differs(judge: &Judge<'_>, pod: &PodLike, account: Option<&Account>) {
    let Some(account) = account else { return };
    let own: Vec<_> = pod.list.iter().filter_map(|(name, _)| name.as_deref()).collect();
    let mut theirs = account.list.iter().filter_map(|(name, _)| name.as_deref());
    let Some((new, (_, spot))) = theirs.find(|name| !own.contains(name)).zip(pod.list.first())
    else {
        return;
    };
    let name = pod.account_name();
    let message = format!(
        "ServiceAccount `{name}` has the pull secret `{new}`, which Pod `{}` has not: a Pod keeps the list that it was created with",
        pod.name
    );
    let hint = "if it is meant for this Pod, delete the Pod or restart the rollout";
    judge.warn("account-edited-later", spot, message, hint);
}

/// Why a Secret that would serve an image does not reach a Pod. Says so at its place.
pub(crate) fn unreached(
    judge: &Judge<'_>,
    pod: &PodLike,
    names: &[(Option<String>, Spot)],
    lookup_name: &str,
) -> Option<String> {
    let namespace = &pod.namespace;
    let serving = |name: &str| serves(judge, namespace, name, lookup_name);
    let account_name = pod.account_name();
    let spot = pod.account.as_ref().map_or(&pod.spot, |(_, spot)| spot);
    let own = judge.account(namespace, account_name);
    if pod.stored && pod.list.is_empty() {
        let now = own.into_iter().flat_map(|account| &account.list);
        if let Some(name) =
            now.filter_map(|(name, _)| name.as_deref()).find(|name| serving(name) != Some(false))
        {
            let when = match (pod.created, own.and_then(|account| account.edited)) {
                (Some(created), Some(edited)) if edited > created => {
                    format!(" ({created}, and the account was edited at {edited})")
                }
                (Some(created), _) => format!(" ({created})"),
                (None, _) => String::new(),
            };
            let message = format!(
                "Pod `{}` was created{when} before `{name}` was added to ServiceAccount `{account_name}`, and a Pod's list does not change any more",
                pod.name
            );
            judge.error(
                "account-edited-later",
                &pod.spot,
                message,
                "delete the Pod, or restart the rollout: a new Pod gets the new list",
            );
            return Some(format!(
                "the Pod has no pull secret: it is older than ServiceAccount `{account_name}`'s `{name}`"
            ));
        }
    }
    if let Some((first, place)) = names.first()
        && !pod.stored
        && let Some(account) = own
    {
        let mut theirs = account.list.iter().filter_map(|(name, _)| name.as_deref());
        let lost = theirs.find(|name| serving(name) == Some(true))?;
        if first.is_some() {
            let message = format!(
                "the Pod's own list has no login for `{lookup_name}`; `{lost}` of ServiceAccount `{account_name}` has one and never reaches the Pod, because lists are not merged"
            );
            judge.error(
                "account-list-ignored",
                place,
                message,
                format!("name `{lost}` here too, or take this list away"),
            );
            return Some(format!(
                "the Pod's own list gives no login, and keeps `{lost}` of ServiceAccount `{account_name}` away"
            ));
        }
        return Some(format!(
            "an empty name in the Pod's own list keeps `{lost}` of ServiceAccount `{account_name}` away"
        ));
    }
    if !names.is_empty() {
        return None;
    }
    if let Some(account) = own
        && let Some((name, place)) =
            account.mountable.iter().find(|(name, _)| serving(name) == Some(true))
    {
        let message = format!(
            "`{name}` stands in ServiceAccount `{account_name}`'s `secrets`, which plays no part in pulls"
        );
        judge.error(
            "account-secrets-field",
            place,
            message,
            "name it in the ServiceAccount's `imagePullSecrets`",
        );
        return Some(format!(
            "the Pod has no pull secret: `{name}` is in the wrong list of ServiceAccount `{account_name}`"
        ));
    }
    let others = judge
        .inventory
        .accounts
        .iter()
        .filter(|((other, name), _)| other == namespace && name != account_name);
    for ((_, other), account) in others {
        let names = account.list.iter().filter_map(|(name, _)| name.as_deref());
        let Some((name, sure)) =
            names.map(|name| (name, serving(name))).find(|(_, serves)| *serves != Some(false))
        else {
            continue;
        };
        let runs_as = if pod.account.is_some() {
            format!("runs as ServiceAccount `{account_name}`")
        } else {
            "names no ServiceAccount, so it runs as `default`".to_owned()
        };
        let message = format!(
            "{} `{}` {runs_as}, and the pull secret `{name}` belongs to ServiceAccount `{other}`: it never reaches the Pod",
            pod.kind, pod.name
        );
        let hint = format!(
            "write `serviceAccountName: {other}` beside `containers`, or `imagePullSecrets: [{{name: {name}}}]`"
        );
        if sure == Some(true) {
            judge.error("default-service-account", spot, message, hint);
            return Some(format!(
                "the Pod has no pull secret: `{name}` belongs to ServiceAccount `{other}`, and the Pod runs as `{account_name}`"
            ));
        }
        judge.warn("default-service-account", spot, message, hint);
    }
    let loose = judge.inventory.secrets.keys().filter(|(other, _)| other == namespace);
    let loose = loose.map(|(_, name)| name.as_str()).find(|name| serving(name) == Some(true))?;
    let message = format!(
        "Secret `{loose}` has a login for this image, and neither {} `{}` nor its ServiceAccount `{account_name}` names it",
        pod.kind, pod.name
    );
    let hint = format!(
        "write `imagePullSecrets: [{{name: {loose}}}]` beside `containers`, or in the ServiceAccount"
    );
    judge.error("secret-not-named", spot, message, hint);
    Some(format!("the Pod has no pull secret: Secret `{loose}` would serve, and nothing names it"))
}

/// Whether a Secret has an entry for an image; `None` if its content is not in the input.
fn serves(judge: &Judge<'_>, namespace: &str, name: &str, lookup_name: &str) -> Option<bool> {
    let secret = judge.secret(namespace, name)?;
    match secret::content(secret) {
        Content::Redacted => None,
        Content::Read(Parsed::Entries(entries)) => {
            let mut keyring = Keyring::new();
            keyring.add(&Source::NodeConfig, entries);
            Some(!keyring.lookup(lookup_name).is_empty())
        }
        Content::Read(Parsed::Ignored { .. } | Parsed::Undecodable(_)) => Some(false),
    }
}
