//! The server as a whole, from its options to SIGTERM.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::S3ServiceBuilder;

use super::front::Front;
use super::keyring::{Doorkeeper, Keyring};
use super::service::Server;
use super::store::Store;
use crate::embedded::{Result, http, log};
use crate::system::Secret;
use crate::system::{Stop, http_serve};

/// A form upload is held in memory as a whole, so it has a low limit; PUT and multipart have none.
const LARGEST_FORM: u64 = 64 << 20;

/// How to serve S3.
#[derive(Debug)]
pub struct S3Options {
    /// Where to listen; normally loopback.
    pub listen: Vec<SocketAddr>,
    /// Where buckets live; made when absent.
    pub data_dir: PathBuf,
    /// The access key that may do everything.
    pub access_key: String,
    /// Its secret.
    pub secret_key: Secret,
    /// The agents' keys ([`crate::bucket::embedded_credentials`]); it may come into being later.
    pub credentials: Option<PathBuf>,
}

/// Serves until SIGTERM or SIGINT. Must run inside a runtime.
pub async fn serve(options: S3Options) -> Result<()> {
    let stop = Stop::on_signal()?;
    let store = Store::open(&options.data_dir)?;
    let keyring = Arc::new(Keyring::new(options.access_key, options.secret_key, options.credentials));
    let listeners = http::listen(&options.listen).await?;

    let mut builder = S3ServiceBuilder::new(Server::new(store, keyring.clone()));
    builder.set_auth(Doorkeeper(keyring.clone()));
    builder.set_access(Doorkeeper(keyring));
    let mut config = S3Config::default();
    config.post_object_max_file_size = LARGEST_FORM;
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));

    for address in &options.listen {
        log::line(&format!("s3: listening on {address}, data in {}", options.data_dir.display()));
    }
    http_serve(listeners, Front(builder.build()), stop, http::LIMITS).await;
    Ok(())
}
