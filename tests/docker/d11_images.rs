//! D11: no daemon, an image that is gone, a daemon that stops mid-pull.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use harness::project::Service;
use harness::report::Diagnostic;

use super::machine::{available, machine};
use crate::support::{LONG, TestHome};

#[test]
fn d11_without_a_daemon_docker_is_refused_and_auto_goes_native() {
    let home = TestHome::new();
    let project = home.project("shop").engine("docker").with_items().application("api").write();
    let harness = |arguments: &[&str]| {
        project.harness(arguments.iter().copied()).env("DOCKER_HOST", "unix:///nowhere/docker.sock").deadline(LONG)
    };
    harness(&["setup"])
        .run()
        .exits_with(4)
        .says("no Docker engine answers at `unix:///nowhere/docker.sock` (DOCKER_HOST)")
        .says("`harness setup --engine native`");
    let status = harness(&["status", "--json"]).run().succeeds().json();
    assert_eq!(status["infra"]["state"], "absent");
    harness(&["setup", "--engine", "auto"]).run().succeeds().says("engine native: engine = \"auto\": no Docker engine");
}

/// How a registry treats every image.
#[derive(Clone, Copy, PartialEq)]
enum Registry {
    Refuses,
    HasNothing,
    /// It sends a manifest, and then no layer.
    Stalls,
}

/// A registry on a port of this machine, which engines speak to without TLS; says when a layer was asked for.
fn registry(kind: Registry) -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicBool::new(false));
    let flag = asked.clone();
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut request = Vec::new();
            // an attempt at TLS is no line of text
            let _ = reader.read_until(b'\n', &mut request);
            let request = String::from_utf8_lossy(&request).into_owned();
            let mut line = String::new();
            while request.contains("HTTP/") && reader.read_line(&mut line).is_ok_and(|length| length > 2) {
                line.clear();
            }
            let digest = "sha256:".to_owned() + &"a".repeat(64);
            let media = "application/vnd.docker.distribution.manifest.v2+json";
            let (status, kind_of_body, body) = match kind {
                Registry::Refuses => {
                    ("401 Unauthorized\r\nWww-Authenticate: Basic realm=\"x\"", "text/plain", String::new())
                }
                _ if request.starts_with("GET /v2/ ") => ("200 OK", "text/plain", String::new()),
                Registry::Stalls if request.contains("/manifests/") => {
                    let blob = |size: u64, kind: &str| {
                        format!(
                            "{{\"mediaType\":\"application/vnd.docker.{kind}\",\"size\":{size},\"digest\":\"{digest}\"}}"
                        )
                    };
                    let config = blob(99, "container.image.v1+json");
                    let layer = blob(9_999, "image.rootfs.diff.tar.gzip");
                    let manifest = format!(
                        "{{\"schemaVersion\":2,\"mediaType\":\"{media}\",\"config\":{config},\"layers\":[{layer}]}}"
                    );
                    ("200 OK", media, manifest)
                }
                Registry::Stalls if request.contains("/blobs/") => {
                    flag.store(true, Ordering::SeqCst);
                    held.push(reader);
                    continue;
                }
                Registry::Stalls | Registry::HasNothing => {
                    let unknown = "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}";
                    ("404 Not Found", "application/json", unknown.to_owned())
                }
            };
            let body = if request.starts_with("HEAD") { (body.len(), String::new()) } else { (body.len(), body) };
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind_of_body}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                body.0, body.1
            );
            let _ = reader.get_mut().write_all(answer.as_bytes());
        }
    });
    (port, asked)
}

#[test]
fn d11_an_image_that_is_gone_or_private_is_named_with_its_setting() {
    for (kind, code) in [(Registry::Refuses, "image.denied"), (Registry::HasNothing, "image.not_found")] {
        let Some(mut machine) = machine(&["mailpit"]) else { return };
        let image = format!("127.0.0.1:{}/gone/mailpit:v1", registry(kind).0);
        machine.settings.service_mut(Service::Mail).image = Some(image.clone());
        let error = machine.setup().unwrap_err();
        assert_eq!(error.code(), code, "{error}: {:?}", error.details());
        assert!(error.to_string().contains(&image), "{error}");
        assert!(error.hint().unwrap().contains("`image` of `[infra.mail]`"), "{:?}", error.hint());
        assert_eq!(machine.ours(), Vec::<String>::new());
    }
}

/// The real engine behind a socket that goes away once `now` is set.
fn engine_that_stops(socket: &Path, now: Arc<AtomicBool>) {
    let listener = UnixListener::bind(socket).unwrap();
    let socket = socket.to_owned();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            if now.load(Ordering::SeqCst) {
                return;
            }
            let engine = UnixStream::connect("/var/run/docker.sock").unwrap();
            engine.set_read_timeout(Some(std::time::Duration::from_millis(50))).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), engine.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut from, &mut to));
            let (now, socket) = (now.clone(), socket.clone());
            thread::spawn(move || pass_on_until(&engine, &client, &now, &socket));
        }
    });
}

fn pass_on_until(mut engine: &UnixStream, mut client: &UnixStream, now: &AtomicBool, socket: &Path) {
    let mut chunk = [0; 4096];
    loop {
        if now.load(Ordering::SeqCst) {
            let _ = std::fs::remove_file(socket);
            break;
        }
        match engine.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) if client.write_all(&chunk[..length]).is_ok() => {}
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            _ => break,
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = engine.shutdown(Shutdown::Both);
}

#[test]
fn d11_a_daemon_that_stops_mid_pull_is_said_and_leaves_nothing() {
    if !available(&["mailpit"]) || !Path::new("/var/run/docker.sock").exists() {
        return;
    }
    let home = TestHome::new();
    let (port, asked) = registry(Registry::Stalls);
    let project = home.project("shop").engine("docker").with_mail().application("api").write();
    project.put("harness.local.toml", &format!("[infra.mail]\nimage = \"127.0.0.1:{port}/slow/mailpit:v1\"\n"));
    let socket = home.directory().join("docker.sock");
    engine_that_stops(&socket, asked);
    project
        .harness(["setup"])
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .deadline(LONG)
        .run()
        .exits_with(4)
        .says(&format!(
            "the connection to the Docker engine was lost while it pulled `127.0.0.1:{port}/slow/mailpit:v1`"
        ));
    let filter = format!("label=com.docker.compose.project={}", home.compose_project());
    for kind in ["container", "network", "volume"] {
        assert_eq!(super::machine::docker([kind, "ls", "-q", "--filter", &filter]), "");
    }
}
