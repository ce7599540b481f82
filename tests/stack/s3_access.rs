//! The embedded S3 server's doors: who gets in, and where to.

use std::time::Duration;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use harness::bucket::embedded_credentials::{grant, revoke};
use harness::system::Secret;

use crate::support::{S3Server, get, send};

/// Two agents of similar names, each with a bucket and keys.
async fn two_agents() -> S3Server {
    let server = S3Server::start();
    let root = server.client();
    for agent in ["agent-1", "agent-11"] {
        root.create_bucket().bucket(agent).send().await.unwrap();
        let body = ByteStream::from(agent.as_bytes().to_vec());
        root.put_object().bucket(agent).key("own").body(body).send().await.unwrap();
        grant(&server.credentials(), agent, &Secret::new(format!("secret of {agent}")), agent).unwrap();
    }
    server
}

fn path(url: &str, port: u16) -> String {
    url.strip_prefix(&format!("http://127.0.0.1:{port}")).unwrap().to_owned()
}

#[tokio::test]
async fn an_agent_reaches_its_own_bucket_and_no_other() {
    let server = two_agents().await;
    let client = server.client_with("agent-1", "secret of agent-1");
    client.put_object().bucket("agent-1").key("x").body(ByteStream::from_static(b"x")).send().await.unwrap();
    client.get_object().bucket("agent-1").key("own").send().await.unwrap();
    let seen = client.list_buckets().send().await.unwrap();
    assert_eq!(seen.buckets().iter().map(|bucket| bucket.name().unwrap()).collect::<Vec<_>>(), ["agent-1"]);

    let other = "agent-11";
    let denied = [
        client.get_object().bucket(other).key("own").send().await.unwrap_err().code().map(ToOwned::to_owned),
        client.put_object().bucket(other).key("own").send().await.unwrap_err().code().map(ToOwned::to_owned),
        client.delete_object().bucket(other).key("own").send().await.unwrap_err().code().map(ToOwned::to_owned),
        client.list_objects_v2().bucket(other).send().await.unwrap_err().code().map(ToOwned::to_owned),
        client.delete_bucket().bucket(other).send().await.unwrap_err().code().map(ToOwned::to_owned),
        client.create_bucket().bucket("agent-12").send().await.unwrap_err().code().map(ToOwned::to_owned),
        client.create_multipart_upload().bucket(other).key("k").send().await.unwrap_err().code().map(ToOwned::to_owned),
        // reading the neighbour's by copying it into the own bucket
        client
            .copy_object()
            .bucket("agent-1")
            .key("c")
            .copy_source("agent-11/own")
            .send()
            .await
            .unwrap_err()
            .code()
            .map(ToOwned::to_owned),
    ];
    for (number, code) in denied.iter().enumerate() {
        assert_eq!(code.as_deref(), Some("AccessDenied"), "request {number}");
    }
    let upload = client.create_multipart_upload().bucket("agent-1").key("k").send().await.unwrap().upload_id.unwrap();
    let copy = client.upload_part_copy().bucket("agent-1").key("k").upload_id(upload).part_number(1);
    let copied = copy.copy_source("agent-11/own").send().await.unwrap_err();
    assert_eq!(copied.code(), Some("AccessDenied"));
}

#[tokio::test]
async fn who_does_not_sign_or_signs_wrongly_is_refused() {
    let server = two_agents().await;
    let port = server.port();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/agent-1"),
        ("GET", "/agent-1/own"),
        ("HEAD", "/agent-1/own"),
        ("PUT", "/agent-1/new"),
        ("DELETE", "/agent-1/own"),
        ("POST", "/agent-1?delete"),
        ("PUT", "/agent-9"),
        ("GET", "/agent-1/minio/health/live"),
    ] {
        let answer = send(method, port, path, &[], b"");
        assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
    }
    assert_eq!(server.keys("agent-1", "secret of agent-11", "agent-1").await, Err("SignatureDoesNotMatch".into()));
    assert_eq!(server.keys("nobody", "secret of agent-1", "agent-1").await, Err("InvalidAccessKeyId".into()));
    assert_eq!(server.keys("agent-1", "secret of agent-1", "agent-11").await, Err("AccessDenied".into()));
    let wrong = server.client_with("agent-1", "wrong").get_object().bucket("agent-1").key("own").send().await;
    assert_eq!(wrong.unwrap_err().raw_response().unwrap().status().as_u16(), 403);
    assert_eq!(get(port, "/minio/health/live").status, 200);
    assert_eq!(get(port, "/minio/health/ready").status, 200);
    // nothing came of all that
    assert_eq!(server.keys(S3Server::ACCESS_KEY, S3Server::SECRET, "agent-1").await, Ok(vec!["own".into()]));
}

#[tokio::test]
async fn keys_take_and_lose_effect_without_a_restart() {
    let server = two_agents().await;
    assert!(server.keys("agent-1", "secret of agent-1", "agent-1").await.is_ok());
    grant(&server.credentials(), "agent-1", &Secret::new("another secret"), "agent-1").unwrap();
    assert_eq!(server.keys("agent-1", "secret of agent-1", "agent-1").await, Err("SignatureDoesNotMatch".into()));
    assert!(server.keys("agent-1", "another secret", "agent-1").await.is_ok());
    revoke(&server.credentials(), "agent-1").unwrap();
    assert_eq!(server.keys("agent-1", "another secret", "agent-1").await, Err("InvalidAccessKeyId".into()));
    assert!(server.keys("agent-11", "secret of agent-11", "agent-11").await.is_ok());
}

#[tokio::test]
async fn signed_links_work_until_they_are_changed() {
    let server = two_agents().await;
    let (client, port) = (server.client_with("agent-1", "secret of agent-1"), server.port());
    let hour = || PresigningConfig::expires_in(Duration::from_hours(1)).unwrap();
    let key = "up load/ü.txt";
    let put = client.put_object().bucket("agent-1").key(key).presigned(hour()).await.unwrap();
    let link = path(put.uri(), port);
    let uploaded = send("PUT", port, &link, &[("Origin", "http://localhost:3010")], b"from a browser");
    assert_eq!(uploaded.status, 200, "{uploaded:?}");
    assert!(uploaded.head.to_lowercase().contains("access-control-allow-origin: http://localhost:3010"));

    let view = client.get_object().bucket("agent-1").key(key).response_content_type("image/png");
    let link = path(view.presigned(hour()).await.unwrap().uri(), port);
    let shown = send("GET", port, &link, &[], b"");
    assert_eq!((shown.status, shown.body.as_str()), (200, "from a browser"));
    assert!(shown.head.to_lowercase().contains("content-type: image/png"), "{}", shown.head);
    assert_eq!(send("GET", port, &link.replace("image%2Fpng", "text%2Fhtml"), &[], b"").status, 403);
    assert_eq!(send("GET", port, &link.replace("agent-1/", "agent-11/"), &[], b"").status, 403);
    assert_eq!(send("DELETE", port, &link, &[], b"").status, 403);
    // an agent can sign for a neighbour's bucket, but not get in
    let foreign = client.get_object().bucket("agent-11").key("own").presigned(hour()).await.unwrap();
    assert_eq!(send("GET", port, &path(foreign.uri(), port), &[], b"").status, 403);

    let asked = [("Origin", "http://localhost:3010"), ("Access-Control-Request-Headers", "content-type")];
    let preflight = send("OPTIONS", port, "/agent-1/x", &asked, b"");
    assert_eq!(preflight.status, 200);
    assert!(preflight.head.to_lowercase().contains("access-control-allow-headers: content-type"));
}
