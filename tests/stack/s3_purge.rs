//! What harness does to buckets: nothing to a stranger's, everything to its own.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use aws_sdk_s3::primitives::ByteStream;
use harness::bucket::{Buckets, Error, OwnedBuckets};
use harness::report::Diagnostic;
use harness::system::Home;

use crate::support::S3Server;

async fn fill(server: &S3Server, bucket: &str, keys: usize) {
    let client = server.client();
    let puts = (0..keys).map(|number| {
        let key = format!("folder {}/object-{number}", number % 7);
        client.put_object().bucket(bucket).key(key).body(ByteStream::from_static(b"x")).send()
    });
    let mut puts: Vec<_> = puts.collect();
    while !puts.is_empty() {
        let batch = puts.split_off(puts.len().saturating_sub(32));
        for put in futures_util::future::join_all(batch).await {
            put.unwrap();
        }
    }
}

#[tokio::test]
async fn d9_a_bucket_with_thousands_of_objects_and_open_uploads_is_emptied_and_deleted() {
    let server = S3Server::start();
    let home = Home::open(&server.directory().join("home")).unwrap();
    let owned = OwnedBuckets::new(&home, &server.endpoint());
    assert!(owned.ensure("agent-3", 3, "board").await.unwrap());
    assert!(!owned.ensure("agent-3", 3, "board").await.unwrap());
    let client = server.client();
    let decoys = ["agent-3-old", "agent-33", "agent-30", "my-agent-3"];
    for decoy in decoys {
        client.create_bucket().bucket(decoy).send().await.unwrap();
        client.put_object().bucket(decoy).key("kept").send().await.unwrap();
    }
    fill(&server, "agent-3", 2_500).await;
    // keys that a listing or a deletion in XML could lose
    for key in ["sp ace", "pl+us", "per%20cent", "ü", "<&>\"'", "tab\there", "line\nbreak"] {
        client.put_object().bucket("agent-3").key(key).send().await.unwrap();
    }
    for number in 0..3 {
        let upload = client.create_multipart_upload().bucket("agent-3").key("up load").send().await.unwrap();
        let part = client.upload_part().bucket("agent-3").key("up load").set_upload_id(upload.upload_id);
        part.part_number(number + 1).body(ByteStream::from_static(b"part")).send().await.unwrap();
    }

    let purged = owned.delete("agent-3").await.unwrap();
    assert_eq!((purged.objects, purged.uploads, purged.existed), (2_507, 3, true));
    let mut left = decoys.map(ToOwned::to_owned);
    left.sort_unstable();
    assert_eq!(owned.client().list().await.unwrap(), left);
    for decoy in decoys {
        client.head_object().bucket(decoy).key("kept").send().await.unwrap();
    }
    assert!(owned.list().unwrap().is_empty());
    assert!(!std::fs::exists(server.data().join("buckets/agent-3")).unwrap());
    // again is no error
    assert!(!owned.delete("agent-3").await.unwrap().existed);
}

#[tokio::test]
async fn d9_a_bucket_that_is_still_written_to_goes_all_the_same() {
    let server = S3Server::start();
    let buckets = Buckets::new(&server.endpoint());
    buckets.ensure("agent-3").await.unwrap();
    let client = server.client();
    let writer = async {
        for number in 0..300 {
            if client.put_object().bucket("agent-3").key(number.to_string()).send().await.is_err() {
                return number;
            }
        }
        300
    };
    let (written, purged) = futures_util::future::join(writer, buckets.purge_and_delete("agent-3")).await;
    purged.unwrap();
    assert!(buckets.list().await.unwrap().is_empty(), "after {written} writes");
}

#[tokio::test]
async fn l11_a_strangers_bucket_of_our_name_is_reported_and_left_alone() {
    let server = S3Server::start();
    let client = server.client();
    let home = Home::open(&server.directory().join("home")).unwrap();
    let owned = OwnedBuckets::new(&home, &server.endpoint());
    client.create_bucket().bucket("agent-3").send().await.unwrap();
    client.put_object().bucket("agent-3").key("theirs").send().await.unwrap();
    for error in [owned.ensure("agent-3", 3, "board").await.unwrap_err(), owned.delete("agent-3").await.unwrap_err()] {
        assert!(matches!(&error, Error::Foreign { bucket } if bucket == "agent-3"), "{error}");
        assert_eq!((error.code(), error.kind().exit_code()), ("bucket.foreign", 5));
    }
    client.head_object().bucket("agent-3").key("theirs").send().await.unwrap();

    // a second home on the same server: what is the first's is foreign to it
    owned.ensure("agent-4", 4, "board").await.unwrap();
    let second = Home::open(&server.directory().join("second")).unwrap();
    let strangers = OwnedBuckets::new(&second, &server.endpoint());
    assert!(matches!(strangers.ensure("agent-4", 4, "board").await, Err(Error::Foreign { .. })));
    assert!(matches!(strangers.delete("agent-4").await, Err(Error::Foreign { .. })));
    assert!(strangers.list().unwrap().is_empty());
    // and another project of the first home is told whose it is
    let taken = owned.ensure("agent-4", 4, "shop").await.unwrap_err();
    assert_eq!(taken.to_string(), "bucket `agent-4` belongs to agent 4 of project `board`");
    assert!(owned.delete("agent-4").await.unwrap().existed);
}

#[tokio::test]
async fn a_server_that_is_away_is_said_to_be() {
    let mut server = S3Server::start();
    let buckets = Buckets::new(&server.endpoint());
    server.stop();
    let error = buckets.ensure("agent-3").await.unwrap_err();
    assert_eq!(error.code(), "bucket.unreachable");
    assert_eq!(error.to_string(), format!("cannot reach the S3 server at `{}`", server.endpoint().url));
    let text = format!("{error:?}");
    assert!(!text.contains(S3Server::SECRET) && !text.contains(S3Server::ACCESS_KEY), "{text}");
    server.restart();
    let wrong = harness::bucket::S3Endpoint { secret_key: harness::system::Secret::new("wrong"), ..server.endpoint() };
    let error = Buckets::new(&wrong).ensure("agent-3").await.unwrap_err();
    assert_eq!((error.code(), error.kind().exit_code()), ("bucket.refused", 4));
}

/// A port that leads to `server`. The answer to the first PUT never arrives, as from a server that ends right after it.
fn losing_one_answer(server: u16) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (lost, losing) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(behind) = TcpStream::connect(("127.0.0.1", server)) else { continue };
            let (lost, losing, back) = (Arc::clone(&lost), Arc::clone(&losing), Arc::clone(&losing));
            let (from, to) = (client.try_clone().unwrap(), behind.try_clone().unwrap());
            thread::spawn(move || {
                pump(from, to, |bytes| {
                    let begins = bytes.starts_with(b"PUT ") && !lost.swap(true, Ordering::SeqCst);
                    losing.fetch_or(begins, Ordering::SeqCst);
                    true
                });
            });
            thread::spawn(move || pump(behind, client, |_| !back.swap(false, Ordering::SeqCst)));
        }
    });
    port
}

/// Passes bytes on until one side ends, or `passes` says no.
fn pump(mut from: TcpStream, mut to: TcpStream, passes: impl Fn(&[u8]) -> bool) {
    let mut buffer = [0; 4_096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !passes(&buffer[..length]) || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

#[tokio::test]
async fn d28_a_bucket_whose_maker_heard_no_answer_is_ours() {
    let server = S3Server::start();
    let home = Home::open(&server.directory().join("home")).unwrap();
    let mut endpoint = server.endpoint();
    endpoint.url = format!("http://127.0.0.1:{}", losing_one_answer(server.port()));
    let owned = OwnedBuckets::new(&home, &endpoint);
    assert!(owned.ensure("agent-3", 3, "board").await.unwrap());
    assert_eq!(owned.list().unwrap().len(), 1);
    assert!(!owned.ensure("agent-3", 3, "board").await.unwrap());
    assert!(owned.delete("agent-3").await.unwrap().existed);
    // a stranger's stays one
    server.client().create_bucket().bucket("agent-4").send().await.unwrap();
    assert!(matches!(owned.ensure("agent-4", 4, "board").await, Err(Error::Foreign { .. })));
}
