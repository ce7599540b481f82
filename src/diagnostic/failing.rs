//! One of the things that are wrong.

/// One failure in a command's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// `path:line[:column]: message`.
    pub text: String,
    /// The test that failed, as its runner names it.
    pub test: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::super::command::Command;
    use super::super::scan::{Stop, every_error};
    use super::super::tree::SourceTree;

    #[test]
    fn tests_that_say_the_same_are_told_apart_by_their_names() {
        let tree = tempfile::tempdir().unwrap();
        for file in ["a_test.py", "a.test.ts", "lib.rs", "a_test.go"] {
            std::fs::write(tree.path().join(file), "\n".repeat(20)).unwrap();
        }
        let pytest = |name: &str, line: u32| {
            format!(
                "____ {name} ____\n\n    def {name}():\n>       help(1)\n\na_test.py:{line}: \nE       assert 2 == 1\n\na_test.py:3: AssertionError\n"
            )
        };
        let rust = |name: &str, line: u32| {
            format!(
                "---- {name} stdout ----\n\nthread '{name}' (77) panicked at lib.rs:{line}:9:\nassertion failed: a\nnote: run\n\n"
            )
        };
        let vitest = |name: &str, line: u32| {
            format!(" FAIL  a.test.ts > sums > {name}\nAssertionError: expected 2 to be 1\n ❯ a.test.ts:{line}:5\n\n")
        };
        let go = |name: &str, line: u32| {
            format!("--- FAIL: {name} (0.00s)\n    a_test.go:{line}: not one\nFAIL\nFAIL\texample.org/a\t0.1s\n")
        };
        let node = |name: &str, error: &str, line: u32| {
            format!(
                "# Subtest: {name}\nnot ok 1 - {name}\n  ---\n  duration_ms: {line}.5\n  location: '/tree/a.test.ts:{line}:1'\n  failureType: 'testCodeFailure'\n  {error}\n  code: 'ERR_ASSERTION'\n  stack: |-\n    TestContext.<anonymous> (/tree/a.test.ts:{line}:9)\n    Test.run (node:internal/test_runner/test:796:25)\n  ...\n"
            )
            .replace("/tree", &tree.path().display().to_string())
        };
        for (tool, said) in [
            ("node", node("one", "error: '0 == 1'", 4) + &node("two", "error: |-\n    0 == 1\n    ", 9)),
            ("pytest", pytest("one", 4) + &pytest("two", 9)),
            ("rust", rust("one", 4) + &rust("two", 9)),
            ("vitest", vitest("one", 4) + &vitest("two", 9)),
            ("go", go("one", 4) + &go("two", 9)),
        ] {
            let log = tree.path().join("log");
            std::fs::write(&log, said).unwrap();
            let command = Command { line: tool, working_dir: "", error_pattern: None };
            let found = every_error(&log, command, &SourceTree::new(tree.path()), &Stop::default()).unwrap();
            let names: Vec<&str> = found.iter().filter_map(|failing| failing.test.as_deref()).collect();
            let expected = if tool == "vitest" { ["sums > one", "sums > two"] } else { ["one", "two"] };
            assert_eq!(names, expected, "{tool}: {found:?}");
        }
    }
}
