//! Whether a server still answers, asked without a login.
//!
//! A stopped process, a paused container, a dead tunnel and a foreign program on the port look the same: the
//! kernel accepts the connection, and no byte comes back. PostgreSQL answers a request for TLS with one byte
//! before any login; the question takes no connection slot for longer than that, and leaves no line in the
//! server's log.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::system::Deadline;

use super::Error;
use super::server::Access;

/// `SSLRequest`: its length and its code.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Returns once the server has not answered for `limit`. A server that refuses or closes connections is not
/// silent: what waits for it fails by itself.
pub(super) async fn of(host: &str, port: u16, limit: Duration) {
    loop {
        sleep(limit / 2).await;
        if Deadline::after("PostgreSQL", limit).run(answer(host, port)).await.is_err() {
            return;
        }
    }
}

async fn answer(host: &str, port: u16) -> std::io::Result<()> {
    let mut stream = TcpStream::connect((host, port)).await?;
    stream.write_all(&REQUEST).await?;
    stream.read(&mut [0]).await.map(drop)
}

/// The error that a silent server is.
pub(super) fn frozen(host: &str, port: u16, access: Access) -> Error {
    Error::Frozen { host: host.to_owned(), port, waited: access.patience.silence, external: access.external }
}
