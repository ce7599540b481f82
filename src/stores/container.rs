//! A store whose server is an image: the command of the process that runs its container.

use std::path::Path;

use shell_words::quote;

use crate::infra::docker::store::COMMAND;
use crate::project::Container;

/// The command line of the process; empty where this program cannot be found. What follows it are arguments of the server.
pub(super) fn command(container: &Container, home: &Path, store: &str, directory: &Path, port: u16) -> String {
    let Ok(harness) = std::env::current_exe() else { return String::new() };
    let described = serde_json::to_string(container).unwrap_or_default();
    let words = [
        harness.display().to_string(),
        COMMAND.to_owned(),
        home.display().to_string(),
        store.to_owned(),
        port.to_string(),
        directory.display().to_string(),
        described,
    ];
    words.iter().map(|word| quote(word).into_owned()).collect::<Vec<_>>().join(" ")
}

/// The same text on every machine and in every home.
pub(super) fn anywhere(text: &str, home: &Path) -> String {
    let harness = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
    let text = text.replace(&home.display().to_string(), "HOME");
    if harness.is_empty() { text } else { text.replace(&harness, "harness") }
}

/// How clients reach a server of this image, by its name.
pub(super) fn url(image: &str, port: u16) -> String {
    let scheme = match Container::program_of(image).unwrap_or_default() {
        "redis" | "valkey" => "redis",
        "mongo" | "mongodb" | "mongodb-community-server" => "mongodb",
        "mysql" | "mariadb" => "mysql",
        "rabbitmq" => "amqp",
        "nats" => "nats",
        _ => "http",
    };
    format!("{scheme}://127.0.0.1:{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_says_what_its_address_begins_with() {
        assert_eq!(url("valkey/valkey:8", 6389), "redis://127.0.0.1:6389");
        assert_eq!(url("localhost:5000/mongo@sha256:00", 1), "mongodb://127.0.0.1:1");
        assert_eq!(url("getmeili/meilisearch:v1.9", 7710), "http://127.0.0.1:7710");
    }

    #[test]
    fn a_command_is_read_back_as_it_was() {
        let container = Container { image: "a:1".into(), data: vec!["/var/my data".into()], ..Container::default() };
        let text = command(&container, Path::new("/h o"), "cache", Path::new("/h o/data"), 6389);
        let words = shell_words::split(&text).unwrap();
        assert_eq!(words[2..6], ["/h o", "cache", "6389", "/h o/data"]);
        assert_eq!(serde_json::from_str::<Container>(&words[6]).unwrap(), container);
        assert!(anywhere(&text, Path::new("/h o")).starts_with("harness __store-container"), "{text}");
    }
}
