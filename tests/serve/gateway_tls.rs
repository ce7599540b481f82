//! The gateway with TLS, its addresses in templates, and who trusts it.

#![allow(clippy::print_stderr)] // a test that tries less says so

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::gateway::{refused_start, site};
use super::server::Server;
use crate::support::{TestHome, get, send};

#[test]
fn browsers_get_tls_with_a_certificate_for_each_name() {
    let home = TestHome::new();
    let (plain, secure) = (home.ports().infra(7).to_string(), home.ports().infra(8).to_string());
    let project = site(&home, "board", "").env("PAGE", "{{ urls.web }}").write();
    project.harness(["launch", "3"]).run().succeeds();
    let page = || project.harness(["env", "3", "--json"]).run().succeeds().json()["variables"]["PAGE"].clone();
    assert_eq!(page(), format!("http://localhost:{}", project.port("web", 3)));
    let none = project.harness(["url", "3", "--gateway", "--json"]).run();
    assert_eq!(none.json()["error"]["code"], "gateway.absent", "{none}");

    let arguments = ["--gateway", "--gateway-tls", "--gateway-port", &plain, "--gateway-tls-port", &secure];
    let server = Server::start_with(&home, &arguments);
    let name = format!("web.3.board.localhost:{secure}");
    assert_eq!(page(), format!("https://{name}"));
    let url = project.harness(["url", "3", "web", "--gateway"]).run().succeeds().stdout;
    assert_eq!(url, format!("https://{name}\n"));
    let opened = project.harness(["open", "3", "--gateway", "--json"]).run().succeeds().json();
    assert_eq!(opened["url"], format!("https://{name}"));

    let sent = |host: &str| send("POST", plain.parse().unwrap(), "/request?a", &[("Host", host)], b"");
    // the client names 127.0.0.1 as well, which is one too many
    assert_eq!(sent("web.3.board.localhost").status, 400);
    let moved = get(plain.parse().unwrap(), "/request?a");
    let location = format!("location: https://localhost:{secure}/request?a");
    assert!(moved.status == 307 && moved.head.contains(&location), "{moved:?}");
    assert_eq!(get(plain.parse().unwrap(), "/health").body, "healthy\n");

    let authority = home.path().join("serve/authority.pem");
    let key = std::fs::metadata(home.path().join("serve/authority.key")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&key.permissions()) & 0o777, 0o600);
    let fetch = |host: &str, path: &str, options: &[&str]| {
        let output = Command::new("curl")
            .args(["-sS", "--resolve", &format!("{host}:127.0.0.1"), "--cacert"])
            .arg(&authority)
            .args(options)
            .arg(format!("https://{host}{path}"))
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for (option, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let written = "\n%{http_version}";
        let (code, text) = fetch(&name, "/request", &[option, "-w", written, "-H", "Cookie: a=1", "-H", "Cookie: b=2"]);
        let (document, spoken) = text.rsplit_once('\n').unwrap();
        assert_eq!((code, spoken), (Some(0), version), "{text}");
        let asked: Value = serde_json::from_str(document).unwrap();
        let headers = asked["headers"].to_string();
        assert!(headers.contains(r#"["x-forwarded-proto","https"]"#), "{asked}");
        assert!(headers.contains(&format!(r#"["host","{name}"]"#)), "{asked}");
        assert!(headers.contains(r#"["cookie","a=1; b=2"]"#), "{asked}");
    }
    let body = vec![b'x'; 3_000_000];
    let file = home.directory().join("body");
    std::fs::write(&file, &body).unwrap();
    let upload = format!("@{}", file.display());
    assert_eq!(fetch(&name, "/", &["--http2", "--data-binary", &upload]), (Some(0), body.len().to_string()));
    let (code, large) = fetch(&name, "/large/3000000", &["--http2"]);
    assert_eq!((code, large.len()), (Some(0), 3_000_000));
    assert_eq!(fetch(&format!("localhost:{secure}"), "/health", &[]).1, "healthy\n");
    // a name that the authority may not sign gets no certificate
    assert_eq!(fetch(&format!("evil.com:{secure}"), "/", &[]).0, Some(35));

    // it goes with the gateway, not with the server
    server.ends_by(rustix::process::Signal::TERM);
    assert_eq!(page(), format!("https://{name}"));
    let server = Server::start(&home);
    assert_eq!(page(), format!("http://localhost:{}", project.port("web", 3)));
    drop(server);
}

#[test]
fn a_certificate_of_ones_own_is_used_for_ones_own_name() {
    let home = TestHome::new();
    let project = site(&home, "board", "").write();
    project.harness(["launch", "3"]).run().succeeds();
    let settings = home.path().join("serve/serve.toml");
    std::fs::create_dir_all(settings.parent().unwrap()).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["*.dev.example.org".to_owned()]).unwrap();
    let file = |name: &str| -> PathBuf { home.directory().join(name) };
    std::fs::write(file("a.pem"), certificate.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(file("a.key"), key.serialize_pem()).unwrap();
    std::fs::write(file("other.key"), rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let (plain, secure) = (home.ports().infra(7), home.ports().infra(8));
    let set = |key: &str| {
        let quoted = |name: &str| toml::Value::String(file(name).display().to_string());
        let (certificate, key) = (quoted("a.pem"), quoted(key));
        let text = format!(
            "[gateway]\non = true\ntls = true\nport = {plain}\ntls_port = {secure}\ndomain = \"dev.example.org\"\n\
             certificate = {certificate}\nkey = {key}\n"
        );
        std::fs::write(&settings, text).unwrap();
    };
    for wrong in ["none.key", "other.key", "a.pem"] {
        set(wrong);
        assert_eq!(refused_start(&home)["code"], "gateway.certificate", "{wrong}");
    }
    set("a.key");
    let server = Server::start(&home);
    let url = project.harness(["url", "3", "web", "--gateway"]).run().succeeds().stdout;
    assert_eq!(url, format!("https://web--3--board.dev.example.org:{secure}\n"));
    let output = Command::new("curl")
        .args(["-sS", "--cacert"])
        .arg(file("a.pem"))
        .args(["--resolve", &format!("web--3--board.dev.example.org:{secure}:127.0.0.1")])
        .arg(format!("{}/request", url.trim()))
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"agent\": \"3\""), "{output:?}");
    drop(server);
    let taken = std::net::TcpListener::bind(("127.0.0.1", plain)).unwrap();
    let refused = refused_start(&home);
    assert_eq!(refused["code"], "serve.port_taken");
    assert!(refused["hint"].as_str().unwrap().contains("--gateway-port"), "{refused}");
    drop(taken);
}

#[test]
fn who_trusts_the_gateway_is_changed_and_what_may_not_be_is_named() {
    let home = TestHome::new();
    let user = home.directory().join("user");
    let database = user.join(".mozilla/firefox/a.default");
    std::fs::create_dir_all(&database).unwrap();
    std::fs::write(database.join("cert9.db"), "").unwrap();
    let printed = home.harness(["trust", "--print", "--json"]).env("HOME", &user).run().succeeds().json();
    let certificate = home.path().join("serve/authority.pem").display().to_string();
    assert_eq!(printed["certificate"], certificate);
    let lists = printed["lists"].as_array().unwrap();
    let browser = lists.iter().find(|list| list["kind"] == "browser").unwrap();
    let command = browser["commands"][0].as_str().unwrap();
    assert!(command.starts_with("certutil -A -d ") && command.ends_with(&certificate), "{command}");

    // the system's own list, where a copy of it can be put in its place
    let (plain, secure) = (home.ports().infra(7).to_string(), home.ports().infra(8).to_string());
    let arguments = ["--gateway", "--gateway-tls", "--gateway-port", &plain, "--gateway-tls-port", &secure];
    let _server = Server::start_with(&home, &arguments);
    let harness = format!("HOME={} {}", user.display(), env!("CARGO_BIN_EXE_harness"));
    let ask = format!("curl -sS https://localhost:{secure}/health");
    let script = format!(
        "for place in /usr/local/share/ca-certificates /etc/ssl/certs /etc/ca-certificates/update.d; do\n\
         mount -t tmpfs tmpfs $place || exit 77\ndone\n\
         ls /usr/share/ca-certificates/*/*.crt | head -1 | cut -d/ -f5- > {1} && mount --bind {1} /etc/ca-certificates.conf\n\
         rm -f '{0}/cert9.db'\n{ask} && exit 1\n{harness} trust && {ask} && {harness} trust --remove || exit 2\n\
         {ask} && exit 3\nexit 0\n",
        database.display(),
        home.directory().join("one").display()
    );
    let mut within = Command::new("unshare");
    within.args(["--mount", "sh", "-c", &script]).env("HARNESS_HOME", home.path());
    match within.output() {
        Ok(output) if output.status.code() == Some(0) => {
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(text.contains("trusted by the system list") && text.contains("healthy\n"), "{output:?}");
        }
        Ok(output)
            if Path::new("/usr/sbin/update-ca-certificates").exists()
                && output.status.code() != Some(77)
                && harness::system::effective_uid() == 0 =>
        {
            panic!("{output:?}")
        }
        _ => eprintln!("skipped: a copy of the system's list needs root, mount namespaces and update-ca-certificates"),
    }
}
