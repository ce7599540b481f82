//! A command line as an argument vector.
//!
//! A plain command is split here, so that the supervised process is the program itself and signals and
//! exit status are its own. A command with shell syntax runs through `/bin/sh -c`; where it is a single
//! command it gets `exec`, so that no shell lingers in between.

/// Characters that mean something to a shell outside of quotes.
const SPECIAL: &[char] =
    &['|', '&', ';', '<', '>', '(', ')', '$', '`', '*', '?', '[', ']', '#', '~', '!', '{', '}', '\n'];

/// Those of them that may make more than one command out of a line.
const COMPOUND: &[char] = &['|', '&', ';', '(', ')', '`', '!', '\n'];

/// Words that a shell does not look for on PATH, or that change the shell itself.
const BUILTINS: &[&str] = &[
    ".", ":", "[", "alias", "bg", "break", "case", "cd", "command", "continue", "eval", "exec", "exit", "export", "fg",
    "for", "getopts", "hash", "if", "jobs", "local", "read", "readonly", "return", "set", "shift", "source", "time",
    "times", "trap", "type", "ulimit", "umask", "unalias", "unset", "until", "wait", "while", "{",
];

/// The program and arguments that run `command`.
pub fn argv(command: &str) -> Vec<String> {
    let command = command.trim();
    let syntax = Syntax::of(command);
    let first = command.split_whitespace().next().unwrap_or_default();
    let assignment = first
        .split_once('=')
        .is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    let builtin = BUILTINS.contains(&first);
    if !syntax.special
        && !assignment
        && !builtin
        && let Ok(words) = shell_words::split(command)
    {
        return words;
    }
    let exec = if syntax.compound || assignment || builtin { "" } else { "exec " };
    vec!["/bin/sh".to_owned(), "-c".to_owned(), format!("{exec}{command}")]
}

/// What a command line asks of a shell.
struct Syntax {
    /// Anything that plain splitting would get wrong.
    special: bool,
    /// Perhaps more than one command.
    compound: bool,
}

impl Syntax {
    fn of(command: &str) -> Self {
        let mut found = Self { special: false, compound: false };
        let mut quote = None;
        let mut characters = command.chars().peekable();
        let mut previous = ' ';
        while let Some(character) = characters.next() {
            match (quote, character) {
                (Some('\''), '\'') | (Some('"'), '"') => quote = None,
                (Some('"'), '$') => found.special = true,
                (Some('"'), '`') => (found.special, found.compound) = (true, true),
                (None, '\'' | '"') => quote = Some(character),
                (None | Some('"'), '\\') => {
                    characters.next();
                }
                (None, _) if SPECIAL.contains(&character) => {
                    found.special = true;
                    // `2>&1` is a redirection
                    let redirection = character == '&' && matches!(previous, '<' | '>');
                    found.compound |= COMPOUND.contains(&character) && !redirection;
                }
                _ => {}
            }
            previous = character;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::argv;

    #[test]
    fn plain_commands_are_split_and_others_go_through_a_shell() {
        let cases: &[(&str, &[&str])] = &[
            ("node server.js", &["node", "server.js"]),
            ("  node  'a b' \"c d\" e\\ f ", &["node", "a b", "c d", "e f"]),
            ("echo 'a|b;$c'", &["echo", "a|b;$c"]),
            ("env A=1 node x", &["env", "A=1", "node", "x"]),
            ("vite --port=3030", &["vite", "--port=3030"]),
            ("node $APP", &["/bin/sh", "-c", "exec node $APP"]),
            ("node \"$APP\" 2>&1 >log", &["/bin/sh", "-c", "exec node \"$APP\" 2>&1 >log"]),
            ("a && b", &["/bin/sh", "-c", "a && b"]),
            ("a | b", &["/bin/sh", "-c", "a | b"]),
            ("a $(b)", &["/bin/sh", "-c", "a $(b)"]),
            ("cd x", &["/bin/sh", "-c", "cd x"]),
            ("PORT=1 node x", &["/bin/sh", "-c", "PORT=1 node x"]),
            ("a\nb", &["/bin/sh", "-c", "a\nb"]),
            ("echo 'open", &["/bin/sh", "-c", "exec echo 'open"]),
        ];
        for (command, expected) in cases {
            assert_eq!(argv(command), *expected, "{command:?}");
        }
    }
}
