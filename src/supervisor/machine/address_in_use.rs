//! Telling from its last words that a process died because its address was taken.

/// The port that a process could not have, if that is what its last lines say. Zero when they say so
/// without a port.
pub(super) fn refused_port(lines: &[String]) -> Option<u16> {
    let complaint = lines.iter().rev().find(|line| {
        let line = line.to_ascii_lowercase();
        line.contains("eaddrinuse") || line.contains("address already in use") || line.contains("address in use")
    })?;
    // `:::8030`, `127.0.0.1:8030`, `port 8030`, `port: 8030`, `('127.0.0.1', 8030)`
    let numbers = complaint.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let port = numbers.filter(|number| !number.contains('.')).filter_map(|number| number.parse::<u16>().ok());
    // an errno (98, 48) may stand in the line as well
    Some(port.filter(|port| *port > 100).fold(0, |_, last| last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_what_servers_print() {
        for (line, port) in [
            ("Error: listen EADDRINUSE: address already in use :::8030", Some(8030)),
            ("Error: listen EADDRINUSE: address already in use 127.0.0.1:8030", Some(8030)),
            ("OSError: [Errno 98] Address already in use: ('127.0.0.1', 8030)", Some(8030)),
            ("listen tcp 127.0.0.1:8030: bind: address already in use", Some(8030)),
            ("Os { code: 98, kind: AddrInUse, message: \"Address already in use\" }", Some(0)),
            ("bind failed: Address in use", Some(0)),
            ("connection refused on 8030", None),
        ] {
            assert_eq!(
                refused_port(&["hello".to_owned(), line.to_owned(), "    at node:net".to_owned()]),
                port,
                "{line}"
            );
        }
    }
}
