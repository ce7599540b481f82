//! Which paths are the runs' own output; the module's text has the rule and its reasons.

use std::collections::BTreeSet;

/// Paths from the tree's root; those beside it are absolute.
pub(super) type Paths = BTreeSet<String>;

/// How many runs in succession may begin because of the one before.
const RUNS: usize = 5;
/// How many paths are named.
const NAMED: usize = 20;

/// What runs write to the tree.
#[derive(Debug, Default)]
pub(super) struct Output {
    own: Paths,
    /// What changed during the last run.
    last: Paths,
    /// Runs since nothing but runs changed the tree.
    runs: usize,
}

/// What follows a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another run.
    Run,
    /// No run until something else changes. The text is a warning for the user, given once.
    Wait(Option<String>),
}

impl Output {
    /// What is known to be output.
    pub(super) fn own(&self) -> &Paths {
        &self.own
    }

    /// Takes in what changed during a run that came to its end.
    pub(super) fn ended(&mut self, changed: Paths) -> Next {
        if changed.is_subset(&self.own) {
            return Next::Wait(None);
        }
        self.runs += 1;
        let repeated = changed == self.last;
        if repeated || self.runs == RUNS {
            let new: Vec<&str> = changed.difference(&self.own).map(String::as_str).collect();
            let warning = if repeated {
                format!(
                    "changed during two runs in succession, and nothing else did: {}; it is taken for what the commands \
                     write, and begins no other run. Put it into .gitignore: a run that changes the tree never passes",
                    named(&new)
                )
            } else {
                format!(
                    "each of {RUNS} runs in succession changed the tree, the last one {}; no other begins until something \
                     else changes. Put what the commands write into .gitignore: a run that changes the tree never passes",
                    named(&new)
                )
            };
            if repeated {
                self.own.extend(changed);
            }
            return Next::Wait(Some(warning));
        }
        self.last = changed;
        Next::Run
    }

    /// Takes in what changed while no run was at work.
    pub(super) fn others_changed(&mut self, changed: &Paths) {
        self.own.retain(|path| !changed.contains(path));
        self.last.clear();
        self.runs = 0;
    }
}

fn named(paths: &[&str]) -> String {
    let more = if paths.len() > NAMED { ", ..." } else { "" };
    let quoted: Vec<String> = paths.iter().take(NAMED).map(|path| format!("`{path}`")).collect();
    format!("{}{more}", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Paths {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn told(next: &Next) -> &str {
        let Next::Wait(Some(told)) = next else { panic!("{next:?}") };
        told
    }

    #[test]
    fn what_two_runs_in_succession_change_and_nothing_else_is_their_own() {
        let mut output = Output::default();
        assert_eq!(output.ended(paths(&[])), Next::Wait(None));
        assert_eq!(output.ended(paths(&["stamp"])), Next::Run);
        assert!(told(&output.ended(paths(&["stamp"]))).contains("`stamp`"));
        // known by now
        output.others_changed(&paths(&["src/a"]));
        assert_eq!(output.ended(paths(&["stamp"])), Next::Wait(None));
        // a second file is named alone
        output.others_changed(&paths(&["src/a"]));
        assert_eq!(output.ended(paths(&["stamp", "types"])), Next::Run);
        let next = output.ended(paths(&["stamp", "types"]));
        assert!(told(&next).contains("`types`") && !told(&next).contains("`stamp`"), "{next:?}");
        assert_eq!(output.own(), &paths(&["stamp", "types"]));
    }

    #[test]
    fn what_changes_beside_a_run_or_with_something_else_is_somebody_elses() {
        let mut output = Output::default();
        assert_eq!(output.ended(paths(&["a"])), Next::Run);
        assert_eq!(output.ended(paths(&["a", "b"])), Next::Run, "something else changed too");
        assert_eq!(output.ended(paths(&["a"])), Next::Run);
        output.others_changed(&paths(&["a"]));
        assert_eq!(output.ended(paths(&["a"])), Next::Run, "it changed between the two");
        assert!(matches!(output.ended(paths(&["a"])), Next::Wait(Some(_))));
        output.others_changed(&paths(&["a"]));
        assert_eq!(output.own(), &Paths::new());
        assert_eq!(output.ended(paths(&["a"])), Next::Run);
    }

    #[test]
    fn a_file_with_another_name_in_each_run_begins_a_few_runs_and_no_more() {
        let mut output = Output::default();
        let report = |run: usize| paths(&[&format!("report-{run}")]);
        for run in 1..RUNS {
            assert_eq!(output.ended(report(run)), Next::Run);
        }
        assert!(told(&output.ended(report(RUNS))).contains(&format!("`report-{RUNS}`")));
        output.others_changed(&paths(&["a"]));
        assert_eq!(output.ended(report(RUNS + 1)), Next::Run);
    }
}
