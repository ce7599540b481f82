//! The embedded S3 server through an ordinary SDK: objects and listings.

use std::collections::HashMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, EncodingType, MetadataDirective, ObjectIdentifier};

use crate::support::S3Server;

async fn server_with_bucket() -> (S3Server, Client) {
    let server = S3Server::start();
    let client = server.client();
    client.create_bucket().bucket("agent-1").send().await.unwrap();
    (server, client)
}

async fn put(client: &Client, key: &str, body: &[u8]) {
    let body = ByteStream::from(body.to_vec());
    client.put_object().bucket("agent-1").key(key).body(body).send().await.unwrap();
}

async fn body(answer: GetObjectOutput) -> Vec<u8> {
    answer.body.collect().await.unwrap().to_vec()
}

#[tokio::test]
async fn what_is_put_comes_back_with_all_that_was_said_of_it() {
    let (_server, client) = server_with_bucket().await;
    let metadata = HashMap::from([("author".to_owned(), "ann".to_owned())]);
    let sent = client.put_object().bucket("agent-1").key("a.json").body(ByteStream::from_static(b"{}"));
    let sent = sent.content_type("application/json").cache_control("no-cache").content_encoding("identity");
    let put = sent.set_metadata(Some(metadata.clone())).send().await.unwrap();
    assert_eq!(put.e_tag(), Some("\"99914b932bd37a50b983c5e7c90ae93b\""));
    assert!(put.checksum_crc32().is_some(), "the SDK sends a checksum in the trailer");

    let got = client.get_object().bucket("agent-1").key("a.json").send().await.unwrap();
    assert_eq!(got.content_type(), Some("application/json"));
    assert_eq!(got.cache_control(), Some("no-cache"));
    assert_eq!(got.content_encoding(), Some("identity"));
    assert_eq!(got.metadata(), Some(&metadata));
    assert_eq!(got.e_tag(), put.e_tag());
    assert_eq!(body(got).await, b"{}");

    let head = client.head_object().bucket("agent-1").key("a.json").send().await.unwrap();
    assert_eq!(head.content_length(), Some(2));
    assert!(head.last_modified().is_some());
}

#[tokio::test]
async fn ranges_and_conditions_are_honoured() {
    let (_server, client) = server_with_bucket().await;
    let content: Vec<u8> = (0..1_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    put(&client, "k", &content).await;
    let get = || client.get_object().bucket("agent-1").key("k");

    assert_eq!(body(get().send().await.unwrap()).await, content);
    for (range, expected) in
        [("bytes=10-19", 10..20), ("bytes=999990-", 999_990..1_000_000), ("bytes=-5", 999_995..1_000_000)]
    {
        let answer = get().range(range).send().await.unwrap();
        let named = format!("bytes {}-{}/1000000", expected.start, expected.end - 1);
        assert_eq!(answer.content_range(), Some(named.as_str()));
        assert_eq!(body(answer).await, content[expected]);
    }
    let code = |error: aws_sdk_s3::error::SdkError<_, aws_sdk_s3::config::http::HttpResponse>| {
        error.raw_response().unwrap().status().as_u16()
    };
    assert_eq!(code(get().range("bytes=1000000-").send().await.unwrap_err()), 416);

    let tag = client.head_object().bucket("agent-1").key("k").send().await.unwrap().e_tag.unwrap();
    assert_eq!(code(get().if_none_match(&tag).send().await.unwrap_err()), 304);
    assert_eq!(code(get().if_match("\"other\"").send().await.unwrap_err()), 412);
    get().if_match(&tag).send().await.unwrap();

    let again = client.put_object().bucket("agent-1").key("k").if_none_match("*").send().await;
    assert_eq!(again.unwrap_err().code(), Some("PreconditionFailed"));
    client.put_object().bucket("agent-1").key("new").if_none_match("*").send().await.unwrap();
    let swap = client.put_object().bucket("agent-1").key("k").if_match("\"other\"").send().await;
    assert_eq!(swap.unwrap_err().code(), Some("PreconditionFailed"));
    client.put_object().bucket("agent-1").key("k").if_match(&tag).send().await.unwrap();
}

#[tokio::test]
async fn every_key_is_a_key() {
    let (server, client) = server_with_bucket().await;
    let long = "long/".repeat(204);
    let keys = [
        "a",
        "a/b",
        "a//b",
        "a/",
        "../x",
        "/lead",
        "ü/ñ ☃",
        "sp ace+plus%20",
        "q?x=1&y#z",
        "A",
        ".",
        "..",
        "./b",
        &long,
    ];
    for key in keys {
        put(&client, key, key.as_bytes()).await;
    }
    for key in keys {
        let got = client.get_object().bucket("agent-1").key(key).send().await.unwrap();
        assert_eq!(body(got).await, key.as_bytes(), "{key}");
    }
    let mut expected = keys.map(ToOwned::to_owned);
    expected.sort_unstable();
    let listed = client.list_objects_v2().bucket("agent-1").send().await.unwrap();
    let listed: Vec<_> = listed.contents().iter().map(|object| object.key().unwrap()).collect();
    assert_eq!(listed, expected);
    for key in keys {
        client.delete_object().bucket("agent-1").key(key).send().await.unwrap();
    }
    client.delete_bucket().bucket("agent-1").send().await.unwrap();
    // nothing was written outside of the data directory
    let mut outside: Vec<_> =
        std::fs::read_dir(server.directory()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    outside.sort_unstable();
    assert_eq!(outside, ["data", "log"]);
}

#[tokio::test]
async fn listings_are_paged_and_folded() {
    let (_server, client) = server_with_bucket().await;
    for key in ["a/1", "a/2", "b/1", "c", "d e", "f"] {
        put(&client, key, b"x").await;
    }
    let list = || client.list_objects_v2().bucket("agent-1");
    let folded = list().delimiter("/").send().await.unwrap();
    let prefixes: Vec<_> = folded.common_prefixes().iter().map(|prefix| prefix.prefix().unwrap()).collect();
    assert_eq!(prefixes, ["a/", "b/"]);
    assert_eq!((folded.contents().len(), folded.key_count(), folded.is_truncated()), (3, Some(5), Some(false)));

    let (mut names, mut token) = (Vec::new(), None);
    loop {
        let page = list().delimiter("/").max_keys(2).set_continuation_token(token).send().await.unwrap();
        names.extend(page.common_prefixes().iter().map(|prefix| prefix.prefix().unwrap().to_owned()));
        names.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        token = page.next_continuation_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names, ["a/", "b/", "c", "d e", "f"]);

    let after = list().start_after("c").send().await.unwrap();
    assert_eq!(after.contents().len(), 2);
    let encoded = list().prefix("d").encoding_type(EncodingType::Url).send().await.unwrap();
    assert_eq!(encoded.contents()[0].key(), Some("d%20e"));
    let first = client.list_objects().bucket("agent-1").max_keys(2).send().await.unwrap();
    assert_eq!((first.contents().len(), first.next_marker()), (2, Some("a/2")));
    let next = client.list_objects().bucket("agent-1").marker("a/2").send().await.unwrap();
    assert_eq!(next.contents()[0].key(), Some("b/1"));
    let versions = client.list_object_versions().bucket("agent-1").prefix("a/").send().await.unwrap();
    let versions: Vec<_> = versions.versions().iter().map(|it| (it.key().unwrap(), it.version_id().unwrap())).collect();
    assert_eq!(versions, [("a/1", "null"), ("a/2", "null")]);
}

#[tokio::test]
async fn copies_keep_or_replace_what_is_said_of_the_object() {
    let (_server, client) = server_with_bucket().await;
    let sent = client.put_object().bucket("agent-1").key("from/ü").body(ByteStream::from_static(b"content"));
    sent.content_type("text/plain").metadata("k", "v").send().await.unwrap();
    let copy = || client.copy_object().bucket("agent-1").copy_source("agent-1/from/%C3%BC");

    copy().key("kept").send().await.unwrap();
    let kept = client.get_object().bucket("agent-1").key("kept").send().await.unwrap();
    assert_eq!((kept.content_type(), kept.metadata().unwrap()["k"].as_str()), (Some("text/plain"), "v"));
    assert_eq!(body(kept).await, b"content");

    copy()
        .key("replaced")
        .metadata_directive(MetadataDirective::Replace)
        .content_type("text/html")
        .send()
        .await
        .unwrap();
    let replaced = client.head_object().bucket("agent-1").key("replaced").send().await.unwrap();
    assert_eq!((replaced.content_type(), replaced.metadata().map(HashMap::len)), (Some("text/html"), Some(0)));

    let onto_itself = copy().key("from/ü").send().await.unwrap_err();
    assert_eq!(onto_itself.code(), Some("InvalidRequest"));
    copy().key("from/ü").metadata_directive(MetadataDirective::Replace).send().await.unwrap();
    let missing = client.copy_object().bucket("agent-1").key("x").copy_source("agent-1/none").send().await;
    assert_eq!(missing.unwrap_err().code(), Some("NoSuchKey"));
}

#[tokio::test]
async fn errors_carry_their_codes() {
    let (_server, client) = server_with_bucket().await;
    let missing = client.get_object().bucket("agent-1").key("none").send().await.unwrap_err();
    assert!(missing.into_service_error().is_no_such_key());
    let missing = client.head_object().bucket("agent-1").key("none").send().await.unwrap_err();
    assert!(missing.into_service_error().is_not_found());
    let missing = client.head_bucket().bucket("agent-2").send().await.unwrap_err();
    assert!(missing.into_service_error().is_not_found());
    let missing = client.list_objects_v2().bucket("agent-2").send().await.unwrap_err();
    assert!(missing.into_service_error().is_no_such_bucket());
    let twice = client.create_bucket().bucket("agent-1").send().await.unwrap_err();
    assert!(twice.into_service_error().is_bucket_already_owned_by_you());
    let absent = client.delete_bucket().bucket("agent-2").send().await.unwrap_err();
    assert_eq!(absent.code(), Some("NoSuchBucket"));
    put(&client, "k", b"v").await;
    let full = client.delete_bucket().bucket("agent-1").send().await.unwrap_err();
    assert_eq!(full.code(), Some("BucketNotEmpty"));
    let wrong = client.put_object().bucket("agent-1").key("k").body(ByteStream::from_static(b"v"));
    let wrong = wrong.checksum_sha256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").send().await.unwrap_err();
    assert_eq!(wrong.code(), Some("BadDigest"));
    // the object that was there is still the one that is there
    let got = client.get_object().bucket("agent-1").key("k").send().await.unwrap();
    assert_eq!(body(got).await, b"v");
    let versioned = client.get_bucket_versioning().bucket("agent-1").send().await.unwrap();
    assert_eq!(versioned.status(), None);

    let objects = ["k", "none"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.to_vec())).build().unwrap();
    let deleted = client.delete_objects().bucket("agent-1").delete(delete).send().await.unwrap();
    assert_eq!((deleted.deleted().len(), deleted.errors().len()), (2, 0));
    client.delete_bucket().bucket("agent-1").send().await.unwrap();
}
