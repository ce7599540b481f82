//! The S3 client of a server's administrator.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::{Error, Result, S3Endpoint};

/// Buckets of one server.
#[derive(Debug, Clone)]
pub struct Buckets {
    pub(super) client: Client,
    pub(super) url: String,
}

impl Buckets {
    /// A client for the server. Nothing is sent yet.
    pub fn new(endpoint: &S3Endpoint) -> Self {
        let connector = aws_smithy_http_client::Builder::new();
        // a server on this machine speaks plain HTTP, and loading the system's certificates takes longer
        // than everything that is asked of it
        let connector = if endpoint.url.starts_with("https:") {
            connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
        } else {
            connector.build_http()
        };
        let (access_key, secret) = (endpoint.access_key.clone(), endpoint.secret_key.expose());
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_mins(1))
            .operation_timeout(Duration::from_mins(2));
        // eight attempts take some seconds: a server that died or was frozen is started again meanwhile
        let retries = RetryConfig::standard().with_max_attempts(8).with_initial_backoff(Duration::from_millis(50));
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(connector)
            .endpoint_url(&endpoint.url)
            .region(Region::new(endpoint.region.clone()))
            .credentials_provider(Credentials::new(access_key, secret, None, None, "harness"))
            .force_path_style(true)
            // servers that are not Amazon's know the newer checksums only in part
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(retries.with_max_backoff(Duration::from_secs(2)))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(timeouts.build())
            .build();
        Self { client: Client::from_conf(config), url: endpoint.url.clone() }
    }

    /// Whether the server answers signed requests.
    pub async fn is_ready(&self) -> bool {
        let once = aws_sdk_s3::config::Builder::new()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(2)).build());
        self.client.list_buckets().customize().config_override(once).send().await.is_ok()
    }

    /// Makes the bucket unless it exists; says whether it made it.
    ///
    /// A server that ends before it answers may have made it. The next attempt then hears that the administrator has the
    /// bucket already, which it would not hear of another program's a moment ago: it counts as made.
    pub async fn ensure(&self, bucket: &str) -> Result<bool> {
        let exists = |error: &Error| matches!(error.s3_code(), Some("BucketAlreadyOwnedByYou" | "BucketAlreadyExists"));
        let failed = || Error::of(&self.url, format!("create bucket `{bucket}`"));
        let request = self.client.create_bucket().bucket(bucket);
        let once = aws_sdk_s3::config::Builder::new().retry_config(RetryConfig::disabled());
        match request.clone().customize().config_override(once).send().await.map_err(failed()) {
            Ok(_) => return Ok(true),
            Err(error) if exists(&error) => return Ok(false),
            Err(_) => {}
        }
        match request.send().await.map_err(failed()) {
            Err(error) if !exists(&error) => Err(error),
            Err(error) => Ok(error.s3_code() == Some("BucketAlreadyOwnedByYou")),
            Ok(_) => Ok(true),
        }
    }

    /// Whether the bucket exists, ours or not.
    pub async fn exists(&self, bucket: &str) -> Result<bool> {
        match self.client.head_bucket().bucket(bucket).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 404) => Ok(false),
            // it exists, and its owner does not let us in
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 403) => Ok(true),
            Err(error) => Err(Error::of(&self.url, format!("look for bucket `{bucket}`"))(error)),
        }
    }

    /// The names of all buckets, sorted.
    pub async fn list(&self) -> Result<Vec<String>> {
        let answer = self.client.list_buckets().send().await.map_err(Error::of(&self.url, "list buckets"))?;
        let mut names: Vec<String> = answer.buckets().iter().filter_map(|bucket| bucket.name.clone()).collect();
        names.sort_unstable();
        Ok(names)
    }
}
