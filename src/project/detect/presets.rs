//! Files that are ready for a known repository.

/// Name and text.
const PRESETS: [(&str, &str); 1] = [("lightdash", include_str!("../../../templates/presets/lightdash/harness.toml"))];

/// The text of a preset.
pub(super) fn preset(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Every name.
pub(super) fn names() -> Vec<&'static str> {
    PRESETS.iter().map(|(name, _)| *name).collect()
}
