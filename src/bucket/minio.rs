//! Keys on a MinIO server that open one bucket and nothing else, made through its admin API.
//!
//! An agent gets a service account of the administrator, limited by a policy. Three things are worth knowing:
//!
//! - The admin API lies under `/minio/admin/v3`, which is the path of objects of a bucket named `minio` and is signed
//!   like them: the S3 client itself sends its requests, with no second HTTP client or signer.
//! - A body that holds a secret is encrypted with a key made from the administrator's own secret: salt, algorithm,
//!   nonce, then one chunk of an AEAD stream. Of the algorithms that the server reads, this is PBKDF2 with
//!   AES-256-GCM, because both are in a crate that is linked anyway; the administrator's secret has 190 random bits,
//!   so that the slower Argon2 would add nothing. No maintained crate does this without a second S3 client.
//! - Errors are JSON where S3's are XML, so that they are read here.

use aws_sdk_s3::config::http::{HttpRequest, HttpResponse};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use ring::{aead, pbkdf2};
use serde_json::{Value, json};

use super::error::Cause;
use super::{Buckets, Error, Result, S3Endpoint};
use crate::system::Secret;

/// The bucket as which the admin API's path is addressed.
const BUCKET: &str = "minio";
/// What a chunk may hold; bodies here are far smaller.
const CHUNK: usize = 1 << 14;
/// PBKDF2 with SHA-256 and AES-256-GCM.
const ALGORITHM: u8 = 0x02;
const ROUNDS: std::num::NonZeroU32 = std::num::NonZeroU32::new(8192).expect("it is not zero");

/// The admin API of one server.
struct Admin<'a> {
    buckets: Buckets,
    endpoint: &'a S3Endpoint,
}

/// Whether this is a MinIO server, and the keys are its administrator's.
pub(super) async fn is_administered(endpoint: &S3Endpoint) -> bool {
    Buckets::new(endpoint).client.get_object().bucket(BUCKET).key(path("info")).send().await.is_ok()
}

/// Makes or changes the account `access_key`, so that it opens `bucket` with this secret.
pub(super) async fn grant(endpoint: &S3Endpoint, access_key: &str, secret: &Secret, bucket: &str) -> Result<()> {
    let admin = Admin { buckets: Buckets::new(endpoint), endpoint };
    let policy = policy(bucket);
    // a change comes first: an agent that is running keeps its keys all the while
    let change = json!({ "newPolicy": policy, "newSecretKey": secret.expose() });
    let action = format!("make keys for bucket `{bucket}`");
    if admin.post("update-service-account", access_key, &change, &action).await? {
        return Ok(());
    }
    let account = json!({
        "policy": policy,
        "accessKey": access_key,
        "secretKey": secret.expose(),
        "name": access_key,
        "description": "made by harness",
    });
    admin.put("add-service-account", &account, &action).await
}

/// Ends an account. That there is none is no error.
pub(super) async fn revoke(endpoint: &S3Endpoint, access_key: &str) -> Result<()> {
    Admin { buckets: Buckets::new(endpoint), endpoint }.delete("delete-service-account", access_key).await
}

fn policy(bucket: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["s3:*"],
            "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
        }],
    })
}

impl Admin<'_> {
    fn body(&self, document: &Value) -> ByteStream {
        ByteStream::from(encrypt(&self.endpoint.secret_key, document.to_string().as_bytes()))
    }

    async fn put(&self, call: &str, document: &Value, action: &str) -> Result<()> {
        let request = self.buckets.client.put_object().bucket(BUCKET).key(path(call)).body(self.body(document));
        request.send().await.map(drop).map_err(|error| self.error(error, action))
    }

    /// False when there is no such account.
    async fn post(&self, call: &str, access_key: &str, document: &Value, action: &str) -> Result<bool> {
        let query = format!("accessKey={access_key}");
        let request = self.buckets.client.put_object().bucket(BUCKET).key(path(call)).body(self.body(document));
        let sent = request.customize().mutate_request(move |request| {
            let _ = request.set_method("POST");
            add_query(request, &query);
        });
        match sent.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_not_found(&error) => Ok(false),
            Err(error) => Err(self.error(error, action)),
        }
    }

    async fn delete(&self, call: &str, access_key: &str) -> Result<()> {
        let query = format!("accessKey={access_key}");
        let request = self.buckets.client.delete_object().bucket(BUCKET).key(path(call));
        let sent = request.customize().mutate_request(move |request| add_query(request, &query)).send();
        match sent.await {
            Err(error) if !is_not_found(&error) => Err(self.error(error, &format!("end the keys `{access_key}`"))),
            _ => Ok(()),
        }
    }

    fn error<E>(&self, error: SdkError<E, HttpResponse>, action: &str) -> Error
    where
        E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        let answer = error.raw_response().and_then(|response| {
            let answer: Value = serde_json::from_slice(response.body().bytes()?).ok()?;
            Some((answer["Code"].as_str()?.to_owned(), answer["Message"].as_str().unwrap_or_default().to_owned()))
        });
        match answer {
            Some((code, message)) => Error::Refused {
                url: self.endpoint.url.clone(),
                action: action.to_owned(),
                source: Cause::new(format!("{code}: {message}")),
                code,
            },
            None => Error::of(&self.endpoint.url, action)(error),
        }
    }
}

fn path(call: &str) -> String {
    format!("admin/v3/{call}")
}

/// Access keys are names of buckets, which need no escaping.
fn add_query(request: &mut HttpRequest, query: &str) {
    let uri = request.uri().to_owned();
    let joint = if uri.contains('?') { '&' } else { '?' };
    let _ = request.set_uri(format!("{uri}{joint}{query}"));
}

fn is_not_found<E>(error: &SdkError<E, HttpResponse>) -> bool {
    error.raw_response().is_some_and(|response| response.status().as_u16() == 404)
}

/// Encrypts a body the way MinIO's own clients do: salt, algorithm, nonce, one sealed chunk.
fn encrypt(secret: &Secret, plain: &[u8]) -> Vec<u8> {
    let (salt, nonce): ([u8; 32], [u8; 8]) = (rand::random(), rand::random());
    seal(secret, &salt, nonce, plain)
}

fn seal(secret: &Secret, salt: &[u8; 32], nonce: [u8; 8], plain: &[u8]) -> Vec<u8> {
    assert!(plain.len() <= CHUNK, "a body of the admin API fits into one chunk");
    let mut key = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt, secret.expose().as_bytes(), &mut key);
    let unbound = aead::UnboundKey::new(&aead::AES_256_GCM, &key).expect("the key has the algorithm's length");
    let key = aead::LessSafeKey::new(unbound);
    // the stream's nonce with the number of the chunk behind it; number 0 seals nothing and authenticates the rest
    let numbered = |number: u32| {
        let mut bytes = [0; aead::NONCE_LEN];
        bytes[..8].copy_from_slice(&nonce);
        bytes[8..].copy_from_slice(&number.to_le_bytes());
        aead::Nonce::assume_unique_for_key(bytes)
    };
    let first = key
        .seal_in_place_separate_tag(numbered(0), aead::Aad::empty(), &mut [])
        .expect("nothing is short enough to seal");
    // 0x80: the last chunk
    let associated: Vec<u8> = [&[0x80], first.as_ref()].concat();
    let mut chunk = plain.to_vec();
    key.seal_in_place_append_tag(numbered(1), aead::Aad::from(associated), &mut chunk)
        .expect("a chunk is short enough to seal");
    [&salt[..], &[ALGORITHM], &nonce, &chunk].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with the functions of MinIO's own client library.
    #[test]
    fn a_body_is_sealed_as_minios_own_client_seals_it() {
        let sealed = seal(&Secret::new("root-secret"), &[7; 32], [9; 8], b"{\"policy\":1}");
        let hexadecimal = sealed.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        assert_eq!(
            hexadecimal,
            "07070707070707070707070707070707070707070707070707070707070707070209090909090909094831279adabed935c7605ee8f8f782c3315958ab05907ea6954c3178"
        );
    }
}
