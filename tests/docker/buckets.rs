//! Buckets of the real MinIO.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use harness::bucket::OwnedBuckets;

use super::machine::machine;
use crate::support::{block_on, s3_client};

#[test]
fn d9_a_bucket_with_thousands_of_objects_versions_and_open_uploads_goes() {
    let Some(machine) = machine(&["minio"]) else { return };
    let endpoint = machine.setup().unwrap().servers.s3.unwrap();
    block_on(async {
        let owned = OwnedBuckets::new(&machine.home, &endpoint);
        owned.ensure("agent-3", 3, "shop").await.unwrap();
        let client = s3_client(&endpoint.url, &endpoint.access_key, endpoint.secret_key.expose());
        let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        client.put_bucket_versioning().bucket("agent-3").versioning_configuration(enabled).send().await.unwrap();
        for first in (0..2_500).step_by(50) {
            let puts = (first..first + 50)
                .map(|number| client.put_object().bucket("agent-3").key(format!("object {}", number % 2_000)).send());
            for put in futures_util::future::join_all(puts).await {
                put.unwrap();
            }
        }
        client.delete_object().bucket("agent-3").key("object 7").send().await.unwrap();
        client.create_multipart_upload().bucket("agent-3").key("upload").send().await.unwrap();
        for decoy in ["agent-33", "agent-3-old"] {
            client.create_bucket().bucket(decoy).send().await.unwrap();
            client.put_object().bucket(decoy).key("kept").send().await.unwrap();
        }

        let purged = owned.delete("agent-3").await.unwrap();
        // 2,500 versions of 2,000 keys, and the mark of the deletion
        assert_eq!((purged.objects, purged.versions, purged.uploads, purged.existed), (1_999, 502, 1, true));
        assert_eq!(owned.client().list().await.unwrap(), ["agent-3-old", "agent-33", "default", "results"]);
        client.head_object().bucket("agent-33").key("kept").send().await.unwrap();
        client.head_object().bucket("agent-3-old").key("kept").send().await.unwrap();
    });
}
