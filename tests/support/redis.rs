//! A client of Redis that needs no library: one command, one answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Sends a command and returns the answer as text: `OK`, a value, a number; empty for none.
#[track_caller]
pub(crate) fn redis(port: u16, words: &[&str]) -> String {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap_or_else(|error| panic!("connect to {port}: {error}"));
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set a timeout");
    let mut request = Vec::new();
    write!(request, "*{}\r\n", words.len()).expect("write to memory");
    for word in words {
        write!(request, "${}\r\n{word}\r\n", word.len()).expect("write to memory");
    }
    (&stream).write_all(&request).expect("send a command");
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).expect("read the answer");
    let (kind, rest) = line.trim_end().split_at(1);
    match (kind, rest) {
        ("$", "-1") => String::new(),
        ("$", length) => {
            let mut value = vec![0; length.parse().expect("a length")];
            reader.read_exact(&mut value).expect("read the value");
            String::from_utf8(value).expect("text")
        }
        ("-", error) => panic!("{words:?}: {error}"),
        (_, value) => value.to_owned(),
    }
}
