//! Why an image is not available, and what to do about it.

use std::fmt;

/// Why an image is not available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageProblem {
    /// 401, 403: it is private, or gone; this registry does not say which.
    Denied,
    /// 404: the registry does not have it.
    NotFound,
    /// The registry counts pulls.
    RateLimited,
    /// The disk of the engine is full.
    NoSpace,
    /// The registry cannot be reached.
    NoNetwork,
    /// It is not made for this processor.
    WrongPlatform,
    /// Something else.
    Other,
}

impl ImageProblem {
    /// By the registry's status, and where that says nothing, by the engine's words.
    pub fn of(status: Option<u16>, said: &str) -> Self {
        let said = said.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if says(&["no space left"]) {
            Self::NoSpace
        } else if says(&["no matching manifest", "no match for platform", "exec format error"]) {
            Self::WrongPlatform
        } else if says(&["toomanyrequests", "too many requests", "rate limit"]) {
            Self::RateLimited
        } else if says(&[
            "no such host",
            "dial tcp",
            "i/o timeout",
            "network is unreachable",
            "connection refused",
            "tls handshake",
            "client.timeout",
            "deadline exceeded",
            "temporary failure in name",
            "eof",
        ]) {
            Self::NoNetwork
        } else if says(&[
            "access denied",
            "unauthorized",
            "denied:",
            "authentication required",
            "no basic auth",
            "forbidden",
        ]) {
            Self::Denied
        } else if status == Some(404) || says(&["not found", "manifest unknown", "does not exist"]) {
            Self::NotFound
        } else {
            Self::Other
        }
    }

    pub(in crate::infra) fn code(self) -> &'static str {
        match self {
            Self::Denied => "image.denied",
            Self::NotFound => "image.not_found",
            Self::RateLimited => "image.rate_limited",
            Self::NoSpace => "image.no_space",
            Self::NoNetwork => "image.no_network",
            Self::WrongPlatform => "image.wrong_platform",
            Self::Other => "image.failed",
        }
    }

    /// What to do; `setting` is where the image is named: "`image` of `[infra.s3]`".
    pub(in crate::infra) fn hint(self, setting: &str) -> String {
        match self {
            Self::Denied | Self::NotFound => {
                format!("set {setting} to one that exists, or run `docker login` if it is private")
            }
            Self::RateLimited => "run `docker login`, or try again later".to_owned(),
            Self::NoSpace => "free disk space: `docker system df` shows what is used".to_owned(),
            Self::NoNetwork => {
                format!("check the network, or set {setting} to an image of a registry that can be reached")
            }
            Self::WrongPlatform => format!("set {setting} to one that is built for this processor"),
            Self::Other => format!("try `docker pull` by hand, or set {setting} to another image"),
        }
    }
}

impl fmt::Display for ImageProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Denied => "the registry denies access, or the image was removed",
            Self::NotFound => "the registry does not have it",
            Self::RateLimited => "the registry's rate limit is reached",
            Self::NoSpace => "the engine's disk is full",
            Self::NoNetwork => "the registry cannot be reached",
            Self::WrongPlatform => "it is not built for this processor",
            Self::Other => "the pull failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ImageProblem;

    #[test]
    fn every_problem_is_told_apart_by_the_engines_words() {
        for (status, said, expected) in [
            (
                Some(404),
                "pull access denied for minio/minio, repository does not exist or may require 'docker login'",
                ImageProblem::Denied,
            ),
            (Some(500), "Head \"https://ghcr.io/v2/x/manifests/1\": unauthorized", ImageProblem::Denied),
            (Some(404), "manifest for mailpit:v0 not found: manifest unknown", ImageProblem::NotFound),
            (
                Some(500),
                "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host",
                ImageProblem::NoNetwork,
            ),
            (None, "failed to register layer: write /x: no space left on device", ImageProblem::NoSpace),
            (None, "no matching manifest for linux/arm64/v8 in the manifest list entries", ImageProblem::WrongPlatform),
            (Some(500), "toomanyrequests: You have reached your pull rate limit", ImageProblem::RateLimited),
            (Some(500), "something else", ImageProblem::Other),
        ] {
            assert_eq!(ImageProblem::of(status, said), expected, "{said}");
        }
    }
}
