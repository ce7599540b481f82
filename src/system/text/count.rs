//! A number with its noun.

/// `1 file`, `2 files`, `0 processes`.
pub fn count(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    match (number, noun.ends_with('s')) {
        (1, _) => format!("1 {noun}"),
        (_, true) => format!("{number} {noun}es"),
        (_, false) => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn one_is_singular() {
        assert_eq!(count(1_u64, "file"), "1 file");
        assert_eq!(count(0_usize, "file"), "0 files");
        assert_eq!(count(2_u32, "process"), "2 processes");
    }
}
