//! The programs that do the work: how each is started so that it asks no questions, and which variables are its own.

use std::collections::BTreeMap;
use std::path::Path;

use crate::project::is_secret;

/// An argument of a longer prompt could not be passed on by the kernel, which takes 128 KiB.
const LONGEST_ARGUMENT: usize = 100_000;

/// A program that is known by its name.
struct Profile {
    name: &'static str,
    /// Its arguments; `{options}` stands for those of the project.
    first: &'static [&'static str],
    /// The same of a later round, where it can go on with its conversation.
    later: &'static [&'static str],
    /// Beginnings of the names of its variables.
    variables: &'static [&'static str],
    /// Variables that it always gets.
    set: &'static [(&'static str, &'static str)],
    /// Options that make it say what it costs; `{left}` is what may still be spent.
    priced: &'static [&'static str],
    /// How the model of `WORKER_LLM_URL` and `WORKER_API_KEY` is named in its environment.
    llm: (&'static str, &'static str),
}

/// As their documentation has it: each without questions, with its conversation of this directory in later rounds.
const PROFILES: [Profile; 5] = [
    Profile {
        name: "claude",
        first: &["-p", "{prompt}", "--dangerously-skip-permissions", "{options}"],
        later: &["-p", "{prompt}", "--continue", "--dangerously-skip-permissions", "{options}"],
        variables: &["ANTHROPIC_", "CLAUDE_"],
        set: &[("DISABLE_AUTOUPDATER", "1")],
        priced: &["--output-format", "stream-json", "--verbose", "--max-budget-usd", "{left}"],
        llm: ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"),
    },
    Profile {
        name: "codex",
        first: &["exec", "--dangerously-bypass-approvals-and-sandbox", "{options}", "{prompt}"],
        later: &["exec", "--dangerously-bypass-approvals-and-sandbox", "{options}", "resume", "--last", "{prompt}"],
        variables: &["OPENAI_", "CODEX_"],
        set: &[],
        priced: &[],
        llm: ("OPENAI_BASE_URL", "OPENAI_API_KEY"),
    },
    Profile {
        name: "opencode",
        first: &["run", "{options}", "{prompt}"],
        later: &["run", "--continue", "{options}", "{prompt}"],
        variables: &["ANTHROPIC_", "OPENAI_", "GEMINI_", "GOOGLE_", "OPENROUTER_", "OPENCODE_"],
        set: &[("OPENCODE_PERMISSION", r#"{"*":"allow"}"#), ("OPENCODE_DISABLE_AUTOUPDATE", "true")],
        priced: &["--format", "json"],
        llm: ("OPENAI_BASE_URL", "OPENAI_API_KEY"),
    },
    Profile {
        name: "aider",
        first: &[
            "--yes-always",
            "--no-check-update",
            "--no-show-release-notes",
            "--no-gitignore",
            "{options}",
            "--message-file",
            "{prompt_file}",
        ],
        later: &[
            "--yes-always",
            "--no-check-update",
            "--no-show-release-notes",
            "--no-gitignore",
            "--restore-chat-history",
            "{options}",
            "--message-file",
            "{prompt_file}",
        ],
        variables: &["ANTHROPIC_", "OPENAI_", "GEMINI_", "OPENROUTER_", "DEEPSEEK_", "AIDER_"],
        set: &[],
        priced: &[],
        llm: ("OPENAI_API_BASE", "OPENAI_API_KEY"),
    },
    Profile {
        name: "gemini",
        first: &["--approval-mode=yolo", "{options}", "-p", "{prompt}"],
        later: &["--approval-mode=yolo", "--resume", "latest", "{options}", "-p", "{prompt}"],
        variables: &["GEMINI_", "GOOGLE_"],
        set: &[("GEMINI_CLI_TRUST_WORKSPACE", "true")],
        priced: &[],
        llm: ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY"),
    },
];

/// The earlier coordinator's variables of the model.
const LLM: [&str; 3] = ["WORKER_LLM_URL", "WORKER_MODEL", "WORKER_API_KEY"];

/// The variables of a job's program, and which of them are secret.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    pub(super) all: BTreeMap<String, String>,
    pub(super) secret: Vec<String>,
}

impl Variables {
    /// The secret ones with their values.
    pub(super) fn secrets(&self) -> impl Iterator<Item = (String, String)> {
        self.secret.iter().filter_map(|name| Some((name.clone(), self.all.get(name)?.clone())))
    }
}

fn profile(program: &[String]) -> Option<&'static Profile> {
    let name = program.first()?;
    let has_place = program.iter().any(|word| word.contains("{prompt}") || word.contains("{prompt_file}"));
    PROFILES.iter().find(|profile| profile.name == name && !has_place)
}

/// The variables of a program: those of its kind and those that the project names, out of the worker's environment.
pub(super) fn variables(program: &[String], named: &[String], environment: &BTreeMap<String, String>) -> Variables {
    let profile = profile(program);
    let mut variables = Variables::default();
    for (name, value) in environment {
        let is_named = named.contains(name);
        let is_of_kind = profile.is_some_and(|it| it.variables.iter().any(|start| name.starts_with(start)))
            || LLM.contains(&name.as_str());
        if is_named || is_of_kind {
            variables.all.insert(name.clone(), value.clone());
            if is_named || is_secret(name) {
                variables.secret.push(name.clone());
            }
        }
    }
    let Some(profile) = profile else { return variables };
    let set = profile.set.iter().map(|(name, value)| (*name, (*value).to_owned(), false));
    let (url, key) = profile.llm;
    let of_llm = [(url, LLM[0], false), (key, LLM[2], true)];
    let of_llm =
        of_llm.into_iter().filter_map(|(name, from, secret)| Some((name, environment.get(from)?.clone(), secret)));
    for (name, value, is_secret) in set.chain(of_llm) {
        if !variables.all.contains_key(name) {
            variables.all.insert(name.to_owned(), value);
            variables.secret.extend(is_secret.then(|| name.to_owned()));
        }
    }
    variables
}

/// What a round begins with.
pub(super) struct Prompted<'a> {
    /// The round, from 1.
    pub(super) round: u32,
    /// The prompt.
    pub(super) text: &'a str,
    /// The file that has it too.
    pub(super) file: &'a Path,
}

/// Program and arguments of a round. `left` is what may still be spent, where that is limited.
pub(super) fn command(
    program: &[String],
    prompted: &Prompted<'_>,
    environment: &BTreeMap<String, String>,
    left: Option<f64>,
) -> Vec<String> {
    let (file, prompt) = (prompted.file.display().to_string(), prompted.text);
    let prompt = if prompt.len() > LONGEST_ARGUMENT {
        format!("Read the file {file} first: it says what you have to do.")
    } else {
        prompt.replace('\0', "")
    };
    // no program may take it for an option
    let prompt = if prompt.starts_with('-') { format!(" {prompt}") } else { prompt };
    let put = |word: &str| match word {
        "{prompt}" => prompt.clone(),
        // of a text that holds the other name nothing is replaced
        _ if word.contains("{prompt}") => word.replace("{prompt}", &prompt),
        _ => word.replace("{prompt_file}", &file),
    };
    let Some(profile) = profile(program) else { return program.iter().map(|word| put(word)).collect() };
    let model = environment.get(LLM[1]).filter(|model| !model.is_empty());
    let model = model.into_iter().flat_map(|model| ["--model".to_owned(), model.clone()]);
    let priced = left.into_iter().flat_map(|left| {
        profile.priced.iter().map(move |word| if *word == "{left}" { format!("{left:.2}") } else { (*word).to_owned() })
    });
    let options: Vec<String> = model.chain(priced).chain(program[1..].iter().cloned()).collect();
    let words = if prompted.round > 1 { profile.later } else { profile.first };
    let arguments = words.iter().flat_map(|word| match *word {
        "{options}" => options.clone(),
        word => vec![put(word)],
    });
    std::iter::once(profile.name.to_owned()).chain(arguments).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn each_program_is_started_without_questions() {
        let none = BTreeMap::new();
        let prompted = |round| Prompted { round, text: "DO", file: Path::new("/p.md") };
        let command = |program: &str, round| command(&words(program), &prompted(round), &none, None).join(" ");
        assert_eq!(command("claude", 1), "claude -p DO --dangerously-skip-permissions");
        assert_eq!(
            command("claude --max-turns 9", 2),
            "claude -p DO --continue --dangerously-skip-permissions --max-turns 9"
        );
        assert_eq!(command("codex", 1), "codex exec --dangerously-bypass-approvals-and-sandbox DO");
        assert_eq!(command("codex", 2), "codex exec --dangerously-bypass-approvals-and-sandbox resume --last DO");
        assert_eq!(command("opencode", 2), "opencode run --continue DO");
        assert!(command("aider", 1).ends_with("--no-gitignore --message-file /p.md"));
        assert_eq!(command("gemini", 1), "gemini --approval-mode=yolo -p DO");
        assert_eq!(command("sh run {prompt_file} {prompt}", 3), "sh run /p.md DO");
        assert_eq!(command("claude -p {prompt}", 1), "claude -p DO", "a project may say all of it itself");
        let model = BTreeMap::from([("WORKER_MODEL".to_owned(), "small".to_owned())]);
        let with = super::command(&words("claude"), &prompted(1), &model, None);
        assert_eq!(with.join(" "), "claude -p DO --dangerously-skip-permissions --model small");
        let priced = super::command(&words("claude"), &prompted(1), &none, Some(1.5)).join(" ");
        assert!(priced.ends_with("--output-format stream-json --verbose --max-budget-usd 1.50"), "{priced}");
        let priced = super::command(&words("opencode"), &prompted(1), &none, Some(1.5));
        assert_eq!(priced.join(" "), "opencode run --format json DO");
    }

    #[test]
    fn a_prompt_stays_one_argument_and_is_no_option() {
        fn prompted(text: &str) -> Prompted<'_> {
            Prompted { round: 1, text, file: Path::new("/p.md") }
        }
        let none = BTreeMap::new();
        let command = |prompt: &str| command(&words("x {prompt}"), &prompted(prompt), &none, None);
        assert_eq!(command("$(id) `id` {prompt_file}")[1], "$(id) `id` {prompt_file}");
        assert_eq!(command("--help")[1], " --help");
        assert_eq!(command("a\0b")[1], "ab");
        assert!(command(&"x".repeat(200_000))[1].contains("/p.md"));
    }

    #[test]
    fn a_program_gets_what_is_its_own() {
        let pairs = [
            ("ANTHROPIC_API_KEY", "sk-ant"),
            ("ANTHROPIC_MODEL", "big"),
            ("OPENAI_API_KEY", "sk-oai"),
            ("GITHUB_TOKEN", "ghp"),
            ("EXTRA", "value"),
            ("WORKER_API_KEY", "llm"),
        ];
        let environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let claude = variables(&words("claude"), &["EXTRA".to_owned()], &environment);
        let names: Vec<&str> = claude.all.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "ANTHROPIC_API_KEY",
                "ANTHROPIC_AUTH_TOKEN",
                "ANTHROPIC_MODEL",
                "DISABLE_AUTOUPDATER",
                "EXTRA",
                "WORKER_API_KEY"
            ]
        );
        assert_eq!(claude.secret, ["ANTHROPIC_API_KEY", "EXTRA", "WORKER_API_KEY", "ANTHROPIC_AUTH_TOKEN"]);
        let other = variables(&words("sh x"), &[], &environment);
        assert_eq!(other.all.into_keys().collect::<Vec<_>>(), ["WORKER_API_KEY"]);
    }
}
