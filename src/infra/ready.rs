//! Is a server ready? Asked the way its users will ask: SQL, S3, SMTP, HTTP.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::access::{Browser, Mail};
use super::http;
use crate::bucket::{Buckets, S3Endpoint};
use crate::postgres::{Admin, Server};
use crate::system::with_causes;

/// Between two attempts.
const PERIOD: Duration = Duration::from_millis(50);
/// For one attempt.
const ATTEMPT: Duration = Duration::from_secs(5);

/// Repeats an attempt until it succeeds or the time is over; then the last reason is returned.
async fn until<T>(limit: Duration, mut attempt: impl AsyncFnMut() -> Result<T, String>) -> Result<T, String> {
    let deadline = Instant::now() + limit;
    loop {
        let last = match timeout(ATTEMPT, attempt()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(reason)) => reason,
            Err(_) => format!("no answer within {} s", ATTEMPT.as_secs()),
        };
        if Instant::now() >= deadline {
            return Err(last);
        }
        sleep(PERIOD).await;
    }
}

/// Waits for SQL; returns the identity of the cluster.
pub(super) async fn postgres(server: &Server, limit: Duration) -> Result<String, String> {
    until(limit, async || {
        let admin = Admin::connect(server).await.map_err(|error| with_causes(&error))?;
        admin.system_identifier().await.map_err(|error| with_causes(&error))
    })
    .await
}

/// Waits for a list of buckets.
pub(super) async fn s3(endpoint: &S3Endpoint, limit: Duration) -> Result<Buckets, String> {
    until(limit, async || {
        let buckets = Buckets::new(endpoint);
        if buckets.is_ready().await { Ok(buckets) } else { Err("no answer to a list of buckets".to_owned()) }
    })
    .await
}

/// Waits for the SMTP greeting and for the page.
pub(super) async fn mail(mail: &Mail, limit: Duration) -> Result<(), String> {
    until(limit, async || {
        let greeting = greeting(&mail.smtp_host, mail.smtp_port).await.map_err(|error| error.to_string())?;
        if !greeting.starts_with("220") {
            return Err(format!("SMTP greets with `{}`", greeting.trim()));
        }
        http::get(&mail.web_url, "/readyz").await.map(drop)
    })
    .await
}

async fn greeting(host: &str, port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((host, port)).await?;
    let mut buffer = [0; 256];
    let length = stream.read(&mut buffer).await?;
    // without a farewell some servers log an error
    let _ = stream.write_all(b"QUIT\r\n").await;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// Waits for the browser's debugging protocol.
pub(super) async fn browser(browser: &Browser, limit: Duration) -> Result<(), String> {
    let path = match &browser.token {
        // browserless answers this at once, where the other one starts a browser
        Some(token) => format!("/active?token={}", token.expose()),
        None => "/json/version".to_owned(),
    };
    until(limit, async || match browser.http_url.strip_prefix("https://") {
        Some(authority) => {
            let authority = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:443") };
            TcpStream::connect(authority).await.map(drop).map_err(|error| error.to_string())
        }
        None => http::get(&browser.http_url, &path).await.map(drop),
    })
    .await
}
