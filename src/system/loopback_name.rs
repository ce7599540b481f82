//! Which names of a server no other site can have.
//!
//! A page of any site can have its own name resolve to 127.0.0.1 (DNS rebinding); it cannot have a loopback name, nor an
//! address that is not its own.

use std::net::IpAddr;

/// Whether a `Host` header, with or without a port, names a loopback name or an address.
pub fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| if name.contains(':') { host } else { name }),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_loopback_name;

    #[test]
    fn only_loopback_names_and_addresses_are_own() {
        for host in
            ["localhost", "localhost:18025", "LocalHost.", "mail.localhost:1", "127.0.0.1:18025", "[::1]:18025", "::1"]
        {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in
            ["evil.example", "evil.example:18025", "localhost.evil.example", "notlocalhost", "127.0.0.1.nip.io", ""]
        {
            assert!(!is_loopback_name(host), "{host}");
        }
    }
}
