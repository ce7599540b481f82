//! The known name that a misspelt one was meant to be.

/// The name nearest to `wanted`, if one is near enough to be what was meant.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |text: &str| text.to_lowercase().replace('-', "_");
    let wanted = fold(wanted);
    let allowed = (wanted.chars().count() / 3).max(1);
    names
        .map(|name| (strsim::damerau_levenshtein(&wanted, &fold(name)), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let names = ["command", "working_dir", "depends_on"];
        assert_eq!(nearest("comand", names.into_iter()), Some("command"));
        assert_eq!(nearest("working-dir", names.into_iter()), Some("working_dir"));
        assert_eq!(nearest("depend_on", names.into_iter()), Some("depends_on"));
        assert_eq!(nearest("healthcheck", names.into_iter()), None);
    }
}
