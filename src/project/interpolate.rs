//! Variables in a compose file, as docker compose reads them: `$NAME`, `${NAME}`, `${NAME:-default}`,
//! `${NAME-default}`, `${NAME:?message}`, `${NAME?message}`, `${NAME:+instead}`, `${NAME+instead}`, and `$$` for a
//! dollar sign. Defaults may hold variables themselves.

/// Puts variables into one text. `lookup` tells what a variable is, `None` for one that is not set.
///
/// # Errors
/// Says what is wrong with it, in words that fit behind the key: `needs the variable …`.
pub fn interpolate(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            result.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let end = closing_brace(after).ok_or_else(|| format!("has a `${{` without its `}}`: {text}"))?;
            result.push_str(&expression(&after[..end], lookup)?);
            rest = &after[end + 1..];
        } else {
            let length = name_length(rest);
            if length == 0 {
                return Err(format!("has a `$` that begins no variable; write `$$` for a dollar sign: {text}"));
            }
            result.push_str(&lookup(&rest[..length]).unwrap_or_default());
            rest = &rest[length..];
        }
    }
    result.push_str(rest);
    Ok(result)
}

/// What stands between the braces.
fn expression(inner: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let (name, operation) = inner.split_at(name_length(inner));
    if name.is_empty() {
        return Err(format!("has a variable without a name: ${{{inner}}}"));
    }
    let value = lookup(name);
    // with a colon, an empty value counts as none
    let (operation, value) = match operation.strip_prefix(':') {
        Some(rest) => (rest, value.filter(|value| !value.is_empty())),
        None => (operation, value),
    };
    let mut characters = operation.chars();
    match (characters.next(), value) {
        (None, value) => Ok(value.unwrap_or_default()),
        (Some('-' | '?'), Some(value)) => Ok(value),
        (Some('-'), None) | (Some('+'), Some(_)) => interpolate(characters.as_str(), lookup),
        (Some('+'), None) => Ok(String::new()),
        (Some('?'), None) => Err(format!("needs the variable `{name}`: {}", characters.as_str())),
        (Some(_), _) => Err(format!("has an expression that is not supported: ${{{inner}}}")),
    }
}

fn name_length(text: &str) -> usize {
    let is_part =
        |(at, byte): &(usize, u8)| byte.is_ascii_alphabetic() || *byte == b'_' || (*at > 0 && byte.is_ascii_digit());
    text.bytes().enumerate().take_while(is_part).count()
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::interpolate;

    fn set(name: &str) -> Option<String> {
        match name {
            "A" => Some("a".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn every_form_of_the_compose_specification() {
        for (text, expected) in [
            ("plain", "plain"),
            ("$A-${A}", "a-a"),
            ("$$A $${A}", "$A ${A}"),
            ("${NONE}", ""),
            ("${NONE:-d}${EMPTY:-d}${EMPTY-d}", "dd"),
            ("${NONE:-${A}/${NONE:-x}}", "a/x"),
            ("${A:?no}", "a"),
            ("${A:+yes}${NONE:+yes}${EMPTY:+yes}${EMPTY+yes}", "yesyes"),
            ("${D:---flag=1 --other}", "--flag=1 --other"),
        ] {
            assert_eq!(interpolate(text, &set).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (text, part) in [
            ("${NONE:?set it}", "needs the variable `NONE`: set it"),
            ("${EMPTY:?set it}", "needs the variable `EMPTY`"),
            ("${A", "without its `}`"),
            ("cost: $5", "write `$$`"),
            ("${A%x}", "not supported"),
            ("${}", "without a name"),
        ] {
            let error = interpolate(text, &set).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
