//! A node's `providers:`: credential provider plugins, in configuration order.

use pullpath_model::cloud::EKS_MATCH_IMAGES;
use pullpath_model::credential::SecretText;
use pullpath_model::message::configuration as words;
use pullpath_model::provider::CacheKeyType;
use pullpath_model::time::Span;
use pullpath_model::world::{
    Features, Plugin, PluginAnswer, PluginLogin, PluginPassword, ProviderSpec, TokenAttributes,
    TokenCacheType,
};

use super::kubelet::REFUSED;
use super::registries::texts;
use crate::fields::{Node, short};

/// The providers whose answers are modelled, as managed nodes have them configured: which images they are asked for, and
/// how long an answer without its own duration is kept.
const KNOWN: [(&str, Plugin, &[&str], i64); 3] = [
    ("ecr-credential-provider", Plugin::Ecr, &EKS_MATCH_IMAGES, ECR_PROVIDER_CACHE_SECONDS),
    ("auth-provider-gcp", Plugin::Gcp, &GCP_PROVIDER_IMAGES, 60),
    ("acr-credential-provider", Plugin::Acr, &ACR_PROVIDER_IMAGES, 600),
];

/// The hosts that Google's provider was in the kubelet for (kubernetes/cloud-provider-gcp pkg/gcpcredential
/// gcpcredential.go `containerRegistryUrls`).
const GCP_PROVIDER_IMAGES: [&str; 4] =
    ["container.cloud.google.com", "gcr.io", "*.gcr.io", "*.pkg.dev"];

/// kubernetes-sigs/cloud-provider-azure examples/out-of-tree/credential-provider-config.yaml.
const ACR_PROVIDER_IMAGES: [&str; 4] =
    ["*.azurecr.io", "*.azurecr.cn", "*.azurecr.de", "*.azurecr.us"];

const ECR_PROVIDER_CACHE_SECONDS: i64 = 12 * 3600;

/// All of a node whose kubelet has these features.
pub(super) fn all(node: &Node<'_>, features: Features) -> Vec<ProviderSpec> {
    let mut providers: Vec<ProviderSpec> = Vec::new();
    for item in node.list() {
        let Some(read) = provider(&item, features) else { continue };
        if providers.iter().any(|other| other.name == read.name) {
            let message = format!("the provider `{}` is there twice", short(&read.name));
            item.error("duplicate-id", message, "a kubelet runs each plugin under its own name");
        }
        providers.push(read);
    }
    providers
}

/// A provider is known by its name, or configured as on the node.
fn provider(node: &Node<'_>, features: Features) -> Option<ProviderSpec> {
    if !node.is_map() {
        let name = node.known_word(&KNOWN.map(|(name, ..)| name))?;
        let (_, plugin, images, default_cache_seconds) =
            KNOWN.into_iter().find(|(known, ..)| *known == name)?;
        return Some(ProviderSpec {
            name: name.to_owned(),
            match_images: images.iter().map(|image| (*image).to_owned()).collect(),
            default_cache_seconds,
            plugin,
            token_attributes: None,
        });
    }
    let fields =
        node.map(&["name", "match-images", "default-cache", "tokenAttributes", "answers"])?;
    let name = fields.need("name", "write `ecr-credential-provider`, or that of another plugin");
    let answers = fields.get("answers");
    // A plugin without a script is one whose answers are modelled.
    let name = name.and_then(|node| match &answers {
        None => node.known_word(&KNOWN.map(|(name, ..)| name)).map(str::to_owned),
        // P55.
        Some(_) => node.parsed("bad-id", "a plugin's name", "write a file's name", |text| {
            let fits = !["", ".", ".."].contains(&text) && !text.contains(['/', ' ']);
            fits.then(|| text.to_owned())
        }),
    });
    let images = fields.need("match-images", "write which images it is asked for");
    let cache = fields.get("default-cache").map_or(Some(Span::hours(12)), |node| lasting(&node));
    let token_attributes = fields.get("tokenAttributes");
    if let Some(node) = token_attributes.as_ref().filter(|_| !features.service_account_tokens) {
        let hint = "take it away, or state a Kubernetes from 1.34 on; 1.33 has it behind the gate";
        node.error_at(REFUSED, node.key_span(), words::no_token_attributes(), hint);
    }
    let token_attributes = token_attributes.map(|node| attributes(&node));
    let plugin = match answers {
        None => KNOWN
            .into_iter()
            .find(|(known, ..)| name.as_deref() == Some(*known))
            .map_or(Plugin::Ecr, |(_, plugin, ..)| plugin),
        Some(node) => {
            let list = node.list();
            let read: Vec<_> = list.iter().filter_map(answer).collect();
            if list.is_empty() && node.value().is_array() {
                node.error("empty", "the plugin never answers", "write at least one answer");
            }
            // A script holds at least one.
            if read.is_empty() {
                return None;
            }
            Plugin::Script(read)
        }
    };
    Some(ProviderSpec {
        name: name?,
        match_images: texts(&images?),
        default_cache_seconds: cache?.as_millis() / 1000,
        plugin,
        token_attributes: token_attributes.flatten(),
    })
}

/// How long something is kept.
fn lasting(node: &Node<'_>) -> Option<Span> {
    let length = node.duration()?;
    if length < Span::ZERO {
        node.error("bad-duration", "nothing is kept for less than no time", "write it like `12h`");
    }
    Some(length)
}

/// `tokenAttributes`, with the rules of its own configuration (P54, P55).
fn attributes(node: &Node<'_>) -> Option<TokenAttributes> {
    let fields = node.map(&[
        "serviceAccountTokenAudience",
        "cacheType",
        "requireServiceAccount",
        "requiredServiceAccountAnnotationKeys",
        "optionalServiceAccountAnnotationKeys",
    ])?;
    let audience = fields
        .need("serviceAccountTokenAudience", "write whom the token is for")
        .and_then(|node| Some(node.text()?.to_owned()));
    let types =
        [("ServiceAccount", TokenCacheType::ServiceAccount), ("Token", TokenCacheType::Token)];
    let cache_type = fields
        .need("cacheType", "write `ServiceAccount`, or `Token` where answers are kept by token")
        .and_then(|node| node.word(&types));
    let require = fields
        .need("requireServiceAccount", "write `true`, or `false` to serve Pods without one too")
        .and_then(|node| node.truth());
    let required = fields.get("requiredServiceAccountAnnotationKeys");
    if let Some(node) = required.as_ref().filter(|_| require == Some(false)) {
        let hint = "write `requireServiceAccount: true`, or list the keys as optional";
        node.error(REFUSED, words::ANNOTATIONS_WITHOUT_ACCOUNT, hint);
    }
    let optional = fields.get("optionalServiceAccountAnnotationKeys");
    Some(TokenAttributes {
        audience: audience?,
        cache_type: cache_type?,
        require_service_account: require?,
        required_annotations: required.as_ref().map(texts).unwrap_or_default(),
        optional_annotations: optional.as_ref().map(texts).unwrap_or_default(),
    })
}

/// One answer of a script: what a CredentialProviderResponse holds, or `{ fails: TEXT }`.
fn answer(node: &Node<'_>) -> Option<PluginAnswer> {
    let fields = node.map(&["auth", "cacheKeyType", "cacheDuration", "fails"])?;
    if let Some(why) = fields.get("fails") {
        return Some(PluginAnswer::Fails(why.text()?.to_owned()));
    }
    let auth = fields.need("auth", "write `{ registry.example.com: { username, password } }`, `{}` for no credentials, or `fails`")?;
    let auth = auth.entries().into_iter().filter_map(|(key, node)| login(key, &node)).collect();
    let kinds = [
        ("Image", CacheKeyType::Image),
        ("Registry", CacheKeyType::Registry),
        ("Global", CacheKeyType::Global),
    ];
    let cache_key =
        fields.get("cacheKeyType").map_or(Some(CacheKeyType::Registry), |node| node.word(&kinds));
    let cache = fields.get("cacheDuration").and_then(|node| lasting(&node));
    Some(PluginAnswer::Gives { auth, cache_key: cache_key?, cache })
}

/// `{ username, password }`, or with a password that comes of the Pod's ServiceAccount.
fn login(key: &str, node: &Node<'_>) -> Option<PluginLogin> {
    let fields = node.map(&["username", "password", "password-from"])?;
    let username = fields.need("username", "write the user name")?.text()?.to_owned();
    let password = match fields.get("password-from") {
        None => {
            let hint =
                "write a text, or `password-from: token` or `password-from: { annotation: KEY }`";
            PluginPassword::Text(SecretText::new(fields.need("password", hint)?.text()?))
        }
        Some(node) if fields.get("password").is_some() => {
            let hint = "take `password` or `password-from` away";
            node.error("two-passwords", "a login has one password", hint);
            return None;
        }
        Some(node) if node.is_map() => {
            let fields = node.map(&["annotation"])?;
            let key = fields.need("annotation", "write the annotation's key")?.text()?;
            PluginPassword::Annotation(key.to_owned())
        }
        Some(node) => node.known_word(&["token"]).map(|_| PluginPassword::ServiceAccountToken)?,
    };
    Some(PluginLogin { key: key.to_owned(), username, password })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pullpath_model::world::Version;

    use super::*;
    use crate::fields::Sink;
    use crate::intake::{self, Profile};

    #[test]
    fn a_plugin_can_be_told_with_all_it_answers() {
        let text = "
- ecr-credential-provider
- name: registry-helper
  match-images: [registry.example.com]
  default-cache: 10m
  tokenAttributes:
    serviceAccountTokenAudience: registry.example.com
    cacheType: Token
    requireServiceAccount: true
    requiredServiceAccountAnnotationKeys: [example.com/robot]
  answers:
    - fails: exit status 1
    - auth:
        registry.example.com: { username: robot, password: s3cret }
        \"*.example.com\": { username: robot, password-from: token }
        example.org: { username: robot, password-from: { annotation: example.com/robot } }
      cacheKeyType: Global
      cacheDuration: 0
    - auth: {}
";
        let documents = intake::read("p.yaml", text, Profile::Authored).value.expect("YAML");
        let sink = Sink::new("p.yaml", 0);
        let features = Features::of(Version::new(1, 35, 0), &BTreeMap::new());
        let providers = all(&Node::root(&sink, &documents[0]), features);
        assert_eq!(sink.into_found(), []);
        let login = |key: &str, password| PluginLogin {
            key: key.to_owned(),
            username: "robot".to_owned(),
            password,
        };
        let script = vec![
            PluginAnswer::Fails("exit status 1".to_owned()),
            PluginAnswer::Gives {
                auth: vec![
                    login("*.example.com", PluginPassword::ServiceAccountToken),
                    login("example.org", PluginPassword::Annotation("example.com/robot".into())),
                    login("registry.example.com", PluginPassword::Text(SecretText::new("s3cret"))),
                ],
                cache_key: CacheKeyType::Global,
                cache: Some(Span::ZERO),
            },
            PluginAnswer::Gives {
                auth: Vec::new(),
                cache_key: CacheKeyType::Registry,
                cache: None,
            },
        ];
        let want = ProviderSpec {
            name: "registry-helper".to_owned(),
            match_images: vec!["registry.example.com".to_owned()],
            default_cache_seconds: 600,
            plugin: Plugin::Script(script),
            token_attributes: Some(TokenAttributes {
                audience: "registry.example.com".to_owned(),
                cache_type: TokenCacheType::Token,
                require_service_account: true,
                required_annotations: vec!["example.com/robot".to_owned()],
                optional_annotations: Vec::new(),
            }),
        };
        assert_eq!(providers[0].plugin, Plugin::Ecr);
        assert_eq!(providers[1..], [want]);
    }
}
