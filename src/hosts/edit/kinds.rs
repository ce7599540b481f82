//! The kinds of changes.

/// One change of a file.
#[derive(Debug)]
pub(in crate::hosts) enum Edit {
    /// A command in a list of commands; under `instead` where the file has that key.
    JsonCommand { key: &'static str, instead: Option<&'static str>, event: &'static str },
    /// A command in a string that a shell runs: after what is there.
    JsonScript { keys: [&'static str; 2], event: &'static str },
    /// A hook of Claude Code; only if wished for, where `wish` names the option.
    ClaudeHook { event: &'static str, timeout: u32, wish: Option<&'static str> },
    /// `harness mcp` among `mcpServers`.
    McpServer,
    /// Keys or tables of TOML.
    Toml { at: At, keys: &'static [&'static str], text: &'static str },
    /// Entries of a mapping in YAML.
    Yaml(Section),
    /// Lines of a shell script.
    Shell { text: &'static str },
}

impl Edit {
    /// The option of `connect` that it is for.
    pub(in crate::hosts) fn wish(&self) -> Option<&'static str> {
        match self {
            Self::ClaudeHook { wish, .. } => *wish,
            _ => None,
        }
    }
}

/// Where a block of TOML goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hosts) enum At {
    /// Before everything: keys of no table.
    Top,
    /// After everything: tables.
    End,
}

/// Entries of one mapping at the root of a YAML document.
#[derive(Debug)]
pub(in crate::hosts) struct Section {
    /// The document is the front matter of a Markdown file.
    pub(in crate::hosts) front_matter: bool,
    /// The key of the mapping.
    pub(in crate::hosts) key: &'static str,
    /// Keys and values.
    pub(in crate::hosts) entries: &'static [(&'static str, &'static str)],
    /// Keys and values that yield to what is there.
    pub(in crate::hosts) unless_there: &'static [(&'static str, &'static str)],
}
