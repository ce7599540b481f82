//! The real engine behind a socket of one's own, which can go away and come back.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

const ENGINE: &str = "/var/run/docker.sock";

/// Passes every connection on; gone with its drop.
pub(super) struct Relay {
    socket: PathBuf,
    connections: Arc<Mutex<Vec<UnixStream>>>,
}

impl Relay {
    /// `None` where the engine's own socket is not in its usual place.
    pub(super) fn open(socket: &Path) -> Option<Self> {
        Path::new(ENGINE).exists().then(|| {
            let listener = UnixListener::bind(socket).unwrap();
            let connections = Arc::new(Mutex::new(Vec::new()));
            let all = connections.clone();
            thread::spawn(move || {
                for client in listener.incoming().map_while(Result::ok) {
                    let engine = UnixStream::connect(ENGINE).unwrap();
                    pass_on(&client, &engine);
                    pass_on(&engine, &client);
                    all.lock().unwrap().extend([client, engine]);
                }
            });
            Self { socket: socket.to_owned(), connections }
        })
    }
}

fn pass_on(from: &UnixStream, to: &UnixStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        // an end of one direction is the end of that direction only
        let _ = to.shutdown(Shutdown::Write);
    });
}

impl Drop for Relay {
    fn drop(&mut self) {
        // nobody connects any more; the listener itself lives on, unreachable
        let _ = std::fs::remove_file(&self.socket);
        for connection in self.connections.lock().unwrap().iter() {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}
