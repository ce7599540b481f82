//! Values that are secret: taken out of whatever leaves the worker.

/// A value that is shorter is no secret, but a switch.
const SHORTEST: usize = 6;

/// The secret variables of a job.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// Of these variables, by name and value.
    pub(super) fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut secrets: Vec<(String, String)> =
            variables.into_iter().filter(|(_, value)| value.trim().len() >= SHORTEST).collect();
        for (_, value) in &mut secrets {
            *value = value.trim().to_owned();
        }
        // one may begin with another
        secrets.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        Self(secrets)
    }

    /// The text without any of them.
    pub(super) fn redacted(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (_, value)| {
            // most lines hold none
            if text.contains(value.as_str()) { text.replace(value.as_str(), "[redacted]") } else { text }
        })
    }

    /// The variable whose value is in these bytes.
    pub(super) fn found_in(&self, bytes: &[u8]) -> Option<&str> {
        let is_in = |value: &str| memchr::memmem::find(bytes, value.as_bytes()).is_some();
        self.0.iter().find(|(_, value)| is_in(value)).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_out_and_found() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let secrets = Secrets::of([pair("A", "sk-12345"), pair("B", "sk-12345-long\n"), pair("SHORT", "yes")]);
        assert_eq!(secrets.redacted("sk-12345-long, sk-12345, yes"), "[redacted], [redacted], yes");
        assert_eq!(secrets.found_in(b"+ key = sk-12345-long"), Some("B"));
        assert_eq!(secrets.found_in(b"+ key = yes"), None);
    }
}
