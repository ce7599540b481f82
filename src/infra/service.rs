//! The names of the shared servers: of the compose file's services, and of the infra stack's processes.

/// PostgreSQL.
pub(super) const DB: &str = "db";
/// The S3 server.
pub(super) const S3: &str = "minio";
/// The mail catcher.
pub(super) const MAIL: &str = "mailpit";
/// Chromium.
pub(super) const BROWSER: &str = "headless-browser";

/// All of them, in the order in which they are listed everywhere.
pub(super) const ALL: [&str; 4] = [DB, S3, MAIL, BROWSER];
