//! Who may: the token, and the cookie that a browser has in its place.
//!
//! Both are compared by HMAC, whose verification takes the same time whatever is wrong. A cookie is the time at which it
//! was made and its HMAC under the token: nothing is kept for it, it outlives a restart, and a new token ends all of
//! them.
//!
//! Cookies know no ports: an application at `localhost:3013` would be sent the cookie of `localhost:3333`. So links lead
//! to an address (`127.0.0.1`), while the applications of agents have the name `localhost`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::hmac;
use ring::rand::SystemRandom;

use crate::system::{Secret, hexadecimal};

/// How long a browser is let in.
pub(super) const COOKIE_AGE: Duration = Duration::from_hours(24 * 30);

/// What credentials are compared with.
pub(super) struct Keys {
    /// Of this process: it only hides how far two texts are alike.
    compare: hmac::Key,
    token: hmac::Tag,
    cookies: hmac::Key,
}

impl Keys {
    pub(super) fn new(token: &Secret) -> Option<Self> {
        let compare = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        Some(Self {
            token: hmac::sign(&compare, token.expose().as_bytes()),
            cookies: hmac::Key::new(hmac::HMAC_SHA256, token.expose().as_bytes()),
            compare,
        })
    }

    pub(super) fn is_token(&self, presented: &str) -> bool {
        hmac::verify(&self.compare, presented.as_bytes(), self.token.as_ref()).is_ok()
    }

    /// A cookie's value.
    pub(super) fn cookie(&self) -> String {
        let made = seconds(SystemTime::now()).to_string();
        let tag = hmac::sign(&self.cookies, made.as_bytes());
        format!("{made}.{}", hexadecimal(tag.as_ref()))
    }

    pub(super) fn is_cookie(&self, presented: &str) -> bool {
        let Some((made, tag)) = presented.split_once('.') else { return false };
        let Some(tag) = bytes(tag) else { return false };
        let Ok(seconds_made) = made.parse::<u64>() else { return false };
        let age = seconds(SystemTime::now()).saturating_sub(seconds_made);
        hmac::verify(&self.cookies, made.as_bytes(), &tag).is_ok() && age <= COOKIE_AGE.as_secs()
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The bytes of a hexadecimal text.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_holds_for_its_token_and_its_time_alone() {
        let keys = Keys::new(&Secret::new("a token of some length")).unwrap();
        assert!(
            keys.is_token("a token of some length") && !keys.is_token("a token of some lengti") && !keys.is_token("")
        );
        let cookie = keys.cookie();
        assert!(keys.is_cookie(&cookie), "{cookie}");
        let (made, tag) = cookie.split_once('.').unwrap();
        let later = made.parse::<u64>().unwrap() + 1;
        for wrong in [
            format!("{later}.{tag}"),
            format!("{made}.{}", &tag[2..]),
            format!("{made}."),
            made.to_owned(),
            "x.y".into(),
        ] {
            assert!(!keys.is_cookie(&wrong), "{wrong}");
        }
        assert!(!Keys::new(&Secret::new("another token")).unwrap().is_cookie(&cookie));
        let old = (seconds(SystemTime::now()) - COOKIE_AGE.as_secs() - 10).to_string();
        let tag = hmac::sign(&keys.cookies, old.as_bytes());
        assert!(!keys.is_cookie(&format!("{old}.{}", hexadecimal(tag.as_ref()))), "it is too old");
    }
}
