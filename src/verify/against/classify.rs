//! The classes of failures, from what several runs have found.

use std::collections::BTreeMap;

use crate::report::verify::{ClassedFailure, FailureClass};

/// One failure of the run that is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) stage: String,
    pub(super) command: String,
    /// As it was printed.
    pub(super) text: String,
    /// The test, where its runner names it.
    pub(super) test: Option<String>,
    /// What it says.
    pub(super) wording: String,
}

/// What one run has found: the wordings of the failures of each command that ran, by stage and command.
pub(super) type Found = BTreeMap<(String, String), Vec<String>>;

/// Classes each failure. `baseline` is what the other commit's tree has, `again` what further runs of the same tree have;
/// a command that did not run in the baseline has no class, unless it is flaky.
pub(super) fn classify(failures: &[Failed], baseline: &Found, again: &[Found]) -> Vec<ClassedFailure> {
    let mut left = baseline.clone();
    failures
        .iter()
        .map(|failed| {
            let key = (failed.stage.clone(), failed.command.clone());
            let known = left.get_mut(&key);
            let ran = known.is_some();
            // of two alike, one that was there explains one
            let before = known.and_then(|known| {
                let at = known.iter().position(|wording| *wording == failed.wording)?;
                Some(known.swap_remove(at))
            });
            let differs = again.iter().any(|found| found.get(&key).is_some_and(|it| !it.contains(&failed.wording)));
            let class = match (before, ran) {
                _ if differs => Some(FailureClass::Flaky),
                (Some(_), _) => Some(FailureClass::PreExisting),
                (None, true) => Some(FailureClass::New),
                (None, false) => None,
            };
            ClassedFailure {
                stage: failed.stage.clone(),
                command: failed.command.clone(),
                first_error: failed.text.clone(),
                test: failed.test.clone(),
                class,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(wording: &str) -> Failed {
        Failed {
            stage: "test".into(),
            command: "all".into(),
            text: format!("{wording}:7"),
            test: None,
            wording: wording.into(),
        }
    }

    fn found(wordings: &[&str]) -> Found {
        let wordings = wordings.iter().map(|&wording| wording.to_owned()).collect();
        BTreeMap::from([(("test".to_owned(), "all".to_owned()), wordings)])
    }

    fn classes(failures: &[&str], baseline: &Found, again: &[Found]) -> Vec<Option<FailureClass>> {
        let failures: Vec<Failed> = failures.iter().map(|wording| failed(wording)).collect();
        classify(&failures, baseline, again).into_iter().map(|failure| failure.class).collect()
    }

    #[test]
    fn each_failure_is_classed_by_what_it_says() {
        use FailureClass::{Flaky, New, PreExisting};
        let again = [found(&["old", "new"])];
        assert_eq!(
            classes(&["old", "new", "sometimes"], &found(&["old", "gone"]), &again),
            [Some(PreExisting), Some(New), Some(Flaky)]
        );
        assert_eq!(classes(&["old", "old"], &found(&["old"]), &[]), [Some(PreExisting), Some(New)]);
        assert_eq!(classes(&["any"], &Found::new(), &[]), [None], "it did not run there");
        assert_eq!(classes(&["any"], &found(&[]), &[]), [Some(New)], "it passed there");
    }
}
