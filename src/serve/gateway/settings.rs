//! What a person may set of the gateway: `[gateway]` of `serve.toml`, and options that go before it.

use std::net::IpAddr;
use std::path::PathBuf;

use hyper::Uri;
use serde::Deserialize;

use super::host::plain_name;

/// `[gateway]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::serve) struct GatewaySettings {
    /// Whether there is one.
    on: bool,
    /// Where it listens; by default on both addresses of loopback.
    address: Option<IpAddr>,
    /// The port; by default 80 where it may be bound, else 8080.
    port: Option<u16>,
    /// Whether browsers speak TLS to it; `port` leads them there.
    tls: bool,
    /// The port of TLS; by default 443 where it may be bound, else 8443.
    tls_port: Option<u16>,
    /// A certificate for `domain`, with what is above it, and its key.
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    /// A name of one's own, whose names lead to agents as those of `localhost` do.
    domain: Option<String>,
    /// Further servers behind it.
    route: Vec<RouteSettings>,
}

/// `[[gateway.route]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteSettings {
    /// The whole name; by default that of the gateway itself.
    host: Option<String>,
    /// The beginning of the path; by default every path.
    #[serde(default = "every_path")]
    path: String,
    /// `http://10.0.0.5:9000`.
    to: String,
}

fn every_path() -> String {
    "/".to_owned()
}

/// What the command line says of the gateway.
#[derive(Debug, Clone, Default)]
pub struct GatewayOptions {
    /// Whether there is one, whatever the settings say.
    pub on: bool,
    /// The port, in place of that of the settings.
    pub port: Option<u16>,
    /// Whether browsers speak TLS to it, whatever the settings say.
    pub tls: bool,
    /// The port of TLS, in place of that of the settings.
    pub tls_port: Option<u16>,
}

/// A gateway that there should be.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Plan {
    /// `None`: both addresses of loopback.
    pub(super) address: Option<IpAddr>,
    pub(super) port: Option<u16>,
    pub(super) tls: Option<TlsPlan>,
    pub(super) domain: Option<String>,
    /// The more specific first.
    pub(super) routes: Vec<Route>,
}

/// How TLS should be spoken.
#[derive(Debug, Clone)]
pub(super) struct TlsPlan {
    pub(super) port: Option<u16>,
    pub(super) given: Option<Given>,
}

/// A certificate that was made elsewhere.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// A server that is no agent's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// `None`: the gateway's own names.
    pub(super) host: Option<String>,
    pub(super) path: String,
    /// `10.0.0.5:9000`.
    pub(super) to: String,
}

impl GatewaySettings {
    /// The gateway that settings and options ask for; none, where they ask for none.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub(in crate::serve) fn plan(&self, options: &GatewayOptions) -> Result<Option<Plan>, String> {
        let mut routes = self.route.iter().map(RouteSettings::resolve).collect::<Result<Vec<_>, _>>()?;
        routes.sort_by_key(|route| (route.host.is_none(), std::cmp::Reverse(route.path.len())));
        let domain = match &self.domain {
            Some(domain) => {
                Some(plain_name(domain).ok_or_else(|| format!("`{domain}` in `gateway.domain` is no name"))?)
            }
            None => None,
        };
        let given = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Some(Given { certificate: certificate.clone(), key: key.clone() }),
            (None, None) => None,
            _ => return Err("`gateway.certificate` and `gateway.key` go together".to_owned()),
        };
        let tls = (self.tls || options.tls).then(|| TlsPlan { port: options.tls_port.or(self.tls_port), given });
        if domain.is_some() && tls.as_ref().is_some_and(|tls| tls.given.is_none()) {
            let text = "`gateway.domain` with TLS needs `gateway.certificate` and `gateway.key`: the authority of this home \
                        signs names of loopback alone";
            return Err(text.to_owned());
        }
        let plan = Plan { address: self.address, port: options.port.or(self.port), tls, domain, routes };
        Ok((self.on || options.on).then_some(plan))
    }
}

impl RouteSettings {
    fn resolve(&self) -> Result<Route, String> {
        let host = match &self.host {
            Some(host) => Some(plain_name(host).ok_or_else(|| format!("`{host}` in `gateway.route.host` is no name"))?),
            None => None,
        };
        if !self.path.starts_with('/') {
            return Err(format!("`{}` in `gateway.route.path` does not begin with `/`", self.path));
        }
        let wrong =
            || format!("`{}` in `gateway.route.to` is not like `http://10.0.0.5:9000`, without a path", self.to);
        let uri: Uri = self.to.parse().map_err(|_| wrong())?;
        let bare = uri.scheme_str() == Some("http") && matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().filter(|authority| bare && !authority.as_str().contains('@'));
        let authority = authority.ok_or_else(wrong)?;
        let to = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
        Ok(Route { host, path: self.path.clone(), to })
    }
}

impl Route {
    /// Whether a request is for this server. `/audio` is the beginning of `/audio/1`, not of `/audiobooks`.
    pub(super) fn takes(&self, host: &str, is_own: bool, path: &str) -> bool {
        let is_meant = self.host.as_ref().map_or(is_own, |name| name == host);
        let rest = path.strip_prefix(self.path.as_str());
        let ends = |rest: &str| self.path.ends_with('/') || rest.is_empty() || rest.starts_with('/');
        is_meant && rest.is_some_and(ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Option<Plan>, String> {
        let settings: GatewaySettings = toml::from_str(text).unwrap();
        settings.plan(&GatewayOptions::default())
    }

    #[test]
    fn the_more_specific_route_is_asked_first() {
        let text = "on = true\n\
            [[route]]\nto = \"http://127.0.0.1:1\"\n\
            [[route]]\npath = \"/audio/live\"\nto = \"http://[::1]:2\"\n\
            [[route]]\npath = \"/audio\"\nto = \"http://speech/\"\n\
            [[route]]\nhost = \"Audio.localhost.\"\nto = \"http://127.0.0.1:4\"\n";
        let routes = plan(text).unwrap().unwrap().routes;
        let to = |host: &str, own: bool, path: &str| {
            routes.iter().find(|route| route.takes(host, own, path)).map(|route| route.to.as_str())
        };
        assert_eq!(to("localhost", true, "/"), Some("127.0.0.1:1"));
        assert_eq!(to("localhost", true, "/audio/live/1"), Some("[::1]:2"));
        assert_eq!(to("localhost", true, "/audio"), Some("speech:80"));
        assert_eq!(to("localhost", true, "/audiobooks"), Some("127.0.0.1:1"));
        assert_eq!(to("audio.localhost", false, "/audio"), Some("127.0.0.1:4"));
        assert_eq!(to("web.3.board.localhost", false, "/audio"), None);
    }

    #[test]
    fn it_is_off_unless_asked_for_and_what_is_wrong_is_named() {
        assert!(plan("").unwrap().is_none());
        for (text, named) in [
            ("[[route]]\npath = \"audio\"\nto = \"http://a\"", "audio"),
            ("[[route]]\nto = \"https://a\"", "https://a"),
            ("[[route]]\nto = \"http://a/b\"", "http://a/b"),
            ("[[route]]\nhost = \"a:80\"\nto = \"http://a\"", "a:80"),
            ("domain = \"*.example.org\"", "*.example.org"),
            ("tls = true\ndomain = \"example.org\"", "gateway.certificate"),
            ("key = \"a.key\"", "go together"),
        ] {
            assert!(plan(text).unwrap_err().contains(named), "{text}");
        }
    }
}
