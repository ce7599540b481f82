//! Why a template is rebuilt: what differs between the plan and the newest template of the project.

use super::super::Result;
use super::super::connection::Connection;
use super::super::mark::{OwnedKind, StepFacts};
use super::super::objects::databases;
use super::chain::{Link, TemplatePlan};

/// How many names a reason holds.
const NAMED: usize = 3;

/// What has changed, as one phrase: `file migrations/2.sql of step migrate changed`. `None` when there is no
/// former template, or it does not say what it was made from.
pub(super) async fn changes(
    connection: &Connection,
    plan: &TemplatePlan<'_>,
    links: &[Link],
) -> Result<Option<String>> {
    let templates = databases(connection).await?.into_iter().filter(|database| {
        let mark = database.mark(plan.home_id);
        database.valid && mark.is_some_and(|mark| mark.kind == OwnedKind::Template && mark.project == plan.project)
    });
    let newest = templates.map(|database| database.facts()).max_by(|one, other| one.made_at.cmp(&other.made_at));
    Ok(newest.filter(|facts| !facts.steps.is_empty()).map(|facts| described(&facts.steps, links)))
}

fn described(former: &[StepFacts], links: &[Link]) -> String {
    let steps = &links[1..];
    if former.iter().map(|step| &step.name).ne(steps.iter().map(|link| &link.step)) {
        return "the steps are others".to_owned();
    }
    for (old, new) in former.iter().zip(steps) {
        if old.admin != new.admin {
            let now = if new.admin { "now" } else { "no longer" };
            return format!("step `{}` is {now} run by the server's administrator (`admin`)", new.step);
        }
        if old.action != new.action {
            return format!("step `{}` does something else", new.step);
        }
        let variables = different(&old.environment, &new.environment);
        if !variables.is_empty() {
            return format!("{} of the environment of step `{}` changed", listed("variable", &variables), new.step);
        }
        let files = different(&old.files, &new.files);
        if !files.is_empty() {
            return format!("{} of step `{}` changed", listed("file", &files), new.step);
        }
    }
    "extensions, roles or the version of the server changed".to_owned()
}

/// The names whose values differ, or that only one side has.
fn different(old: &[(String, String)], new: &std::collections::BTreeMap<String, String>) -> Vec<String> {
    let changed = new.iter().filter(|(name, value)| {
        old.iter().find(|(known, _)| known == *name).is_none_or(|(_, former)| !value.starts_with(former.as_str()))
    });
    let gone = old.iter().filter(|(name, _)| !new.contains_key(name)).map(|(name, _)| name.clone());
    changed.map(|(name, _)| name.clone()).chain(gone).collect()
}

fn listed(what: &str, names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
    format!("{what}{plural} {}{more}", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(step: &str, action: &str, environment: &[(&str, &str)], files: &[(&str, &str)]) -> Link {
        let map = |entries: &[(&str, &str)]| {
            entries.iter().map(|(name, value)| ((*name).to_owned(), format!("{value}0123456789abcdef"))).collect()
        };
        Link {
            step: step.to_owned(),
            digest: String::new(),
            base: String::new(),
            action: action.to_owned(),
            environment: map(environment),
            files: map(files),
            incremental: false,
            admin: false,
        }
    }

    #[test]
    fn the_reason_is_what_changed() {
        let head = || link("", "", &[], &[]);
        let before = [head(), link("seed", "a", &[("REGION", "eu")], &[("one.sql", "1"), ("two.sql", "2")])];
        let former: Vec<StepFacts> = before[1..].iter().map(StepFacts::of).collect();
        let of = |now: Link| described(&former, &[head(), now]);
        let files = [("one.sql", "1"), ("two.sql", "2")];
        assert_eq!(
            of(link("seed", "a", &[("REGION", "us")], &files)),
            "variable `REGION` of the environment of step `seed` changed"
        );
        assert_eq!(
            of(link("seed", "a", &[("REGION", "eu")], &[("one.sql", "x"), ("three.sql", "3")])),
            "files `one.sql`, `three.sql`, `two.sql` of step `seed` changed"
        );
        assert_eq!(of(link("seed", "b", &[("REGION", "eu")], &files)), "step `seed` does something else");
        assert_eq!(of(link("other", "a", &[], &[])), "the steps are others");
        let by_admin = Link { admin: true, ..link("seed", "b", &[("REGION", "eu")], &files) };
        assert_eq!(of(by_admin), "step `seed` is now run by the server's administrator (`admin`)");
        assert_eq!(
            of(link("seed", "a", &[("REGION", "eu")], &files)),
            "extensions, roles or the version of the server changed"
        );
    }
}
