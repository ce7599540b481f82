//! Uploads in an S3 bucket, through requests that are signed here and sent by the plain client.

use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::http::Method;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

use crate::http::Client;
use crate::settings;

const VALID: Duration = Duration::from_mins(1);

pub struct Objects {
    bucket: Bucket,
    credentials: Credentials,
    client: Client,
}

impl Objects {
    pub fn from_environment() -> Result<Self> {
        let endpoint = settings::parsed("S3_ENDPOINT")?;
        let region = settings::optional("S3_REGION").unwrap_or_else(|| "us-east-1".to_owned());
        let bucket = Bucket::new(endpoint, UrlStyle::Path, settings::required("S3_BUCKET")?, region)
            .context("environment variable S3_ENDPOINT")?;
        let credentials = Credentials::new(settings::required("S3_ACCESS_KEY")?, settings::required("S3_SECRET_KEY")?);
        Ok(Self { bucket, credentials, client: Client::new() })
    }

    pub fn bucket(&self) -> &str {
        self.bucket.name()
    }

    pub async fn put(&self, key: &str, content_type: &str, bytes: Bytes) -> Result<()> {
        let url = self.bucket.put_object(Some(&self.credentials), key).sign(VALID);
        self.client.send(Method::PUT, url.as_str(), content_type, bytes).await.context("store the upload")?;
        Ok(())
    }

    pub async fn get(&self, key: &str) -> Result<Bytes> {
        let url = self.bucket.get_object(Some(&self.credentials), key).sign(VALID);
        self.client
            .send(Method::GET, url.as_str(), "application/octet-stream", Bytes::new())
            .await
            .context("fetch the upload")
    }
}
