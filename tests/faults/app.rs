//! An application for the tests: this test binary, run again with a script in its environment.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

const SCRIPT: &str = "HARNESS_TEST_APP";

/// The command that runs a script, and the variable that holds it. Steps are parted by `;`:
/// `say TEXT`, `err TEXT`, `listen ADDRESS` (answers HTTP 200 for ever, in the background),
/// `exit CODE`, `wait` (for ever).
pub(crate) fn app(script: &str) -> (Vec<String>, BTreeMap<String, String>) {
    let own = std::env::current_exe().unwrap().to_string_lossy().into_owned();
    let command = [own.as_str(), "--exact", "faults::app::play", "--nocapture", "--quiet"].map(str::to_owned).to_vec();
    (command, BTreeMap::from([(SCRIPT.to_owned(), script.to_owned())]))
}

/// Plays the application; as a test of its own it does nothing.
#[test]
fn play() {
    let Ok(script) = std::env::var(SCRIPT) else { return };
    for step in script.split(';').map(str::trim) {
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        match word {
            "say" => writeln!(std::io::stdout(), "{rest}").unwrap(),
            "err" => writeln!(std::io::stderr(), "{rest}").unwrap(),
            "listen" => listen(rest),
            "exit" => std::process::exit(rest.parse().unwrap()),
            "wait" => loop {
                std::thread::park_timeout(Duration::from_hours(1));
            },
            other => panic!("unknown step `{other}`"),
        }
    }
}

fn listen(address: &str) {
    let listener = match TcpListener::bind(address) {
        Ok(listener) => listener,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "cannot listen on {address}: {error}");
            std::process::exit(1);
        }
    };
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
}
