//! The parts of a service.

use std::time::Duration;

/// One port of a container on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortMapping {
    /// The host's address; without one, every address.
    pub host_ip: Option<String>,
    /// Port on the host.
    pub published: u16,
    /// Port in the container.
    pub target: u16,
    /// `tcp` or `udp`.
    pub protocol: &'static str,
}

/// Something that is mounted into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// What.
    pub source: Source,
    /// Absolute path in the container.
    pub target: String,
    /// Whether the container may only read it.
    pub read_only: bool,
}

/// Where a mount comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A volume of the file, by its key.
    Volume(String),
    /// A path of the host.
    Bind(String),
}

/// When the engine itself starts a container again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restart {
    /// Never.
    No,
    /// After it ended, and when the engine starts.
    Always,
    /// The same, but not after it was stopped on purpose.
    UnlessStopped,
    /// After it failed, at most this number of times.
    OnFailure(Option<u32>),
}

impl Restart {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text.split_once(':').unwrap_or((text, "")) {
            ("no" | "false", "") => Self::No,
            ("always", "") => Self::Always,
            ("unless-stopped", "") => Self::UnlessStopped,
            ("on-failure", "") => Self::OnFailure(None),
            ("on-failure", count) => Self::OnFailure(Some(count.parse().ok()?)),
            _ => return None,
        })
    }

    /// As a compose file writes it.
    pub fn text(&self) -> String {
        match self {
            Self::No => "no".to_owned(),
            Self::Always => "always".to_owned(),
            Self::UnlessStopped => "unless-stopped".to_owned(),
            Self::OnFailure(None) => "on-failure".to_owned(),
            Self::OnFailure(Some(count)) => format!("on-failure:{count}"),
        }
    }
}

/// How the engine finds out whether a container is healthy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HealthCheck {
    /// `["CMD", …]`, `["CMD-SHELL", …]`, or `["NONE"]`; empty leaves the image's own.
    pub test: Vec<String>,
    /// Between two checks.
    pub interval: Option<Duration>,
    /// For one check.
    pub timeout: Option<Duration>,
    /// Failures in a row that make it unhealthy.
    pub retries: Option<u32>,
    /// Time in which failures do not count.
    pub start_period: Option<Duration>,
    /// Whether even the image's own check is off.
    pub disable: bool,
}

impl PortMapping {
    /// `[[ADDRESS:]PUBLISHED:]TARGET[/PROTOCOL]`; an agent cannot know a port that the engine chose, so the
    /// published one must be given.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (ports, protocol) = match text.split_once('/') {
            None | Some((_, "tcp")) => (text.split('/').next()?, "tcp"),
            Some((ports, "udp")) => (ports, "udp"),
            Some(_) => return None,
        };
        let (rest, target) = ports.rsplit_once(':')?;
        let (host_ip, published) = match rest.rsplit_once(':') {
            Some((address, published)) => {
                (Some(address.trim_matches(['[', ']']).to_owned()).filter(|address| !address.is_empty()), published)
            }
            None => (None, rest),
        };
        Some(Self { host_ip, published: published.parse().ok()?, target: target.parse().ok()?, protocol })
    }
}

impl Mount {
    /// `SOURCE:TARGET[:ro|rw]`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (source, rest) = text.split_once(':')?;
        let (target, read_only) = match rest.split_once(':') {
            None | Some((_, "rw")) => (rest.split(':').next()?, false),
            Some((target, "ro")) => (target, true),
            Some(_) => return None,
        };
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        };
        let source = if source.starts_with('/') {
            Source::Bind(source.to_owned())
        } else if is_name(source) {
            Source::Volume(source.to_owned())
        } else {
            return None;
        };
        target.starts_with('/').then(|| Self { source, target: target.to_owned(), read_only })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        let parsed = PortMapping::parse("127.0.0.1:15432:5432").unwrap();
        assert_eq!((parsed.host_ip.as_deref(), parsed.published, parsed.target), (Some("127.0.0.1"), 15432, 5432));
        assert_eq!(PortMapping::parse("53:5353/udp").unwrap().protocol, "udp");
        assert_eq!(PortMapping::parse("[::1]:80:8080").unwrap().host_ip.as_deref(), Some("::1"));
        for wrong in ["5432", "a:b", "1:2/sctp", "70000:1", "8000-8010:8000-8010"] {
            assert_eq!(PortMapping::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn mounts() {
        assert_eq!(Mount::parse("data:/data:ro").unwrap().source, Source::Volume("data".to_owned()));
        assert_eq!(Mount::parse("/etc/x:/x").unwrap().source, Source::Bind("/etc/x".to_owned()));
        for wrong in ["data", "./relative:/x", "data:relative", "data:/x:z", "~/x:/x"] {
            assert_eq!(Mount::parse(wrong), None, "{wrong}");
        }
    }
}
