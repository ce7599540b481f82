//! Constant regular expressions.

/// A regular expression that is compiled once.
macro_rules! pattern {
    ($text:literal) => {{
        static PATTERN: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| regex::Regex::new($text).expect("the pattern is constant"));
        &*PATTERN
    }};
}
