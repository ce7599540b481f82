//! What is written must be read back as it was: by `sh`, by dotenv readers, by TOML.

use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::super::quote::{dotenv_value, toml_key, toml_string};
use crate::project::dotenv;

/// Values that break naive quoting, then arbitrary ones.
fn values() -> impl Strategy<Value = Vec<String>> {
    let nasty = prop::sample::select(vec![
        "",
        " ",
        "a b",
        "it's",
        "\"q\"",
        "$HOME",
        "${HOME}",
        "$(id)",
        "`id`",
        "\\",
        "\\\\",
        "a\\",
        "\\'",
        "'\\",
        "#x",
        "a #b",
        "line 1\nline 2",
        "\n",
        "\nA=1",
        "tab\tx",
        "a\rb",
        "'`\\",
        "'$`\"\\\n",
        "ünï…",
        "~",
        "!x",
        "\\n",
        "=",
        "a=b",
        "export X=1",
        "%s",
        "'''",
        "\"\"\"",
        "\\$",
        "$$",
    ]);
    let piece = prop_oneof![
        3 => nasty.prop_map(str::to_owned),
        1 => "[^\0]{0,12}",
        1 => "[ '\"\\\\$`#\n=a]{0,8}",
    ];
    prop::collection::vec(prop::collection::vec(piece, 0..3).prop_map(|pieces| pieces.concat()), 1..12)
}

fn file(values: &[String]) -> String {
    let lines = values.iter().enumerate().map(|(n, value)| format!("V{n}={}\n", dotenv_value(value)));
    format!("# a header with 'quotes\n{}", lines.collect::<String>())
}

fn named(values: &[String]) -> Vec<(String, String)> {
    values.iter().enumerate().map(|(n, value)| (format!("V{n}"), value.clone())).collect()
}

/// What `sh` makes of the file.
fn read_by_sh(text: &str) -> Vec<(String, String)> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("env"), text).unwrap();
    let output = Command::new("/bin/sh")
        .args(["-c", "set -a; . ./env; exec env -0"])
        .current_dir(directory.path())
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{text}\n{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let entries = text.split_terminator('\0').filter_map(|entry| entry.split_once('='));
    entries.filter(|(name, _)| name.starts_with('V')).map(|(name, value)| (name.into(), value.into())).collect()
}

fn sorted(mut entries: Vec<(String, String)>) -> Vec<(String, String)> {
    entries.sort();
    entries
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn env_files_are_read_back_by_sh_and_by_dotenv_readers(values in values()) {
        let text = file(&values);
        prop_assert_eq!(sorted(read_by_sh(&text)), sorted(named(&values)), "sh\n{}", text);
        prop_assert_eq!(dotenv::parse(&text, &|_| None).unwrap(), named(&values), "our own\n{}", text);
        let other: Vec<_> = dotenvy::from_read_iter(text.as_bytes()).collect::<std::result::Result<_, _>>().unwrap();
        prop_assert_eq!(other, named(&values), "dotenvy\n{}", text);
    }

    #[test]
    fn toml_strings_and_keys_are_read_back(texts in prop::collection::vec(".*", 1..6), any in any::<String>()) {
        for text in texts.iter().chain([&any]) {
            let document = format!("{} = {}\n", toml_key(text), toml_string(text));
            let table: toml::Table = document.parse().unwrap();
            prop_assert_eq!(table.get(text).and_then(toml::Value::as_str), Some(text.as_str()));
            prop_assert_eq!(document.lines().count(), 1);
        }
    }
}

#[test]
fn plain_values_stay_plain() {
    for value in ["8030", "http://localhost:8030/a-b_c?", "postgres://agent_3:x@127.0.0.1:15432/agent_3", ""] {
        let quoted = dotenv_value(value);
        assert!(quoted == value || quoted == format!("'{value}'"), "{quoted}");
    }
    assert_eq!(dotenv_value("a b"), "'a b'");
    assert_eq!(dotenv_value("it's"), "\"it's\"");
}
