//! The queue's PostgreSQL over TLS.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use harness::system::ServiceUser;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;

use crate::serve::server::Server;
use crate::support::{TestHome, TestPostgres};

/// An authority, and the files of a server that it has signed for one name.
struct Files(tempfile::TempDir);

impl Files {
    fn new(name: &str) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        fs::set_permissions(files.0.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(files.path("authority.pem"), authority.self_signed(&key).unwrap().pem()).unwrap();
        let (issuer, own) = (Issuer::new(authority, key), KeyPair::generate().unwrap());
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&own, &issuer).unwrap();
        fs::write(files.path("server.pem"), certificate.pem()).unwrap();
        fs::write(files.path("server.key"), own.serialize_pem()).unwrap();
        fs::set_permissions(files.path("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
        if let Some(user) = ServiceUser::choose().unwrap() {
            chown(files.path("server.key"), Some(user.uid), Some(user.gid)).unwrap();
        }
        files
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn postgres(&self) -> TestPostgres {
        let setting = |name: &str, file: &str| format!("{name}={}", self.path(file));
        let (certificate, key) = (setting("ssl_cert_file", "server.pem"), setting("ssl_key_file", "server.key"));
        TestPostgres::start_with(&["ssl=on", &certificate, &key])
    }
}

/// Of the connections of `serve`, how many there are, and how many of them are encrypted.
fn connections(postgres: &TestPostgres) -> Vec<String> {
    postgres.sql(
        "select count(*), count(*) filter (where ssl) from pg_stat_ssl join pg_stat_activity using (pid)
         where application_name = 'harness serve'",
    )
}

#[test]
fn the_queue_speaks_tls_to_its_database_as_its_address_says() {
    let (home, files) = (TestHome::new(), Files::new("localhost"));
    let postgres = files.postgres();
    let plain = super::shared::url(&postgres);
    let named = plain.replace("127.0.0.1", "localhost");
    let authority = format!("sslrootcert={}", files.path("authority.pem"));

    for (url, encrypted) in [
        (plain.clone(), true),
        (format!("{plain}?sslmode=disable"), false),
        (format!("{plain}?sslmode=require"), true),
        (format!("{plain}?sslmode=verify-ca&{authority}"), true),
        (format!("{named}?{authority}&sslmode=verify-full&connect_timeout=5"), true),
    ] {
        let server = Server::start_as(&home, &[], &[("HARNESS_DATABASE_URL", url.as_str())]);
        let made = server.request("POST", "/api/tickets", &json!({ "title": "Fix", "text": "" }));
        assert_eq!(made.status, 201, "{url}: {made:?}");
        let found = connections(&postgres);
        assert!(
            found[0] != "0" && (found[1] == found[0]) == encrypted && (found[1] == "0") != encrypted,
            "{url}: {found:?}"
        );
        drop(server);
    }

    let refused = |url: &str, words: &str| {
        let outcome = home.harness(["serve", "--port", "0", "--json"]).env("HARNESS_DATABASE_URL", url).run();
        let text = outcome.to_string();
        assert!(!text.contains("throw-away") && text.contains(words), "{url}: {words:?}\n{text}");
        outcome.json()["error"]["code"].clone()
    };
    // another host, another authority, no authority
    assert_eq!(refused(&format!("{plain}?sslmode=verify-full&{authority}"), "sslrootcert=FILE"), "serve.database");
    let stranger = Files::new("localhost");
    let other = format!("{named}?sslmode=verify-ca&sslrootcert={}", stranger.path("authority.pem"));
    assert_eq!(refused(&other, "sslrootcert=FILE"), "serve.database");
    assert_eq!(refused(&format!("{named}?sslmode=verify-full"), "sslrootcert=FILE"), "serve.database");
    assert_eq!(refused(&format!("{named}?sslmode=verify-full&sslrootcert=/nowhere"), "/nowhere"), "serve.settings");
    drop(postgres);

    // a server without it
    let postgres = TestPostgres::start();
    let plain = super::shared::url(&postgres);
    assert_eq!(refused(&format!("{plain}?sslmode=require"), "does not support TLS"), "serve.database");
    drop(Server::start_as(&home, &[], &[("HARNESS_DATABASE_URL", plain.as_str())]));
}
