//! Text as a template, and what an example file writes where a value is missing.

/// A port of `[ports]` as a template.
pub(super) fn port(name: &str) -> String {
    format!("{{{{ ports.{name} }}}}")
}

/// Text that stays as it is where a template is expected.
pub(super) fn literal(text: &str) -> String {
    let special = ["{{", "{%", "{##"].iter().any(|mark| text.contains(mark));
    if special && !text.contains("endraw") { format!("{{% raw %}}{text}{{% endraw %}}") } else { text.to_owned() }
}

/// A value that stands for one that somebody has to give.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_lowercase();
    if value.starts_with('{') && value.ends_with('}') {
        return true;
    }
    let words = [
        "changeme",
        "change-me",
        "change_me",
        "changethis",
        "your-",
        "your_",
        "<",
        "xxx",
        "replace",
        "placeholder",
        "todo",
        "secret-here",
        "generate",
        "***",
        "...",
        "\u{2026}",
    ];
    words.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_template_stays_as_it_is() {
        assert_eq!(literal("a {{ b }}"), "{% raw %}a {{ b }}{% endraw %}");
        assert_eq!(literal("${A}"), "${A}");
    }

    #[test]
    fn what_is_left_out_is_to_be_given() {
        for value in ["***", "sk_test_***", "sk_test_...", "your-key", "<token>"] {
            assert!(is_placeholder(value), "{value}");
        }
        assert!(!is_placeholder("postgres://localhost/app") && !is_placeholder("*"));
    }
}
