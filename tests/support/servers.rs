//! What an agent has on the shared servers, seen through its own credentials and ordinary clients.

use std::collections::BTreeMap;
use std::process::Command;

use super::http;
use super::project::TestProject;

impl TestProject<'_> {
    /// The agent's environment, credentials included.
    #[track_caller]
    pub(crate) fn variables(&self, agent: u8) -> BTreeMap<String, String> {
        let document = self.harness(["env", &agent.to_string(), "--json"]).run().succeeds().json();
        serde_json::from_value(document["variables"].clone()).expect("`variables` is an object of strings")
    }

    /// Asks the agent's database, as the agent: rows of text, or what psql complains about.
    #[track_caller]
    pub(crate) fn query(&self, agent: u8, sql: &str) -> Result<Vec<String>, String> {
        psql(&self.variables(agent)["DATABASE_URL"], sql)
    }
}

/// Asks a database through psql: rows with `|` between columns, or what it complains about.
pub(crate) fn psql(url: &str, sql: &str) -> Result<Vec<String>, String> {
    let output = Command::new("psql")
        .args(["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-c", sql, url])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PGCONNECT_TIMEOUT", "10")
        .output()
        .expect("run psql");
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The keys in a bucket, listed with these credentials; `Err` is the server's error code.
pub(crate) fn keys(endpoint: &str, access_key: &str, secret_key: &str, bucket: &str) -> Result<Vec<String>, String> {
    use aws_sdk_s3::error::ProvideErrorMetadata;

    let client = s3_client(endpoint, access_key, secret_key);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let answer = runtime.block_on(client.list_objects_v2().bucket(bucket).send());
    match answer {
        Ok(list) => Ok(list.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect()),
        Err(error) => Err(error.code().unwrap_or("no code").to_owned()),
    }
}

/// A client of an S3 server.
pub(crate) fn s3_client(endpoint: &str, access_key: &str, secret_key: &str) -> aws_sdk_s3::Client {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};

    let configuration = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_s3::Client::from_conf(configuration)
}

/// The recipients of the mail with a tag, by mailpit's API.
#[track_caller]
pub(crate) fn mail_to(web_port: u16, tag: &str) -> Vec<String> {
    let answer = http::get(web_port, &format!("/api/v1/search?query=tag:{tag}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    let document = answer.json();
    let messages = document["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|message| message["To"][0]["Address"].as_str().unwrap_or("?").to_owned()).collect()
}
