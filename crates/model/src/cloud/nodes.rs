//! What the credential provider plugins of Google Cloud and Azure answer: a node's identity, and how long its tokens live.

use crate::credential::{Login, SecretText};
use crate::message::cloud as words;
use crate::provider::{Answer, CacheKeyType};
use crate::time::{SimTime, Span};
use crate::token::Mint;
use crate::world::RegistryKind;

/// The user name beside an access token of the metadata server (kubernetes/cloud-provider-gcp pkg/gcpcredential
/// gcpcredential.go, 4e24531).
const GCP_USER: &str = "_token";

/// The metadata server hands the same token out until five minutes before its end (Google Cloud documentation,
/// "Authenticate workloads using service accounts").
const GCP_LEFT: Span = Span::minutes(5);

/// How long the kubelet keeps ACR's answer, of the three hours that the token lives (kubernetes-sigs/cloud-provider-azure
/// pkg/credentialprovider/azure_credentials.go, 7b31c76: `defaultCacheTTL`).
const ACR_CACHE: Span = Span::minutes(60);

/// The domains of ACR (same file, `acrRE`).
const ACR_DOMAINS: [&str; 4] = ["azurecr.io", "azurecr.cn", "azurecr.de", "azurecr.us"];

/// Asks `auth-provider-gcp` for an image of that name. It answers for any host it is handed, with the access token that the
/// metadata server has for the node's service account, and tells the kubelet to keep nothing. Without a service
/// account it answers with nothing: that is no failure.
///
/// *Source: kubernetes/cloud-provider-gcp cmd/auth-provider-gcp/provider/provider.go (4e24531).*
pub fn provide_gcp(
    mint: &mut Mint,
    identity: Option<&str>,
    lookup_name: &str,
    now: SimTime,
) -> Answer {
    let host = host_of(lookup_name);
    let login = identity.map(|identity| {
        let registry = (host, RegistryKind::ArtifactRegistry);
        let token = mint.mint_for_identity(registry, (identity, GCP_USER), now, GCP_LEFT);
        (host.to_owned(), login(GCP_USER, token.text.clone()))
    });
    Answer::Given {
        auth: login.into_iter().collect(),
        cache_key: CacheKeyType::Image,
        cache_duration: Some(Span::ZERO),
    }
}

/// Asks `acr-credential-provider`: a token of the node's managed identity is exchanged for a refresh token of that
/// registry, whether or not the identity may pull from it. For a host that is not ACR's it answers with nothing.
///
/// *Source: kubernetes-sigs/cloud-provider-azure pkg/credentialprovider/azure_credentials.go (7b31c76).*
pub fn provide_acr(
    mint: &mut Mint,
    identity: Option<&str>,
    lookup_name: &str,
    now: SimTime,
) -> Answer {
    let host = host_of(lookup_name);
    if !is_acr(host) {
        return Answer::Given {
            auth: Vec::new(),
            cache_key: CacheKeyType::Registry,
            cache_duration: Some(Span::ZERO),
        };
    }
    let Some(identity) = identity else { return Answer::Failed(words::ACR_NO_IDENTITY.to_owned()) };
    let user = RegistryKind::Acr.token_user().expect("ACR's tokens have one");
    let registry = (host, RegistryKind::Acr);
    // Each run of the plugin makes a new exchange.
    let token = mint.mint_for_identity(registry, (identity, user), now, Span::hours(3));
    let nobody = login("", SecretText::default());
    Answer::Given {
        // The first is for pulls without a login, of any registry of Azure.
        auth: vec![
            ("*.azurecr.*".to_owned(), nobody),
            (host.to_owned(), login(user, token.text.clone())),
        ],
        cache_key: CacheKeyType::Registry,
        cache_duration: Some(ACR_CACHE),
    }
}

fn is_acr(host: &str) -> bool {
    host.split_once('.').is_some_and(|(name, domain)| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && ACR_DOMAINS.contains(&domain)
    })
}

fn host_of(lookup_name: &str) -> &str {
    lookup_name.split('/').next().expect("a split has a first part")
}

fn login(user: &str, password: SecretText) -> Login {
    Login { username: user.to_owned(), password, email: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    fn given(answer: Answer) -> (Vec<(String, Login)>, Option<Span>) {
        match answer {
            Answer::Given { auth, cache_duration, .. } => (auth, cache_duration),
            Answer::Failed(why) => panic!("{why}"),
        }
    }

    #[test]
    fn google_hands_one_token_out_until_shortly_before_its_end() {
        let mut mint = Mint::new(&World::default());
        let mut at = |minutes: i64| {
            let now = SimTime::START + Span::minutes(minutes);
            let (auth, kept) = given(provide_gcp(&mut mint, Some("nodes"), "eu.gcr.io/p/app", now));
            assert_eq!(kept, Some(Span::ZERO));
            assert_eq!((auth[0].0.as_str(), auth[0].1.username.as_str()), ("eu.gcr.io", "_token"));
            auth[0].1.password.clone()
        };
        let first = at(0);
        assert_eq!(at(54), first);
        assert_ne!(at(55), first);
        let none = provide_gcp(&mut mint, None, "eu.gcr.io/p/app", SimTime::START);
        assert!(given(none).0.is_empty());
    }

    #[test]
    fn azure_answers_for_its_own_hosts() {
        let mut mint = Mint::new(&World::default());
        let ask = |mint: &mut Mint, name| provide_acr(mint, Some("kubelet"), name, SimTime::START);
        let (auth, kept) = given(ask(&mut mint, "team.azurecr.io/app"));
        assert_eq!(kept, Some(Span::minutes(60)));
        let keys: Vec<&str> = auth.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["*.azurecr.*", "team.azurecr.io"]);
        let token = mint.find(auth[1].1.password.reveal()).expect("it was minted");
        assert_eq!(token.expires, SimTime::START + Span::hours(3));
        for other in
            ["ghcr.io/app", "a.b.azurecr.io/app", "azurecr.io/app", "team.azurecr.io:443/app"]
        {
            assert!(given(ask(&mut mint, other)).0.is_empty(), "{other}");
        }
        let nobody = provide_acr(&mut mint, None, "team.azurecr.io/app", SimTime::START);
        assert!(matches!(nobody, Answer::Failed(_)));
    }
}
