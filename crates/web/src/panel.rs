//! The parts of the workbench and the reader. Each shows one pane of a view and reports what the learner wants.

use pullpath_view::action::Action;
use yew::prelude::*;

pub mod asked;
pub mod brief;
pub mod editor;
pub mod events;
pub mod files;
pub mod ladder;
pub mod message;
pub mod notices;
pub mod order;
pub mod picture;
pub mod picture_layout;
pub mod problems;
pub mod question;
pub mod record;
pub mod splitter;
pub mod things;
pub mod timeline;
pub mod workbench;

/// Something else to look at. None of it changes the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Another moment; `None` is now.
    At(Option<i64>),
    /// Another thing in the picture.
    Select(Option<String>),
    /// Another pull attempt, from 1; `None` is the last one.
    Pull(Option<u32>),
    /// Another stretch of the timeline; `None` is all of it.
    Window(Option<(i64, i64)>),
    /// A line of a file, from 1.
    Place(String, u32),
}

/// What the parts report.
#[derive(Debug, Clone, PartialEq)]
pub struct Wishes {
    /// Do something.
    pub act: Callback<Action>,
    /// Look at something.
    pub look: Callback<Look>,
    /// The text of a file is now this.
    pub typed: Callback<(String, String)>,
    /// End what is being worked on.
    pub stop: Callback<()>,
    /// What went wrong has been read.
    pub dismiss: Callback<()>,
}

impl Wishes {
    /// Wishes that nobody hears, for drawings without a cluster behind them.
    pub fn none() -> Self {
        Self {
            act: Callback::noop(),
            look: Callback::noop(),
            typed: Callback::noop(),
            stop: Callback::noop(),
            dismiss: Callback::noop(),
        }
    }
}
