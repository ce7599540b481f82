//! The embedded S3 server through an ordinary SDK: uploads in parts.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use crate::support::S3Server;

const PART: usize = 5 * 1024 * 1024;
const PART_SIZE: i64 = 5 * 1024 * 1024;

async fn begin(client: &Client, key: &str) -> String {
    let begun = client.create_multipart_upload().bucket("agent-1").key(key).content_type("video/mp4").send();
    begun.await.unwrap().upload_id.unwrap()
}

async fn add(client: &Client, key: &str, upload: &str, number: i32, body: Vec<u8>) -> CompletedPart {
    let sent = client.upload_part().bucket("agent-1").key(key).upload_id(upload).part_number(number);
    let e_tag = sent.body(ByteStream::from(body)).send().await.unwrap().e_tag;
    CompletedPart::builder().part_number(number).set_e_tag(e_tag).build()
}

fn all(parts: &[CompletedPart]) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder().set_parts(Some(parts.to_vec())).build()
}

#[tokio::test]
async fn parts_become_an_object() {
    let server = S3Server::start();
    let client = server.client();
    client.create_bucket().bucket("agent-1").send().await.unwrap();
    let upload = begin(&client, "film").await;
    let pieces = [vec![1; PART], vec![2; PART + 1], vec![3; 10]];
    let mut parts = Vec::new();
    // they may arrive in any order, and one may be sent again
    add(&client, "film", &upload, 2, vec![9; 5]).await;
    for (number, piece) in [(3, &pieces[2]), (1, &pieces[0]), (2, &pieces[1])] {
        parts.push(add(&client, "film", &upload, number, piece.clone()).await);
    }
    parts.sort_by_key(|part| part.part_number);

    let listed =
        client.list_parts().bucket("agent-1").key("film").upload_id(&upload).max_parts(2).send().await.unwrap();
    let sizes: Vec<_> = listed.parts().iter().map(|part| part.size().unwrap()).collect();
    assert_eq!((sizes, listed.is_truncated()), (vec![PART_SIZE, PART_SIZE + 1], Some(true)));
    let open = client.list_multipart_uploads().bucket("agent-1").send().await.unwrap();
    assert_eq!(open.uploads()[0].upload_id(), Some(upload.as_str()));
    let refused = client.delete_bucket().bucket("agent-1").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("BucketNotEmpty"));

    let complete = client.complete_multipart_upload().bucket("agent-1").key("film").upload_id(&upload);
    let done = complete.multipart_upload(all(&parts)).send().await.unwrap();
    assert!(done.e_tag().unwrap().ends_with("-3\""));
    let got = client.get_object().bucket("agent-1").key("film").send().await.unwrap();
    assert_eq!(got.content_type(), Some("video/mp4"));
    assert!(got.body.collect().await.unwrap().to_vec() == pieces.concat());
    let second = client.get_object().bucket("agent-1").key("film").part_number(2).send().await.unwrap();
    assert_eq!((second.parts_count(), second.content_length()), (Some(3), Some(PART_SIZE + 1)));
    assert!(second.body.collect().await.unwrap().to_vec() == pieces[1]);

    let again = client.complete_multipart_upload().bucket("agent-1").key("film").upload_id(&upload);
    assert_eq!(again.multipart_upload(all(&parts)).send().await.unwrap_err().code(), Some("NoSuchUpload"));
    assert!(client.list_multipart_uploads().bucket("agent-1").send().await.unwrap().uploads().is_empty());
}

#[tokio::test]
async fn parts_can_be_copied_from_objects() {
    let server = S3Server::start();
    let client = server.client();
    client.create_bucket().bucket("agent-1").send().await.unwrap();
    let whole: Vec<u8> = (0..PART + 7).map(|number| number.to_le_bytes()[1]).collect();
    let sent = client.put_object().bucket("agent-1").key("source").body(ByteStream::from(whole.clone()));
    sent.send().await.unwrap();
    let upload = begin(&client, "copy").await;
    let mut parts = Vec::new();
    for (number, range) in [(1, format!("bytes=0-{}", PART - 1)), (2, format!("bytes={PART}-{}", PART + 6))] {
        let copy = client.upload_part_copy().bucket("agent-1").key("copy").upload_id(&upload).part_number(number);
        let answer = copy.copy_source("agent-1/source").copy_source_range(range).send().await.unwrap();
        let e_tag = answer.copy_part_result.unwrap().e_tag;
        parts.push(CompletedPart::builder().part_number(number).set_e_tag(e_tag).build());
    }
    let complete = client.complete_multipart_upload().bucket("agent-1").key("copy").upload_id(&upload);
    complete.multipart_upload(all(&parts)).send().await.unwrap();
    let got = client.get_object().bucket("agent-1").key("copy").send().await.unwrap();
    assert!(got.body.collect().await.unwrap().to_vec() == whole);
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused() {
    let server = S3Server::start();
    let client = server.client();
    client.create_bucket().bucket("agent-1").send().await.unwrap();
    let upload = begin(&client, "k").await;
    let one = add(&client, "k", &upload, 1, vec![1; 10]).await;
    let two = add(&client, "k", &upload, 2, vec![2; 10]).await;
    let missing = CompletedPart::builder().part_number(3).e_tag("\"x\"").build();
    let changed = CompletedPart::builder().part_number(1).e_tag("\"0cc175b9c0f1b6a831c399e269772661\"").build();
    for (parts, code) in [
        (vec![], "MalformedXML"),
        (vec![two.clone(), one.clone()], "InvalidPartOrder"),
        (vec![one.clone(), missing.clone()], "EntityTooSmall"),
        (vec![missing], "InvalidPart"),
        (vec![changed], "InvalidPart"),
        (vec![one.clone(), two.clone()], "EntityTooSmall"),
    ] {
        let complete = client.complete_multipart_upload().bucket("agent-1").key("k").upload_id(&upload);
        let error = complete.multipart_upload(all(&parts)).send().await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{parts:?}");
    }
    for id in ["", "../../..", "00000000000000000000000000000000"] {
        let abort = client.abort_multipart_upload().bucket("agent-1").key("k").upload_id(id).send().await;
        assert!(abort.is_err(), "{id}");
    }
    let other_key = client.abort_multipart_upload().bucket("agent-1").key("other").upload_id(&upload).send().await;
    assert_eq!(other_key.unwrap_err().code(), Some("NoSuchUpload"));
    client.abort_multipart_upload().bucket("agent-1").key("k").upload_id(&upload).send().await.unwrap();
    let late = client.upload_part().bucket("agent-1").key("k").upload_id(&upload).part_number(1).send().await;
    assert_eq!(late.unwrap_err().code(), Some("NoSuchUpload"));
    client.delete_bucket().bucket("agent-1").send().await.unwrap();
}
