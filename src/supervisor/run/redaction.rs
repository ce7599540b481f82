//! Secrets of a session's environment, kept out of its log and its screen.
//!
//! A secret may come in two reads. What could be its beginning is held back until more comes, except for so few bytes
//! that a prompt or an echo would be late; of these it is known what was let through, so that the rest is still found.

/// Shown in place of a secret.
const MARK: &[u8] = b"[redacted]";
/// A beginning of fewer bytes is let through.
const LET_THROUGH: usize = 3;
/// A value that is shorter is no secret, but a switch.
const SHORTEST: usize = 6;

/// What takes secrets out of one stream of bytes.
#[derive(Debug, Default)]
pub(super) struct Redaction {
    secrets: Vec<Vec<u8>>,
    /// What was let through last, then what is held back.
    rest: Vec<u8>,
    /// How many of these were let through.
    passed: usize,
}

impl Redaction {
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a String>) -> Self {
        let mut secrets: Vec<Vec<u8>> =
            values.map(|value| value.as_bytes().to_vec()).filter(|value| value.len() >= SHORTEST).collect();
        // one may begin with another
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets, ..Self::default() }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The bytes that may be shown now.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.rest);
        let passed = std::mem::take(&mut self.passed);
        all.extend_from_slice(bytes);
        let mut shown = Vec::with_capacity(all.len());
        let mut at = 0;
        while at < all.len() {
            if let Some(secret) = self.secrets.iter().find(|secret| all[at..].starts_with(secret)) {
                shown.extend_from_slice(MARK);
                at += secret.len();
                continue;
            }
            let rest = &all[at..];
            if self.secrets.iter().any(|secret| secret.starts_with(rest)) {
                let held = if rest.len() > LET_THROUGH { 0 } else { rest.len() };
                // what was let through before is not shown twice
                let known = passed.saturating_sub(at);
                shown.extend_from_slice(&rest[known.min(held)..held]);
                self.passed = held.max(known.min(rest.len()));
                self.rest = rest.to_vec();
                break;
            }
            if at >= passed {
                shown.push(all[at]);
            }
            at += 1;
        }
        shown
    }

    /// What is held back, at the end.
    pub(super) fn end(&mut self) -> Vec<u8> {
        let rest = std::mem::take(&mut self.rest);
        rest[std::mem::take(&mut self.passed).min(rest.len())..].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(secrets: &[&str], pieces: &[&str]) -> String {
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        let mut redaction = Redaction::of(secrets.iter());
        let mut shown: Vec<u8> = pieces.iter().flat_map(|piece| redaction.pass(piece.as_bytes())).collect();
        shown.extend(redaction.end());
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn a_secret_is_not_shown_however_it_comes() {
        let secret = "sk-ant-12345";
        for text in ["sk-ant-12345", "key: sk-ant-12345.", "sk-sk-ant-12345sk-ant-12345", "sk-ant-1234 sk-ant-12345"] {
            let expected = text.replace(secret, "[redacted]");
            for first in 0..=text.len() {
                for second in first..=text.len() {
                    let pieces = [&text[..first], &text[first..second], &text[second..]];
                    let seen = shown(&[secret], &pieces);
                    // up to three bytes may be out before the rest has come
                    assert!(!seen.contains("sk-ant-12345") && !seen.contains("12345"), "{pieces:?}: {seen}");
                    let bare = |text: &str| text.replace("sk-", "").replace("sk", "").replace('s', "");
                    assert_eq!(bare(&seen), bare(&expected), "{pieces:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_secret_passes_at_once() {
        let mut redaction = Redaction::of([String::from("sk-ant-12345"), "yes".to_owned()].iter());
        assert_eq!(redaction.pass(b"yes is"), b"yes is");
        assert_eq!(redaction.pass(b"h sk-an"), b"h ");
        assert_eq!(redaction.pass(b"x"), b"sk-anx");
        assert_eq!(redaction.end(), b"");
    }
}
