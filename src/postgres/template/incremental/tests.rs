use proptest::prelude::*;

use super::*;

fn files(paths: &[&str]) -> Vec<(String, String)> {
    paths.iter().map(|path| ((*path).to_owned(), format!("digest of {path}"))).collect()
}

fn appended(old: &[&str], new: &[&str]) -> bool {
    is_appended(&files(old), &files(new).into_iter().collect())
}

#[test]
fn a_migration_behind_the_last_is_appended() {
    assert!(appended(&["m/001.sql"], &["m/001.sql", "m/002.sql"]));
    assert!(appended(&["m/V2__b.sql", "m/V9__c.sql"], &["m/V2__b.sql", "m/V9__c.sql", "m/V10__d.sql"]));
    // a directory a migration, and a file that belongs to none
    let prisma = ["m/20240101_a/migration.sql", "m/migration_lock.toml"];
    assert!(appended(&prisma, &[prisma[0], prisma[1], "m/20240102_b/migration.sql"]));
    // two lists of migrations
    assert!(appended(&["app/m/002.ts", "app/ee/m/001.ts"], &["app/m/002.ts", "app/ee/m/001.ts", "app/ee/m/002.ts"]));
    assert!(appended(&[], &["m/001.sql"]));
}

#[test]
fn history_that_was_edited_is_not_appended() {
    assert!(!appended(&["m/001.sql", "m/003.sql"], &["m/001.sql", "m/002.sql", "m/003.sql"]));
    assert!(!appended(&["m/001.sql", "m/002.sql"], &["m/001.sql", "m/003.sql"]));
    assert!(!appended(&["m/20240102_b/migration.sql"], &["m/20240101_a/migration.sql", "m/20240102_b/migration.sql"]));
    let changed = [("m/001.sql".to_owned(), "other".to_owned()), ("m/002.sql".to_owned(), String::new())];
    assert!(!is_appended(&files(&["m/001.sql"]), &changed.into_iter().collect()));
}

fn link(base: &str, digest: &str, paths: &[&str], incremental: bool) -> Link {
    Link {
        step: "s".into(),
        digest: format!("{digest}000000000000"),
        base: base.into(),
        action: String::new(),
        environment: BTreeMap::new(),
        files: files(paths).into_iter().collect(),
        incremental,
        admin: false,
    }
}

fn state(name: &str, base: &str, paths: &[&str]) -> (String, Facts) {
    (name.into(), Facts { base: Some(base.into()), files: files(paths), ..Facts::default() })
}

#[test]
fn the_furthest_state_is_started_from() {
    let links = [
        link("head", "h", &[], false),
        link("migrate", "aaaaaaaaaaaa", &["m/1", "m/2"], true),
        link("seed", "bbbbbbbbbbbb", &["s/1"], true),
    ];
    assert_eq!(choose(&links, &[]), Start::Fresh);
    let former = state("tpl_former", "migrate", &["m/1"]);
    let again = Start::Again { link: 1, from: "tpl_former".into() };
    assert_eq!(choose(&links, std::slice::from_ref(&former)), again);
    assert_eq!(again.first_step(), 0);
    let exact = state("tpl_aaaaaaaaaaaa", "migrate", &["m/1", "m/2"]);
    let after = Start::After { link: 1, from: "tpl_aaaaaaaaaaaa".into() };
    assert_eq!(choose(&links, &[former.clone(), exact]), after);
    assert_eq!(after.first_step(), 1);
    // of the same step after other steps: of no use
    assert_eq!(choose(&links, &[state("tpl_other", "elsewhere", &["m/1"])]), Start::Fresh);
    // with edited history: of no use
    assert_eq!(choose(&links, &[state("tpl_edited", "migrate", &["m/0"])]), Start::Fresh);
}

proptest! {
    #[test]
    fn natural_order_is_an_order(one in "[a-c0-9]{0,6}", two in "[a-c0-9]{0,6}", three in "[a-c0-9]{0,6}") {
        prop_assert_eq!(natural(&one, &two), natural(&two, &one).reverse());
        if natural(&one, &two) != Ordering::Greater && natural(&two, &three) != Ordering::Greater {
            prop_assert_ne!(natural(&one, &three), Ordering::Greater);
        }
    }
}
