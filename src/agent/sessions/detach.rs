//! The keys that leave a session.

use std::str::FromStr;

/// Keys that are pressed one after the other, as bytes of a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachKeys(Vec<u8>);

/// As docker has them.
impl Default for DetachKeys {
    fn default() -> Self {
        Self(vec![control(b'p'), control(b'q')])
    }
}

fn control(letter: u8) -> u8 {
    letter & 0x1f
}

impl FromStr for DetachKeys {
    type Err = String;

    /// `ctrl-p,ctrl-q`: `ctrl-` and one of `a` to `z`, `@`, `[`, `\`, `]`, `^`, `_`, or a letter alone.
    fn from_str(text: &str) -> Result<Self, String> {
        let key = |word: &str| match (word.strip_prefix("ctrl-"), word.as_bytes()) {
            (Some(letter), _) => match letter.as_bytes() {
                [letter @ (b'a'..=b'z' | b'A'..=b'Z' | b'@' | b'['..=b'_')] => Ok(control(*letter)),
                _ => Err(format!("`{word}` is not a key: `ctrl-` is followed by one letter or one of `@[\\]^_`")),
            },
            (None, [letter @ b' '..=b'~']) => Ok(*letter),
            _ => Err(format!("`{word}` is not a key: write `ctrl-x` or one letter, separated by commas")),
        };
        text.split(',').map(key).collect::<Result<_, _>>().map(Self)
    }
}

/// Looks for the keys in what is typed.
#[derive(Debug)]
pub(super) struct Lookout {
    keys: Vec<u8>,
    /// How many of them were pressed, and are held back.
    held: usize,
}

impl Lookout {
    pub(super) fn new(keys: DetachKeys) -> Self {
        Self { keys: keys.0, held: 0 }
    }

    /// What of `typed` is for the program, and whether the keys were pressed.
    pub(super) fn sift(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let mut passed = Vec::with_capacity(typed.len());
        for byte in typed {
            if *byte == self.keys[self.held] {
                self.held += 1;
                if self.held == self.keys.len() {
                    return (passed, true);
                }
                continue;
            }
            passed.extend_from_slice(&self.keys[..self.held]);
            self.held = usize::from(*byte == self.keys[0]);
            if self.held == 0 {
                passed.push(*byte);
            }
        }
        (passed, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_found_across_reads_and_others_pass() {
        let mut lookout = Lookout::new(DetachKeys::default());
        assert_eq!(lookout.sift(b"a\x10"), (b"a".to_vec(), false));
        assert_eq!(lookout.sift(b"b\x10"), (b"\x10b".to_vec(), false));
        assert_eq!(lookout.sift(b"\x10"), (b"\x10".to_vec(), false));
        assert_eq!(lookout.sift(b"\x11c"), (Vec::new(), true));
    }

    #[test]
    fn keys_are_written_as_in_docker() {
        assert_eq!("ctrl-p,ctrl-q".parse(), Ok(DetachKeys::default()));
        assert_eq!("ctrl-],x".parse(), Ok(DetachKeys(vec![0x1d, b'x'])));
        for wrong in ["", "ctrl-", "alt-x", "ctrl-1", "xy", "x,"] {
            assert!(wrong.parse::<DetachKeys>().is_err(), "{wrong}");
        }
    }
}
