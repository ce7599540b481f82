//! The embedded S3 server as a process: what it keeps, what it takes, how it ends.

use std::process::Command;
use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use harness::bucket::Buckets;

use crate::support::{S3Server, SHORT, wait_until};

fn memory_kib(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(&format!("{field}:"))).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn everything_is_there_after_a_restart_and_after_a_kill() {
    let mut server = S3Server::start();
    server.client().create_bucket().bucket("agent-1").send().await.unwrap();
    for (round, end) in ["stopped", "killed"].into_iter().enumerate() {
        let client = server.client();
        let sent = client.put_object().bucket("agent-1").key(end).body(ByteStream::from(vec![7; 300_000]));
        sent.send().await.unwrap();
        let upload = client.create_multipart_upload().bucket("agent-1").key("open").send().await.unwrap();
        let part = client.upload_part().bucket("agent-1").key("open").set_upload_id(upload.upload_id).part_number(1);
        part.body(ByteStream::from(vec![8; 100])).send().await.unwrap();
        if round == 0 {
            assert!(server.stop().success());
        } else {
            server.kill();
        }
        server.restart();
        let client = server.client();
        let got = client.get_object().bucket("agent-1").key(end).send().await.unwrap();
        assert!(got.body.collect().await.unwrap().to_vec() == vec![7; 300_000]);
        let open = client.list_multipart_uploads().bucket("agent-1").send().await.unwrap();
        assert_eq!(open.uploads().len(), round + 1);
    }
    let listed = server.keys(S3Server::ACCESS_KEY, S3Server::SECRET, "agent-1").await.unwrap();
    assert_eq!(listed, ["killed", "stopped"]);
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_the_old_object() {
    let server = S3Server::start();
    let client = server.client();
    client.create_bucket().bucket("agent-1").send().await.unwrap();
    client.put_object().bucket("agent-1").key("k").body(ByteStream::from_static(b"old")).send().await.unwrap();
    let config = aws_sdk_s3::presigning::PresigningConfig::expires_in(Duration::from_mins(1)).unwrap();
    let link = client.put_object().bucket("agent-1").key("k").presigned(config).await.unwrap();
    let path = link.uri().split_once(&format!(":{}", server.port())).unwrap().1.to_owned();
    {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        let head =
            format!("PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: 1000\r\n\r\nnew", server.port());
        stream.write_all(head.as_bytes()).unwrap();
    }
    let got = client.get_object().bucket("agent-1").key("k").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"old");
    // and nothing half-written stays
    wait_until("the temporary file to go", SHORT, || {
        std::fs::read_dir(server.data().join("buckets/agent-1/incoming")).unwrap().count() == 0
    });
}

#[tokio::test]
async fn memory_does_not_grow_with_what_is_stored() {
    let server = S3Server::start();
    let client = server.client();
    client.create_bucket().bucket("agent-1").send().await.unwrap();
    let file = server.directory().join("large");
    std::fs::File::create(&file).unwrap().set_len(64 << 20).unwrap();
    let before = memory_kib(server.pid(), "VmRSS");
    let body = ByteStream::from_path(&file).await.unwrap();
    client.put_object().bucket("agent-1").key("large").body(body).send().await.unwrap();
    let mut got = client.get_object().bucket("agent-1").key("large").send().await.unwrap();
    let mut length = 0;
    while let Some(chunk) = got.body.next().await {
        length += chunk.unwrap().len();
    }
    assert_eq!(length, 64 << 20);
    client.copy_object().bucket("agent-1").key("copy").copy_source("agent-1/large").send().await.unwrap();
    let peak = memory_kib(server.pid(), "VmHWM");
    assert!(peak < before + (16 << 10), "{before} KiB grew to {peak} KiB");
}

#[tokio::test]
async fn it_ends_at_once_and_lets_a_second_server_say_so() {
    let mut server = S3Server::start();
    let buckets = Buckets::new(&server.endpoint());
    // it gives up early on purpose, which a busy machine may make it do
    let began = Instant::now();
    while !buckets.is_ready().await {
        assert!(began.elapsed() < SHORT, "the server answers no signed request");
    }
    let second = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(["__s3", "--listen", "127.0.0.1:0", "--data"])
        .arg(server.data())
        .env_clear()
        .envs([("HARNESS_S3_ACCESS_KEY", "k"), ("HARNESS_S3_SECRET_KEY", "s")])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&second.stderr).contains("is in use by another server"), "{second:?}");

    // a client that keeps its connection open does not hold it up
    let began = Instant::now();
    assert!(server.stop().success());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(!buckets.is_ready().await);
}

#[test]
fn secrets_come_by_environment_only() {
    let server = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(["__s3", "--listen", "127.0.0.1:0", "--data", "/nonexistent", "--secret-key", "x"])
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(server.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&server.stderr).contains("`--secret-key`"), "{server:?}");
    let server = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(["__s3", "--listen", "127.0.0.1:0", "--data", "/nonexistent"])
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(server.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&server.stderr).contains("`HARNESS_S3_ACCESS_KEY` is not set"), "{server:?}");
}
