use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn step(command: &str, inputs: &[&str]) -> TemplateStep {
    TemplateStep {
        name: "step".into(),
        action: StepAction::Run(command.into()),
        inputs: inputs.iter().map(ToString::to_string).collect(),
        incremental: false,
        admin: false,
        working_dir: None,
        timeout: Duration::from_mins(1),
    }
}

fn plan<'a>(settings: &'a DatabaseSettings, tree: &'a Path) -> TemplatePlan<'a> {
    TemplatePlan {
        settings,
        tree,
        environment: vec![("A".into(), "1".into())],
        base_environment: vec![("PATH".into(), "/bin".into())],
        home_id: "0123456789ab",
        project: "board",
    }
}

fn digests(plan: &TemplatePlan<'_>) -> Vec<String> {
    plan.links(15).unwrap().into_iter().map(|link| link.digest).collect()
}

#[test]
fn a_link_changes_with_what_it_is_made_from_and_so_do_all_behind_it() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("one.sql"), "1").unwrap();
    fs::write(tree.path().join("two.sql"), "2").unwrap();
    let steps = vec![step("a", &["one.sql"]), step("b", &["two.sql"])];
    let settings = DatabaseSettings { steps, ..DatabaseSettings::default() };
    let before = digests(&plan(&settings, tree.path()));
    assert_eq!(before, digests(&plan(&settings, tree.path())));

    fs::write(tree.path().join("two.sql"), "changed").unwrap();
    let after = digests(&plan(&settings, tree.path()));
    assert_eq!(before[..2], after[..2]);
    assert_ne!(before[2], after[2]);

    fs::write(tree.path().join("one.sql"), "changed").unwrap();
    let later = digests(&plan(&settings, tree.path()));
    assert_eq!(after[0], later[0]);
    assert!(after[1] != later[1] && after[2] != later[2]);
}

#[test]
fn everything_that_decides_is_in_the_chain_and_nothing_else() {
    let tree = tempfile::tempdir().unwrap();
    let settings = DatabaseSettings { steps: vec![step("a", &[])], ..DatabaseSettings::default() };
    let base = plan(&settings, tree.path());
    let last = |plan: &TemplatePlan<'_>, major| plan.links(major).unwrap().pop().unwrap().digest;
    let before = last(&base, 15);
    assert_ne!(before, last(&base, 18));
    assert_ne!(before, last(&TemplatePlan { project: "other", ..base.clone() }, 15));
    assert_ne!(before, last(&TemplatePlan { home_id: "ba9876543210", ..base.clone() }, 15));
    let changed = || vec![("A".into(), "2".into())];
    assert_eq!(before, last(&TemplatePlan { environment: changed(), ..base.clone() }, 15), "the step does not use it");
    let more = DatabaseSettings { extensions: vec!["citext".into()], ..settings.clone() };
    assert_ne!(before, last(&TemplatePlan { settings: &more, ..base.clone() }, 15));
    // a PATH, a name or a patience of another kind makes no other database
    assert_eq!(before, last(&TemplatePlan { base_environment: Vec::new(), ..base.clone() }, 15));
    let mut renamed = settings.clone();
    renamed.steps[0].name = "other".into();
    renamed.steps[0].timeout = Duration::from_mins(2);
    renamed.steps[0].incremental = true;
    assert_eq!(before, last(&TemplatePlan { settings: &renamed, ..base.clone() }, 15));
}

#[test]
fn steps_see_the_real_database_in_place_of_its_placeholders() {
    let tree = tempfile::tempdir().unwrap();
    let settings = DatabaseSettings::default();
    let server = Server::local(5432, "postgres", Secret::new("x"));
    let stand_in = TemplatePlan::placeholders(&server);
    let mut plan = plan(&settings, tree.path());
    plan.environment = vec![
        ("CONNECTION".into(), format!("{}?sslmode=disable", stand_in.url())),
        ("DATABASE_URL".into(), "postgresql://production/precious".into()),
    ];
    let login = server.login("tpl_0_building", "tpl_0", &Secret::new("word"));
    let environment = plan.step_environment(&login);
    let value = |name: &str| environment.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str());
    assert_eq!(value("CONNECTION"), Some("postgresql://tpl_0:word@127.0.0.1:5432/tpl_0_building?sslmode=disable"));
    assert_eq!(value("DATABASE_URL"), None);
    assert_eq!(value("PATH"), Some("/bin"));
}

#[test]
fn a_sql_file_is_an_input_by_itself_and_must_exist() {
    let tree = tempfile::tempdir().unwrap();
    let sql = TemplateStep { action: StepAction::Sql("seed.sql".into()), ..step("", &[]) };
    let settings = DatabaseSettings { steps: vec![sql], ..DatabaseSettings::default() };
    let plan = plan(&settings, tree.path());
    assert!(matches!(plan.links(15), Err(Error::ScriptFile { .. })));
    fs::write(tree.path().join("seed.sql"), "1").unwrap();
    let before = digests(&plan);
    fs::write(tree.path().join("seed.sql"), "2").unwrap();
    assert_ne!(before, digests(&plan));
}

proptest! {
    #[test]
    fn no_two_lists_of_parts_hash_alike(left: Vec<String>, right: Vec<String>) {
        let digest = |parts: &[String]| {
            let mut hash = Hash::new("");
            hash.list(parts);
            hash.finish()
        };
        prop_assert_eq!(left == right, digest(&left) == digest(&right));
    }
}

#[test]
fn a_variable_counts_where_it_is_given_by_name_or_used() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("seed.sh"), "psql -c \"insert into regions values ('$REGION')\" # not REGIONS_OLD")
        .unwrap();
    let last = |settings: &DatabaseSettings, name: &str, value: &str| {
        let plan = TemplatePlan {
            environment: vec![(name.into(), value.into()), ("OTHER".into(), value.into())],
            ..plan(settings, tree.path())
        };
        plan.links(15).unwrap().pop().unwrap().digest
    };
    let of = |command: &str, inputs: &[&str], env: &[&str]| DatabaseSettings {
        steps: vec![step(command, inputs)],
        env: env.iter().map(|name| ((*name).to_owned(), crate::project::Template("x".into()))).collect(),
        ..DatabaseSettings::default()
    };
    let counts = |settings: &DatabaseSettings, name: &str| last(settings, name, "1") != last(settings, name, "2");
    assert!(counts(&of("seed --region=$REGION", &[], &[]), "REGION"));
    assert!(counts(&of("sh seed.sh", &["seed.sh"], &[]), "REGION"), "an input file names it");
    assert!(counts(&of("sh seed.sh", &[], &["REGION"]), "REGION"), "it is given by name");
    assert!(!counts(&of("sh seed.sh", &["seed.sh"], &[]), "REGIONS"));
    assert!(!counts(&of("seed --region=${REGION_NAME}", &[], &[]), "REGION"));
}
