//! Markdown to blocks: data that can be drawn, in which nothing can be injected.

use pullpath_view::block::{Block, Inline};

/// Changes every piece of text and code in the blocks.
pub fn map_text(blocks: &mut [Block], change: &dyn Fn(&str) -> String) {
    for block in blocks {
        match block {
            Block::Heading { text, .. } | Block::Paragraph { text } => map_inline(text, change),
            Block::List { items, .. } => {
                for item in items {
                    map_text(item, change);
                }
            }
            Block::Quote { blocks } => map_text(blocks, change),
            Block::Code { text, .. } => *text = change(text),
            Block::Table { head, rows } => {
                for cell in head.iter_mut().chain(rows.iter_mut().flatten()) {
                    map_inline(cell, change);
                }
            }
            Block::Rule | Block::Figure(_) | Block::Question(_) => {}
        }
    }
}

fn map_inline(line: &mut [Inline], change: &dyn Fn(&str) -> String) {
    for inline in line {
        match inline {
            Inline::Text(text) | Inline::Code(text) => *text = change(text),
            Inline::Emphasis(inner) | Inline::Strong(inner) | Inline::Link { text: inner, .. } => {
                map_inline(inner, change);
            }
            Inline::Break => {}
        }
    }
}
