//! A value that is not final before an agent is known.

/// Text that may hold `{{ … }}`, evaluated by `render` for one agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Template(pub String);
