//! Small things about words and numbers on the page.

use pullpath_view::block::Inline;
use pullpath_view::pane::{GoalState, RungState, Tone};

/// Shortens in the middle, where names of Pods and hosts differ least: their ends tell them apart.
pub fn shorten(text: &str, room: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= room {
        return text.to_owned();
    }
    if room < 5 {
        return letters.iter().take(room.saturating_sub(1)).collect::<String>() + "…";
    }
    let tail = (room - 1) / 2;
    let head = room - 1 - tail;
    let start: String = letters[..head].iter().collect();
    let end: String = letters[letters.len() - tail..].iter().collect();
    format!("{start}…{end}")
}

/// Shortens at the end, for words that are read rather than told apart.
pub fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let start: String = text.chars().take(room.saturating_sub(1)).collect();
    start.trim_end().to_owned() + "…"
}

/// A length of time in words: `13 h 5 min`.
pub fn length(ms: i64) -> String {
    let seconds = ms.abs() / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, seconds) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A moment as everywhere on the page: `T+00:05:10`.
pub fn moment(ms: i64) -> String {
    let sign = if ms < 0 { '-' } else { '+' };
    let seconds = ms.unsigned_abs() / 1000;
    format!("T{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A moment on the timeline's axis, as short as the step allows.
pub fn tick(ms: i64, step_ms: i64) -> String {
    if ms == 0 {
        return "T+0".to_owned();
    }
    let sign = if ms < 0 { "−" } else { "+" };
    let seconds = ms.abs() / 1000;
    if step_ms >= 3_600_000 {
        format!("{sign}{} h", seconds / 3600)
    } else if step_ms >= 60_000 {
        match (seconds / 3600, seconds / 60 % 60) {
            (0, minutes) => format!("{sign}{minutes} min"),
            (hours, minutes) => format!("{sign}{hours}:{minutes:02} h"),
        }
    } else {
        format!("{sign}{}:{:02}", seconds / 60, seconds % 60)
    }
}

/// The moments to name on an axis: round ones, at most `most` of them.
pub fn ticks(from_ms: i64, to_ms: i64, most: i64) -> (i64, Vec<i64>) {
    const STEPS_S: [i64; 15] =
        [1, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];
    let span = (to_ms - from_ms).max(1);
    let fits = |step: &&i64| span / (**step * 1000) < most.max(1);
    let step = STEPS_S.iter().find(fits).unwrap_or(&86_400) * 1000;
    let first =
        from_ms.div_euclid(step) * step + if from_ms.rem_euclid(step) == 0 { 0 } else { step };
    // The number of ticks is bounded by `most` but for spans of months, which no scenario has.
    let all = (0..200).map(|n| first + n * step).take_while(|at| *at <= to_ms).collect();
    (step, all)
}

/// The class that colours something.
pub const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Waiting => "waiting",
        Tone::Neutral => "neutral",
    }
}

/// The tone that a rung is drawn in.
pub const fn rung_tone(state: RungState) -> Tone {
    match state {
        RungState::Passed => Tone::Good,
        RungState::Failed => Tone::Bad,
        RungState::Skipped => Tone::Neutral,
    }
}

/// The word beside a rung's shape.
pub const fn rung_word(state: RungState) -> &'static str {
    match state {
        RungState::Passed => "passed",
        RungState::Failed => "broke here",
        RungState::Skipped => "not reached",
    }
}

/// The tone that a goal is drawn in.
pub const fn goal_tone(state: GoalState) -> Tone {
    match state {
        GoalState::Open => Tone::Neutral,
        GoalState::Met => Tone::Good,
        GoalState::Missed => Tone::Bad,
    }
}

/// The word beside a goal's shape.
pub const fn goal_word(state: GoalState) -> &'static str {
    match state {
        GoalState::Open => "open",
        GoalState::Met => "met",
        GoalState::Missed => "missed",
    }
}

/// A sentence in which words of the learner stand in backticks, as pieces: each with whether it is such a word.
pub fn ticked(sentence: &str) -> Vec<(bool, &str)> {
    // An odd backtick is only itself.
    if sentence.matches('`').count() % 2 == 1 {
        return vec![(false, sentence)];
    }
    let pieces = sentence.split('`').enumerate().map(|(n, piece)| (n % 2 == 1, piece));
    pieces.filter(|(_, piece)| !piece.is_empty()).collect()
}

/// A line without its marks.
pub fn plain(text: &[Inline]) -> String {
    text.iter()
        .map(|piece| match piece {
            Inline::Text(text) | Inline::Code(text) => text.clone(),
            Inline::Emphasis(text) | Inline::Strong(text) | Inline::Link { text, .. } => {
                plain(text)
            }
            Inline::Break => " ".to_owned(),
        })
        .collect()
}

/// An id of an element, from the id of a thing: no slashes or dots, which selectors would have to escape.
pub fn element_id(prefix: &str, id: &str) -> String {
    let plain: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("{prefix}-{plain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_in_the_middle() {
        for (text, room, want) in [
            ("payment-api-7c9f8d-x2x9z", 30, "payment-api-7c9f8d-x2x9z"),
            ("payment-api-7c9f8d-x2x9z", 24, "payment-api-7c9f8d-x2x9z"),
            ("payment-api-7c9f8d-x2x9z", 12, "paymen…x2x9z"),
            ("payment", 3, "pa…"),
            ("żółć-ąęść", 7, "żół…ęść"),
        ] {
            assert_eq!(shorten(text, room), want, "{text:?} in {room}");
            assert!(shorten(text, room).chars().count() <= room);
        }
    }

    #[test]
    fn long_states_are_cut_at_the_end() {
        for (text, room, want) in [
            ("no pull secret", 14, "no pull secret"),
            ("no pull secret", 9, "no pull…"),
            ("2 of 3", 3, "2…"),
        ] {
            assert_eq!(cut(text, room), want);
        }
    }

    #[test]
    fn words_in_backticks_are_told_apart() {
        assert_eq!(ticked("unknown field `a`"), [(false, "unknown field "), (true, "a")]);
        assert_eq!(ticked("`a` and `b`"), [(true, "a"), (false, " and "), (true, "b")]);
        assert_eq!(ticked("odd ` one"), [(false, "odd ` one")]);
    }

    #[test]
    fn times_are_short() {
        for (ms, want) in [
            (0, "0 s"),
            (61_000, "1 min 1 s"),
            (300_000, "5 min"),
            (46_800_000, "13 h"),
            (47_100_000, "13 h 5 min"),
        ] {
            assert_eq!(length(ms), want);
        }
        assert_eq!(moment(310_000), "T+00:05:10");
        assert_eq!(moment(-3_600_000), "T-01:00:00");
    }

    #[test]
    fn axes_have_round_moments() {
        let named = |from, to, most| {
            let (step, all) = ticks(from, to, most);
            all.iter().map(|at| tick(*at, step)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(named(0, 46_800_000, 8), "T+0 +2 h +4 h +6 h +8 h +10 h +12 h");
        assert_eq!(named(-60_000, 300_000, 8), "−1 min T+0 +1 min +2 min +3 min +4 min +5 min");
        assert_eq!(named(0, 0, 8), "T+0");
        assert_eq!(named(0, 20_000, 5), "T+0 +0:05 +0:10 +0:15 +0:20");
    }
}
