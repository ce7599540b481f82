//! `http`: one request to the agent's own application, as `curl -i` makes it, also from a sandbox without a network.
//!
//! The agent's supervisor makes the connection and hands it over ([`Client::connection`]), so that the request reaches
//! this agent's application and no other.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;

use super::{Context, Error, Record, ownership};
use crate::project::AgentId;
use crate::report::{Diagnostic, Failure, HttpHead, HttpHeader, Kind};
use crate::supervisor::{Client, Destination};
use crate::system::Deadline;

/// What to ask.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// The name of the port.
    pub port: String,
    /// Path and query.
    pub path: String,
    /// `None`: GET, or POST where there is a body.
    pub method: Option<Method>,
    /// Further headers; they replace harness's own.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// How long the answer may take, its body included.
    pub timeout: Duration,
    /// Whether a request that may change something goes to an agent of another project too.
    pub force: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("no port is named")]
    NoPort { agent: AgentId, known: Vec<String> },
    #[error("`{path}` is not the path of a URL")]
    Path { path: String },
    #[error("`{name}` is not a header with a value")]
    Header { name: String },
    #[error("agent {agent} does not accept connections on its port `{name}` ({port})")]
    Refused { agent: AgentId, name: String, port: u16 },
    #[error("agent {agent} did not answer within {} s on its port `{name}` ({port})", waited.as_secs_f64())]
    Silent { agent: AgentId, name: String, port: u16, waited: Duration },
    #[error("what agent {agent} answers on its port `{name}` ({port}) is not HTTP, or broke off")]
    Broken {
        agent: AgentId,
        name: String,
        port: u16,
        #[source]
        source: hyper::Error,
    },
}

impl Diagnostic for Fault {
    fn kind(&self) -> Kind {
        match self {
            Self::NoPort { .. } | Self::Path { .. } | Self::Header { .. } => Kind::Usage,
            _ => Kind::CheckFailed,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoPort { .. } => "http.no_port",
            Self::Path { .. } => "http.path",
            Self::Header { .. } => "http.header",
            Self::Refused { .. } => "http.refused",
            Self::Silent { .. } => "http.silent",
            Self::Broken { .. } => "http.broken",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoPort { agent, known } if known.is_empty() => {
                Some(format!("agent {agent} has no ports: name them in [ports] of harness.toml"))
            }
            Self::NoPort { agent, known } => Some(format!(
                "write it as in `harness http {agent} {} /`; its ports are: {}",
                known[0],
                known.join(", ")
            )),
            Self::Path { .. } => Some("write it as in `harness http api '/orders?page=2'`".to_owned()),
            Self::Header { .. } => Some("write it as in `-H 'accept: application/json'`".to_owned()),
            Self::Refused { agent, .. } => Some(format!(
                "`harness status {agent}` says whether the process is ready, `harness logs {agent}` why not"
            )),
            Self::Silent { agent, .. } => {
                Some(format!("see `harness logs {agent}`, or allow it longer with `--timeout`"))
            }
            Self::Broken { agent, .. } => Some(format!("see `harness logs {agent}`")),
        }
    }
}

/// Sends the request; `on_body` gets the body as it comes. Redirects are not followed.
///
/// # Errors
/// There is no such agent or port, nothing accepts connections there, or the answer is not HTTP. A status that tells of
/// a failure is an answer like any other.
pub async fn http(
    context: &Context,
    agent: AgentId,
    request: HttpRequest,
    on_head: &mut dyn FnMut(&HttpHead),
    on_body: &mut dyn FnMut(&[u8]),
) -> Result<(), Failure> {
    let record = Record::read(&context.home, agent)?.ok_or(Error::Unknown(agent))?;
    let name = request.port.clone();
    let Some(port) = record.ports.get(&name).copied() else {
        let known = record.ports.keys().cloned().collect();
        if name.is_empty() {
            return Err(Fault::NoPort { agent, known }.into());
        }
        return Err(Error::UnknownPort { agent, name, known }.into());
    };
    let waited = request.timeout;
    let wire = wire(&request, port)?;
    if !wire.method().is_safe() {
        ownership::check_agent(context, agent, request.force)?;
    }
    let exchange = async {
        let supervisor = Client::connect(&context.home.stack_dir(agent.stack()))?.ok_or(Error::NotRunning(agent))?;
        let connection = match supervisor.connection(Destination::Port(port)).await {
            Ok(connection) => connection,
            Err(error) if error.is_refused() => return Err(Fault::Refused { agent, name: name.clone(), port }.into()),
            Err(error) => return Err(error.into()),
        };
        let broken = |source| Fault::Broken { agent, name: name.clone(), port, source };
        let (mut sender, driver) =
            hyper::client::conn::http1::handshake(TokioIo::new(connection)).await.map_err(broken)?;
        let answer = async {
            let mut response = sender.send_request(wire).await?;
            on_head(&head(agent, &request, port, &response));
            while let Some(frame) = response.body_mut().frame().await {
                if let Some(data) = frame?.data_ref() {
                    on_body(data);
                }
            }
            Ok::<_, hyper::Error>(())
        };
        tokio::pin!(driver, answer);
        let outcome = tokio::select! {
            biased;
            outcome = &mut answer => outcome,
            // the application hung up: what it sent before can still be read
            _ = &mut driver => answer.await,
        };
        Ok::<_, Failure>(outcome.map_err(broken)?)
    };
    let silent = Fault::Silent { agent, name: name.clone(), port, waited };
    Deadline::after("an answer of the application", waited).run(exchange).await.map_err(|_| Failure::from(silent))?
}

fn wire(request: &HttpRequest, port: u16) -> Result<Request<Full<Bytes>>, Fault> {
    let slash = if request.path.starts_with('/') { "" } else { "/" };
    let method = request.method.clone().unwrap_or(if request.body.is_some() { Method::POST } else { Method::GET });
    let uri: hyper::Uri =
        format!("{slash}{}", request.path).parse().map_err(|_| Fault::Path { path: request.path.clone() })?;
    let body = Full::new(Bytes::from(request.body.clone().unwrap_or_default()));
    let mut wire = Request::new(body);
    *wire.method_mut() = method;
    *wire.uri_mut() = uri;
    let own = [
        ("host", format!("localhost:{port}")),
        ("user-agent", concat!("harness/", env!("CARGO_PKG_VERSION")).to_owned()),
        ("accept", "*/*".to_owned()),
        ("connection", "close".to_owned()),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    for (name, value) in own.chain(request.headers.iter().cloned()) {
        let parsed =
            hyper::header::HeaderName::try_from(&name).ok().zip(hyper::header::HeaderValue::try_from(value).ok());
        let (header, value) = parsed.ok_or(Fault::Header { name })?;
        wire.headers_mut().insert(header, value);
    }
    Ok(wire)
}

fn head(agent: AgentId, request: &HttpRequest, port: u16, response: &Response<Incoming>) -> HttpHead {
    let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| HttpHeader {
        name: name.as_str().to_owned(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
    };
    let slash = if request.path.starts_with('/') { "" } else { "/" };
    HttpHead {
        agent: agent.get(),
        url: format!("http://localhost:{port}{slash}{}", request.path),
        version: format!("{:?}", response.version()),
        status: response.status().as_u16(),
        reason: response.status().canonical_reason().unwrap_or_default().to_owned(),
        headers: response.headers().iter().map(header).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str, headers: &[(&str, &str)], body: Option<&str>) -> HttpRequest {
        HttpRequest {
            port: "api".to_owned(),
            path: path.to_owned(),
            method: None,
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: body.map(|body| body.as_bytes().to_vec()),
            timeout: Duration::from_secs(1),
            force: false,
        }
    }

    #[test]
    fn a_request_is_what_curl_would_send() {
        let wire = wire(&request("orders?page=2", &[("Host", "shop.test")], Some("{}")), 8030).unwrap();
        assert_eq!(wire.method(), Method::POST);
        assert_eq!(wire.uri(), "/orders?page=2");
        assert_eq!(wire.headers()["host"], "shop.test");
        assert_eq!(wire.headers()["accept"], "*/*");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_by_name() {
        let refused = |request: HttpRequest| wire(&request, 1).unwrap_err().code();
        assert_eq!(refused(request("a b", &[], None)), "http.path");
        assert_eq!(refused(request("/", &[("a b", "x")], None)), "http.header");
        assert_eq!(refused(request("/", &[("x", "a\nb")], None)), "http.header");
    }
}
