//! The addresses of the pages, after the `#`.

use yew::prelude::*;

use crate::browser;

/// Where the learner is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `#/`
    Home,
    /// `#/learn/<lesson>`
    Learn(String),
    /// `#/play/<scenario>`
    Play(String),
    /// `#/quiz/<quiz>`
    Quiz(String),
    /// `#/messages`
    Messages,
    /// `#/author`
    Author,
    /// `#/progress`
    Progress,
    /// Anything else.
    Unknown(String),
}

impl Route {
    /// Reads what stands after the `#`, with or without it.
    pub fn parse(hash: &str) -> Self {
        let path = hash.trim_start_matches('#').trim_matches('/');
        // What follows a `?` is for the page itself.
        let path = path.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        match parts[..] {
            [""] => Self::Home,
            ["learn", lesson] if is_id(lesson) => Self::Learn(lesson.to_owned()),
            ["play", scenario] if is_id(scenario) => Self::Play(scenario.to_owned()),
            ["quiz", quiz] if is_id(quiz) => Self::Quiz(quiz.to_owned()),
            ["messages"] => Self::Messages,
            ["author"] => Self::Author,
            ["progress"] => Self::Progress,
            _ => Self::Unknown(path.to_owned()),
        }
    }

    /// Whether the page is one of the [room](crate::room).
    pub fn is_room(&self) -> bool {
        match self {
            Self::Learn(_)
            | Self::Play(_)
            | Self::Quiz(_)
            | Self::Messages
            | Self::Author
            | Self::Progress => true,
            Self::Home | Self::Unknown(_) => false,
        }
    }

    /// The address for a link.
    pub fn href(&self) -> String {
        match self {
            Self::Home => "#/".to_owned(),
            Self::Learn(lesson) => format!("#/learn/{lesson}"),
            Self::Play(scenario) => format!("#/play/{scenario}"),
            Self::Quiz(quiz) => format!("#/quiz/{quiz}"),
            Self::Messages => "#/messages".to_owned(),
            Self::Author => "#/author".to_owned(),
            Self::Progress => "#/progress".to_owned(),
            Self::Unknown(path) => format!("#/{path}"),
        }
    }
}

/// Where the learner is, followed as the address changes.
#[hook]
pub fn use_route() -> Route {
    let route = use_state(|| Route::parse(&browser::hash()));
    let setter = route.setter();
    use_effect_with((), move |()| {
        let listener = browser::is_here().then(|| {
            let window = gloo::utils::window();
            gloo::events::EventListener::new(&window, "hashchange", move |_| {
                setter.set(Route::parse(&browser::hash()));
            })
        });
        move || drop(listener)
    });
    (*route).clone()
}

/// Ids are those that `pullpath check` allows: they become file names and links.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[track_caller]
    fn check(hash: &str, want: &Route) {
        assert_eq!(&Route::parse(hash), want, "for {hash:?}");
    }

    #[test]
    fn addresses_are_read() {
        check("", &Route::Home);
        check("#", &Route::Home);
        check("#/", &Route::Home);
        check("#/play/thirteen-hour-token", &Route::Play("thirteen-hour-token".into()));
        check("#/play/thirteen-hour-token/", &Route::Play("thirteen-hour-token".into()));
        check("#/play/a?from=home", &Route::Play("a".into()));
        check("#/learn/pull-path", &Route::Learn("pull-path".into()));
        check("#/messages", &Route::Messages);
        check("#/author", &Route::Author);
        check("#/progress", &Route::Progress);
        check("#/play", &Route::Unknown("play".into()));
        check("#/play/../x", &Route::Unknown("play/../x".into()));
        check("#/play/a%2fb", &Route::Unknown("play/a%2fb".into()));
    }

    #[test]
    fn addresses_come_back() {
        for route in [
            Route::Home,
            Route::Learn("a".into()),
            Route::Play("b-1".into()),
            Route::Quiz("c".into()),
            Route::Messages,
            Route::Author,
            Route::Progress,
        ] {
            check(&route.href(), &route);
        }
    }
}
