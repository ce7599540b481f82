//! What `config check` says of the steps of `[database]` beyond their templates: files that are missing, and steps that the
//! server's administrator runs.

use std::path::Path;

use crate::project::{Problem, Project, StepAction};

/// Files of SQL that are not there. `[prepare]` may write them, where it has steps.
pub(super) fn missing_files(project: &Project) -> Vec<Problem> {
    if !project.prepare.is_empty() {
        return Vec::new();
    }
    let missing = missing(project);
    missing
        .into_iter()
        .map(|(key, file)| Problem {
            location: project.locate(&key),
            message: format!("`{key}`: there is no file `{}`", file.display()),
            key,
            hint: Some("write the path relative to the project's root, or add the file".to_owned()),
        })
        .collect()
}

/// What is worth a look though it is valid.
pub(super) fn warnings(project: &Project) -> Vec<String> {
    let admin = project.database.steps.iter().filter(|step| step.admin).map(|step| {
        format!(
            "step `{}` of `[database.template]` runs as the administrator of the database server (`admin = true`): it can do \
             anything on that server, also to other projects and agents",
            step.name
        )
    });
    let replication = project.database.replication.then(|| {
        "`replication = true` of `[database]`: an agent's role that may replicate can read every database of the server"
            .to_owned()
    });
    let missing = if project.prepare.is_empty() { Vec::new() } else { missing(project) };
    let missing = missing.into_iter().map(|(key, file)| {
        format!("`{key}`: there is no file `{}`; the step fails unless `[prepare]` writes it", file.display())
    });
    admin.chain(replication).chain(missing).collect()
}

fn missing(project: &Project) -> Vec<(String, &Path)> {
    let database = &project.database;
    let steps = database.steps.iter().map(|step| &step.action).enumerate();
    let steps = steps.map(|(index, action)| (format!("database.template.steps[{index}].sql"), action));
    let each = database.post_clone.iter().map(|entry| &entry.action).enumerate();
    let each = each.map(|(index, action)| (format!("database.post_clone[{index}].sql"), action));
    let files = steps.chain(each).filter_map(|(key, action)| match action {
        StepAction::Sql(file) => Some((key, file.as_path())),
        StepAction::Run(_) => None,
    });
    files.filter(|(_, file)| !project.root.join(file).is_file()).collect()
}
