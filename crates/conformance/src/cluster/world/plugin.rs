//! Credential provider plugins, in the words of a recording: the names of a CredentialProviderConfig with their values,
//! hosts, logins and durations.

use pullpath_model::credential::SecretText;
use pullpath_model::provider::CacheKeyType;
use pullpath_model::time::Span;
use pullpath_model::world::{
    Plugin, PluginAnswer, PluginLogin, PluginPassword, ProviderSpec, TokenAttributes,
    TokenCacheType,
};

use super::words::{host, login, span, words};
use crate::case::{NotPlayed, not_played};

/// What a sentence says of a plugin.
#[derive(Debug, Default)]
pub(super) struct Said {
    hosts: Vec<String>,
    default_cache: Option<Span>,
    token: Option<TokenAttributes>,
    answers: Vec<SaidAnswer>,
}

/// One answer, as far as the sentence says it.
#[derive(Debug, Default, PartialEq)]
struct SaidAnswer {
    username: Option<String>,
    password: Option<PluginPassword>,
    cache_key: Option<CacheKeyType>,
    cache: Option<Span>,
    fails: bool,
}

/// A login that the plugin gives where its sentence names none, from what the registry recorded.
pub(super) type Recorded<'a> = &'a dyn Fn(&[String]) -> Vec<(String, String)>;

/// Whether a sentence is about a plugin.
pub(super) fn is_meant(sentence: &str) -> bool {
    ["plugin", "credential provider", "credentialprovider", "matchImages"]
        .iter()
        .any(|word| sentence.to_lowercase().contains(&word.to_lowercase()))
}

impl Said {
    /// Reads one sentence; several may be about one plugin.
    pub(super) fn read(&mut self, sentence: &str) {
        let all = words(sentence);
        let mut answer = SaidAnswer::default();
        let mut at = 0;
        while let Some(word) = all.get(at).copied() {
            let rest = &all[at + 1..];
            let value = rest.first().copied().unwrap_or_default();
            at += 1;
            match word {
                "defaultCacheDuration" => self.default_cache = span(rest).map(|(span, _)| span),
                "cacheDuration" => answer.cache = span(rest).map(|(span, _)| span),
                "cacheKeyType" => answer.cache_key = cache_key(value),
                "serviceAccountTokenAudience" | "audience" => {
                    value.clone_into(&mut self.token().audience);
                    at += 1;
                }
                "cacheType" => {
                    self.token().cache_type = match value {
                        "Token" => TokenCacheType::Token,
                        _ => TokenCacheType::ServiceAccount,
                    };
                    at += 1;
                }
                "requireServiceAccount" => self.token().require_service_account = value != "false",
                "requiredServiceAccountAnnotationKeys" => {
                    let keys = annotations(rest);
                    at += keys.len();
                    self.token().required_annotations = keys;
                }
                "optionalServiceAccountAnnotationKeys" => {
                    let keys = annotations(rest);
                    at += keys.len();
                    self.token().optional_annotations = keys;
                }
                "annotation" | "annotations" if value.contains('/') => {
                    let keys = annotations(rest);
                    at += keys.len();
                    self.token().required_annotations = keys;
                }
                "tokenAttributes" => {
                    self.token();
                }
                "fails" | "failing" | "fail" | "exit" | "exits" => answer.fails = true,
                "username" | "user" if login(value).is_none() => {
                    answer.username = Some(value.to_owned());
                }
                "password" if !["is", "of", "and", "for"].contains(&value) => {
                    answer.password = Some(PluginPassword::Text(SecretText::new(value)));
                }
                // What comes after it is another answer.
                "then" | "afterwards" | "later" | "second" => self.next(&mut answer),
                _ if cache_key(word).is_some() => answer.cache_key = cache_key(word),
                _ => {
                    if let Some((user, password)) = login(word) {
                        if answer.username.is_some() {
                            self.next(&mut answer);
                        }
                        answer.username = Some(user);
                        answer.password = Some(PluginPassword::Text(SecretText::new(password)));
                    } else if let Some(host) = host(word) {
                        self.host(host, word);
                    } else if let Some((span, _)) = span(&all[at - 1..])
                        && all[..at].iter().rev().take(4).any(|word| is_about_cache(word))
                    {
                        answer.cache = Some(span);
                    }
                }
            }
        }
        if sentence.contains("service account token as password")
            || sentence.contains("echoes the token")
        {
            answer.password = Some(PluginPassword::ServiceAccountToken);
        }
        self.next(&mut answer);
    }

    /// Whether it is said which images it is for.
    pub(super) fn has_hosts(&self) -> bool {
        !self.hosts.is_empty()
    }

    fn token(&mut self) -> &mut TokenAttributes {
        self.token.get_or_insert(TokenAttributes {
            audience: String::new(),
            cache_type: TokenCacheType::ServiceAccount,
            require_service_account: true,
            required_annotations: Vec::new(),
            optional_annotations: Vec::new(),
        })
    }

    fn next(&mut self, answer: &mut SaidAnswer) {
        let answer = std::mem::take(answer);
        if answer != SaidAnswer::default() {
            self.answers.push(answer);
        }
    }

    fn host(&mut self, host: &str, word: &str) {
        let pattern = if word.contains('/') { word } else { host };
        if !self.hosts.iter().any(|known| known == pattern) {
            self.hosts.push(pattern.to_owned());
        }
    }

    /// What it does when it is run. `recorded` gives logins for which the sentences have no words.
    fn plugin(&self, recorded: Recorded<'_>) -> Result<Plugin, NotPlayed> {
        let fallback = recorded(&self.hosts);
        let keys: Vec<&str> =
            self.hosts.iter().map(|host| host.split('/').next().unwrap_or(host)).collect();
        let gives = |username: &str, password: PluginPassword, of: &SaidAnswer| {
            let auth = keys.iter().map(|key| PluginLogin {
                key: (*key).to_owned(),
                username: username.to_owned(),
                password: password.clone(),
            });
            PluginAnswer::Gives {
                auth: auth.collect(),
                cache_key: of.cache_key.unwrap_or(CacheKeyType::Registry),
                cache: of.cache,
            }
        };
        let mut answers = Vec::new();
        for said in &self.answers {
            let username = said.username.as_deref().unwrap_or("AWS");
            match &said.password {
                _ if said.fails => answers.push(PluginAnswer::Fails("exit status 1".to_owned())),
                Some(password) => answers.push(gives(username, password.clone(), said)),
                None => {}
            }
        }
        if answers.is_empty() {
            let default = SaidAnswer::default();
            let of = self.answers.first().unwrap_or(&default);
            answers.extend(fallback.into_iter().map(|(username, password)| {
                gives(&username, PluginPassword::Text(SecretText::new(password)), of)
            }));
        }
        if answers.is_empty() {
            return not_played("a plugin whose answers are not told");
        }
        Ok(Plugin::Script(answers))
    }

    /// The plugin as its node has it.
    pub(super) fn spec(&self, recorded: Recorded<'_>) -> Result<ProviderSpec, NotPlayed> {
        if self.hosts.is_empty() {
            return not_played("a plugin without images");
        }
        Ok(ProviderSpec {
            name: NAME.to_owned(),
            match_images: self.hosts.clone(),
            default_cache_seconds: self
                .default_cache
                .map_or(DEFAULT_CACHE_SECONDS, |span| span.as_millis() / 1000),
            plugin: self.plugin(recorded)?,
            token_attributes: self.token.clone(),
        })
    }

    /// What it does from now on, when a sentence says that it changes.
    pub(super) fn change(
        sentence: &str,
        before: &ProviderSpec,
        recorded: Recorded<'_>,
    ) -> Result<Plugin, NotPlayed> {
        let mut said = Self { hosts: before.match_images.clone(), ..Self::default() };
        said.read(sentence);
        said.hosts.clone_from(&before.match_images);
        said.plugin(recorded)
    }
}

/// What a plugin is called here; its name shows nowhere.
pub(super) const NAME: &str = "plugin";

/// Where a sentence says nothing.
const DEFAULT_CACHE_SECONDS: i64 = 600;

fn cache_key(word: &str) -> Option<CacheKeyType> {
    match word {
        "Image" => Some(CacheKeyType::Image),
        "Registry" => Some(CacheKeyType::Registry),
        "Global" => Some(CacheKeyType::Global),
        _ => None,
    }
}

fn is_about_cache(word: &str) -> bool {
    ["cache", "kept", "keeps", "remember"]
        .iter()
        .any(|begin| word.to_lowercase().starts_with(begin))
}

/// Keys of annotations begin with a domain, as no login does.
fn annotations(words: &[&str]) -> Vec<String> {
    let is_key = |word: &&&str| word.contains('/') && host(word).is_some();
    words.iter().take_while(is_key).map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sentences: &[&str], want: &str) {
        let mut said = Said::default();
        for sentence in sentences {
            said.read(sentence);
        }
        let recorded = |_: &[String]| vec![("AWS".to_owned(), "recorded".to_owned())];
        let got = match said.spec(&recorded) {
            Err(NotPlayed(why)) => why,
            Ok(spec) => {
                let Plugin::Script(answers) = spec.plugin else { panic!("a script") };
                let answers: Vec<String> = answers.iter().map(shown).collect();
                let token = spec.token_attributes.map_or(String::new(), |token| {
                    format!(
                        " {} {:?} {:?}",
                        token.audience, token.cache_type, token.required_annotations
                    )
                });
                format!(
                    "{} {}s: {}{token}",
                    spec.match_images.join("+"),
                    spec.default_cache_seconds,
                    answers.join(", ")
                )
            }
        };
        assert_eq!(got, want, "for {sentences:?}");
    }

    fn shown(answer: &PluginAnswer) -> String {
        match answer {
            PluginAnswer::Fails(why) => why.clone(),
            PluginAnswer::Gives { auth, cache_key, cache } => {
                let login = match &auth[0].password {
                    PluginPassword::Text(text) => text.reveal().to_owned(),
                    other => format!("{other:?}"),
                };
                let cache = cache.map_or(String::new(), |span| format!(" {}", span.as_millis()));
                format!("{}/{login} {cache_key:?}{cache}", auth[0].username)
            }
        }
    }

    #[test]
    fn a_plugin_is_read_from_the_names_of_its_configuration() {
        check(
            &[
                "kubelet: credential provider plugin (a script) for plugin.example.com, defaultCacheDuration 5m: answers AWS/stale, cacheKeyType Registry, cacheDuration 3m, then AWS/valid-2",
            ],
            "plugin.example.com 300s: AWS/stale Registry 180000, AWS/valid-2 Registry",
        );
        check(
            &["a credential provider plugin for broken.example.com fails"],
            "broken.example.com 600s: exit status 1",
        );
        check(
            &[
                "a plugin with matchImages [sa.example.com] and tokenAttributes: serviceAccountTokenAudience pull.example.com, requireServiceAccount true, cacheType ServiceAccount, requiredServiceAccountAnnotationKeys [example.com/team]; it answers with alice/s3cret",
            ],
            "sa.example.com 600s: alice/s3cret Registry pull.example.com ServiceAccount [\"example.com/team\"]",
        );
        check(
            &["the plugin serves plugin.example.com and answers are cached for 2 minutes"],
            "plugin.example.com 600s: AWS/recorded Registry 120000",
        );
        check(
            &[
                "a plugin for sa.example.com is given a token for the audience pull and needs the annotation example.com/team: alice/s3cret",
            ],
            "sa.example.com 600s: alice/s3cret Registry pull ServiceAccount [\"example.com/team\"]",
        );
        check(&["a plugin that nobody describes"], "a plugin without images");
    }
}
