//! What harness knows of a program: where it looks for commands, when it calls them, how it names the tree.

use super::edit::Edit;

/// A program that starts coding agents.
#[derive(Debug)]
pub(super) struct Program {
    /// As `connect` and `hook` call it.
    pub(super) name: &'static str,
    /// The files of a project that it reads.
    pub(super) files: &'static [File],
    /// When it calls `harness hook`.
    pub(super) events: &'static [Event],
    /// The variables that name the tree, best first; without one it is the working directory.
    pub(super) tree: &'static [&'static str],
    /// The payload is a JSON object on stdin.
    pub(super) json: bool,
}

impl Program {
    /// The options of `connect` that bring something.
    pub(super) fn wishes(&self) -> impl Iterator<Item = &'static str> {
        self.files.iter().flat_map(|file| file.edits).filter_map(Edit::wish)
    }
}

/// A file of a project.
#[derive(Debug)]
pub(super) struct File {
    /// Its path in the project.
    pub(super) path: &'static str,
    /// What is written there.
    pub(super) edits: &'static [Edit],
    /// What a new file begins with.
    pub(super) new: &'static str,
    /// It is a script that is run.
    pub(super) executable: bool,
    /// The program cannot do without a file that harness does not make.
    pub(super) must_exist: bool,
}

impl File {
    /// A file that is made where there is none.
    pub(super) const fn of(path: &'static str, edits: &'static [Edit]) -> Self {
        Self { path, edits, new: "", executable: false, must_exist: false }
    }
}

/// An event of a program.
#[derive(Debug)]
pub(super) struct Event {
    /// Its name.
    pub(super) name: &'static str,
    /// What is done.
    pub(super) does: Does,
}

impl Event {
    pub(super) const fn new(name: &'static str, does: Does) -> Self {
        Self { name, does }
    }
}

/// What a hook does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// Launches the stack of the tree; a failure is the program's to show.
    Launch,
    /// Removes the stack of the tree.
    Remove,
    /// Removes it if the tree is gone.
    RemoveIfGone,
    /// Makes the tree, then launches its stack; the answer is the path.
    Create,
    /// Launches the stack of a tree that is not the main checkout; the answer is what the model should know.
    Begin,
    /// Asks that work which is not verified goes on.
    Gate,
}
