//! Which directory relative paths are meant from, as the output and the command line tell it.

use super::tree::SourceTree;

/// What one stream of output has said of its directory.
#[derive(Debug, Default)]
pub(super) struct Announced {
    /// Said outright: the package manager's banner, `make`, vitest's `RUN`. Tried before the working directory.
    pub(super) strong: Option<String>,
    /// Said by the way: cargo's `Compiling`, pytest's `rootdir`. Tried after it.
    pub(super) weak: Option<String>,
}

impl Announced {
    /// What a runner's prefix says: a directory, or a package's name.
    pub(super) fn of_prefix(prefix: &str, tree: &SourceTree) -> Self {
        Self { strong: tree.directory("", prefix).or_else(|| tree.package_dir(prefix)), weak: None }
    }

    /// Takes note of a line.
    pub(super) fn line(&mut self, line: &str, tree: &SourceTree) {
        if line.starts_with("> ")
            && let Some(found) = pattern!(r"^> ((?:@[\w.-]+/)?[\w.-]+)@\S+ [\w:.-]+(?: (/.+))?$").captures(line)
        {
            let directory = found.get(2).and_then(|directory| tree.directory("", directory.as_str()));
            self.strong = directory.or_else(|| tree.package_dir(&found[1]));
        } else if line.contains("RUN  v")
            && let Some(found) = pattern!(r"^\s*RUN\s+v[\d.]+\S*\s+(/.+)$").captures(line)
        {
            self.strong = tree.directory("", found[1].trim_end());
        } else if line.contains(" directory '")
            && let Some(found) = pattern!(r"^make(?:\[\d+\])?: (Entering|Leaving) directory '(.+)'$").captures(line)
        {
            self.strong = if &found[1] == "Entering" { tree.directory("", &found[2]) } else { None };
        } else if line.ends_with(')')
            && let Some(found) = pattern!(r"^\s*(?:Compiling|Checking) \S+ v\S+ \((/.+)\)$").captures(line)
        {
            self.weak = tree.directory("", &found[1]);
        } else if let Some(directory) = line.strip_prefix("rootdir: /") {
            self.weak = tree.directory("", &format!("/{directory}"));
        }
    }
}

/// Directories that a shell command line names.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Behind `cd`, `-C`, `--prefix` and the like.
    pub(super) strong: Vec<String>,
    /// Anything else that is a directory, a file in one, or a package's name.
    pub(super) weak: Vec<String>,
}

impl Named {
    /// Reads `command`, which runs in `working_dir`.
    pub(super) fn read(command: &str, working_dir: &str, tree: &SourceTree) -> Self {
        let mut named = Self::default();
        let words = command.split(|character: char| character.is_whitespace() || "'\"=;&|()".contains(character));
        let mut entering = false;
        for word in words.filter(|word| !word.is_empty()) {
            if matches!(
                word,
                "cd" | "-C" | "--prefix" | "--dir" | "--cwd" | "--root" | "--rootDir" | "--project-directory"
            ) {
                entering = true;
                continue;
            }
            if let Some(directory) = tree.directory(working_dir, word).filter(|directory| !directory.is_empty()) {
                if entering { &mut named.strong } else { &mut named.weak }.push(directory);
            } else if word.starts_with(|first: char| first.is_alphanumeric() || first == '@')
                && let Some(directory) = tree.package_dir(word.trim_end_matches("..."))
            {
                named.weak.push(directory);
            }
            entering = false;
        }
        named
    }
}
