//! One plain request to a shared server of this machine.

use hyper::Method;
use url::Url;

use crate::system::{http_connect, http_exchange};

/// The body of a 2xx answer to a GET; the error is one line.
pub(super) async fn get(base: &str, path: &str) -> Result<String, String> {
    request(Method::GET, base, path).await
}

/// The body of a 2xx answer of `http://host:port`, the path being below the base's own; the error is one line.
pub(super) async fn request(method: Method, base: &str, path: &str) -> Result<String, String> {
    let url = Url::parse(base).map_err(|error| error.to_string())?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().ok_or("no port")?;
    let path = &format!("{}{path}", url.path().trim_end_matches('/'));
    let stream = http_connect(Some(host), port).await.map_err(|error| error.to_string())?;
    let answer = http_exchange(stream, method, host, path).await.map_err(|error| error.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("HTTP status `{}`", answer.status));
    }
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}
