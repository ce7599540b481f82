//! What a program says when it calls: one JSON object on stdin, or variables of the environment.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Error;
use super::program::{Does, Program};

/// A payload.
#[derive(Debug, PartialEq)]
pub(super) struct Payload {
    /// The tree that it is about.
    pub(super) tree: PathBuf,
    /// Whether the program names it in its own way, as opposed to a guess by the working directory.
    pub(super) is_named: bool,
    json: Value,
}

impl Payload {
    /// Reads it. Of stdin no more than one object is read: a program may keep it open.
    pub(super) fn read(
        program: &Program,
        does: Does,
        environment: &BTreeMap<String, String>,
        directory: &Path,
        stdin: &mut dyn Read,
    ) -> Result<Self, Error> {
        if !program.json {
            let mut named = program.tree.iter().filter_map(|name| environment.get(*name)).map(PathBuf::from);
            let named = named.find(|path| path.is_absolute());
            let is_named = named.is_some() || program.tree.is_empty();
            return Ok(Self { tree: named.unwrap_or_else(|| directory.to_owned()), is_named, json: Value::Null });
        }
        let first = serde_json::Deserializer::from_reader(stdin).into_iter::<Value>().next();
        let json = match first {
            Some(Ok(json @ Value::Object(_))) => json,
            Some(Ok(_)) => return Err(Error::Payload("it is not an object".to_owned())),
            Some(Err(error)) => return Err(Error::Payload(error.to_string())),
            None => return Err(Error::Payload("it is empty".to_owned())),
        };
        let path = |name: &str| json[name].as_str().map(|path| directory.join(path));
        // what is removed is not where the session stands
        let named = path(if does == Does::Remove { "worktree_path" } else { "cwd" });
        let is_named = named.is_some();
        let tree = named.or_else(|| path("cwd")).unwrap_or_else(|| directory.to_owned());
        Ok(Self { tree, is_named, json })
    }

    /// The name of a tree to make.
    pub(super) fn name(&self) -> Option<&str> {
        self.text(["name", "worktree_name"])
    }

    /// What a tree to make begins with.
    pub(super) fn base(&self) -> Option<&str> {
        self.text(["base_commit", "base_ref"])
    }

    /// Whether the agent goes on because a hook asked for it: then it is not asked again.
    pub(super) fn was_asked_to_go_on(&self) -> bool {
        self.json["stop_hook_active"] == true
    }

    fn text(&self, names: [&str; 2]) -> Option<&str> {
        names.into_iter().find_map(|name| self.json[name].as_str()).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::table;

    #[test]
    fn one_object_is_read_from_a_stream_that_stays_open() {
        /// Fails where more is read than there is.
        struct Open<'a>(&'a [u8]);
        impl Read for Open<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let (byte, rest) = self.0.split_first().expect("no more than the object is read");
                self.0 = rest;
                buffer[0] = *byte;
                Ok(1)
            }
        }
        let claude = table::find("claude").unwrap();
        let environment = BTreeMap::new();
        let read = |does, text: &str| {
            Payload::read(claude, does, &environment, Path::new("/here"), &mut Open(text.as_bytes()))
        };
        let payload = read(Does::Create, r#"{"cwd":"/repo","worktree_name":"fox","base_ref":"main"}"#).unwrap();
        assert_eq!((payload.name(), payload.base()), (Some("fox"), Some("main")));
        assert_eq!(payload.tree, Path::new("/repo"));
        let payload = read(Does::Remove, r#"{"cwd":"/repo","worktree_path":"/repo/fox"}"#).unwrap();
        assert!(payload.tree == Path::new("/repo/fox") && payload.is_named);
        assert!(!read(Does::Remove, r#"{"cwd":"/repo"}"#).unwrap().is_named);
        assert!(!payload.was_asked_to_go_on() && payload.name().is_none());
        for wrong in ["[1]", "{\"a\" 1"] {
            assert!(matches!(read(Does::Begin, wrong), Err(Error::Payload(_))), "{wrong}");
        }
        let empty = Payload::read(claude, Does::Begin, &environment, Path::new("/here"), &mut std::io::empty());
        assert!(matches!(empty, Err(Error::Payload(_))));
    }

    #[test]
    fn a_variable_names_the_tree_else_the_directory_is_it() {
        let codex = table::find("codex").unwrap();
        let tree = |value: &str| {
            let environment = BTreeMap::from([("CODEX_WORKTREE_PATH".to_owned(), value.to_owned())]);
            let here = Path::new("/here");
            Payload::read(codex, Does::Launch, &environment, here, &mut std::io::empty()).unwrap().tree
        };
        assert_eq!(tree("/trees/one"), Path::new("/trees/one"));
        assert_eq!((tree(""), tree("one")), (PathBuf::from("/here"), PathBuf::from("/here")));
    }
}
