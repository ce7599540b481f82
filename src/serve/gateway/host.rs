//! Which name a request is for.

use std::net::IpAddr;

use hyper::Request;
use hyper::header::HOST;

use super::refusal::Refused;

/// The name that a client used, lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// Without the port: `web.3.board.localhost`, `127.0.0.1`.
    pub(super) name: String,
    /// With it, as it was sent.
    pub(super) authority: String,
}

impl Host {
    /// The name of a request, by its `Host` and by what its first line says.
    ///
    /// # Errors
    /// It has none, several, or two that differ.
    pub(super) fn of<B>(request: &Request<B>) -> Result<Self, Refused> {
        let mut fields = request.headers().get_all(HOST).iter();
        let field = fields.next();
        if fields.next().is_some() {
            return Err(Refused::Request("it has more than one `Host`"));
        }
        let field = field.map(|field| field.to_str().map_err(|_| Refused::Request("its `Host` is no name")));
        let field = field.transpose()?;
        let of_uri = request.uri().authority().map(hyper::http::uri::Authority::as_str);
        if field.zip(of_uri).is_some_and(|(field, of_uri)| !field.eq_ignore_ascii_case(of_uri)) {
            return Err(Refused::Request("its `Host` differs from the name in its first line"));
        }
        let authority = of_uri.or(field).ok_or(Refused::Request("it has no `Host`"))?;
        Self::parse(authority).ok_or(Refused::Request("its `Host` is no name"))
    }

    fn parse(authority: &str) -> Option<Self> {
        let (name, port) = match authority.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(name, port)| (name, port.strip_prefix(':')))?,
            None => authority.split_once(':').map_or((authority, None), |(name, port)| (name, Some(port))),
        };
        let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
        let name = name.parse::<IpAddr>().map(|ip| ip.to_string()).ok().or_else(|| plain_name(name))?;
        port.is_none_or(is_port).then(|| Self { name, authority: authority.to_owned() })
    }

    /// `:8080`, or nothing.
    pub(super) fn port(&self) -> &str {
        let from = self.authority.rfind(']').unwrap_or_default();
        self.authority[from..].find(':').map_or("", |at| &self.authority[from + at..])
    }
}

/// A name as it is compared: lower case, without the last dot; none, if it is no name.
pub(super) fn plain_name(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    (name.len() <= 253 && name.split('.').all(is_label)).then_some(name)
}

/// The names under which agents are found.
#[derive(Debug, Clone)]
pub(super) struct Domains(Vec<String>);

/// Where a name is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Within<'a> {
    /// It is the gateway's own.
    Own,
    /// It is below one of the gateway's: `web.3.board`, and that one.
    Below(&'a str, &'a str),
    /// It is another's.
    Foreign,
}

impl Domains {
    pub(super) fn new(domain: Option<&str>) -> Self {
        Self(domain.into_iter().chain(["localhost"]).map(str::to_owned).collect())
    }

    /// The one that people are shown.
    pub(super) fn first(&self) -> &str {
        self.0.first().map_or("localhost", String::as_str)
    }

    pub(super) fn place<'a>(&'a self, name: &'a str) -> Within<'a> {
        if name.parse::<IpAddr>().is_ok() || self.0.iter().any(|domain| domain == name) {
            return Within::Own;
        }
        let below = self.0.iter().find_map(|domain| {
            let above = name.strip_suffix(domain.as_str())?.strip_suffix('.')?;
            Some(Within::Below(above, domain))
        });
        below.unwrap_or(Within::Foreign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_in_one_form() {
        let parsed = |authority: &str| Host::parse(authority).map(|host| (host.name.clone(), host.port().to_owned()));
        let some = |name: &str, port: &str| Some((name.to_owned(), port.to_owned()));
        assert_eq!(parsed("Web.3.Board.LocalHost.:8080"), some("web.3.board.localhost", ":8080"));
        assert_eq!(parsed("localhost"), some("localhost", ""));
        assert_eq!(parsed("[::1]:80"), some("::1", ":80"));
        for wrong in ["", "a..b", "a b", "a:b", "a:1:2", "a/b", "u@a", "[::1", "a:0", "a:99999"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_names_below_its_own_are_the_gateways() {
        let domains = Domains::new(Some("dev.example.org"));
        assert_eq!(domains.place("web.3.board.localhost"), Within::Below("web.3.board", "localhost"));
        assert_eq!(domains.place("web--3--board.dev.example.org"), Within::Below("web--3--board", "dev.example.org"));
        for own in ["localhost", "dev.example.org", "127.0.0.1", "::1"] {
            assert_eq!(domains.place(own), Within::Own, "{own}");
        }
        for foreign in ["evil.com", "localhost.evil.com", "notlocalhost", "example.org", "xdev.example.org"] {
            assert_eq!(domains.place(foreign), Within::Foreign, "{foreign}");
        }
    }

    #[test]
    fn a_request_names_one_host() {
        let of = |uri: &str, hosts: &[&str]| {
            let mut request = Request::builder().uri(uri);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            Host::of(&request.body(()).unwrap()).map(|host| host.name).ok()
        };
        assert_eq!(of("/", &["a.localhost"]).as_deref(), Some("a.localhost"));
        assert_eq!(of("http://a.localhost/", &[]).as_deref(), Some("a.localhost"));
        assert_eq!(of("http://a.localhost/", &["A.localhost"]).as_deref(), Some("a.localhost"));
        assert_eq!(of("http://a.localhost/", &["b.localhost"]), None);
        assert_eq!(of("/", &["a.localhost", "a.localhost"]), None);
        assert_eq!(of("/", &[]), None);
    }
}
