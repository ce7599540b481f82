//! Messages in pages.

use maud::{Markup, html};

/// A message, with what stands between backticks as code.
pub(super) fn marked(text: &str) -> Markup {
    let pieces: Vec<&str> = text.split('`').collect();
    html! {
        @for (number, piece) in pieces.iter().enumerate() {
            @if number % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_message_is_text() {
        assert_eq!(marked("run `<b>` now").into_string(), "run <code>&lt;b&gt;</code> now");
    }
}
