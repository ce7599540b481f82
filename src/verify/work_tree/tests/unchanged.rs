//! The look without git, beside what git says.

use std::path::Path;

use super::super::*;
use super::{Sandbox, git_in};

/// What the second test does to a tree, and whether its name is another one then.
type Change = (&'static str, bool, fn(&Sandbox));
/// What the first test does to a tree, and what lies beside its files then.
type Edit = (&'static str, Option<&'static [&'static str]>, fn(&Path));

#[test]
fn a_look_without_git_is_certain_or_says_nothing() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let edits: [Edit; 12] = [
        ("nothing", Some(&[]), |_| {}),
        ("written again", None, |root| std::fs::write(root.join("a.txt"), "longer").unwrap()),
        ("a mode", None, |root| {
            std::fs::set_permissions(root.join("a.txt"), std::fs::Permissions::from_mode(0o755)).unwrap();
        }),
        ("removed", None, |root| std::fs::remove_file(root.join("deep/er/b.txt")).unwrap()),
        ("a directory removed", None, |root| std::fs::remove_dir_all(root.join("deep")).unwrap()),
        ("a link in its place", None, |root| {
            std::fs::rename(root.join("a.txt"), root.join("ignored")).unwrap();
            symlink("ignored", root.join("a.txt")).unwrap();
        }),
        ("a link in a directory's place", None, |root| {
            std::fs::rename(root.join("deep"), root.join("ignored")).unwrap();
            symlink("ignored", root.join("deep")).unwrap();
        }),
        ("a directory in its place", None, |root| {
            std::fs::remove_file(root.join("a.txt")).unwrap();
            std::fs::create_dir(root.join("a.txt")).unwrap();
        }),
        ("a file in a directory's place", None, |root| {
            std::fs::remove_dir_all(root.join("deep")).unwrap();
            std::fs::write(root.join("deep"), "").unwrap();
        }),
        ("a new file", Some(&["new"]), |root| std::fs::write(root.join("new"), "").unwrap()),
        ("new directories", Some(&["deep/er/new", "new"]), |root| {
            std::fs::create_dir_all(root.join("new/er")).unwrap();
            std::fs::create_dir_all(root.join("deep/er/new")).unwrap();
        }),
        ("an ignored file", Some(&["deep/ignored"]), |root| std::fs::write(root.join("deep/ignored"), "").unwrap()),
    ];
    for (what, expected, edit) in edits {
        for prefix in ["", "below/"] {
            let sandbox = Sandbox::new();
            let root = sandbox.root().join(prefix);
            // a name that sorts before the slash of a directory, and one behind it
            for path in [".gitignore", "a.txt", "deep/er/b.txt", "deep/er/c.txt", "deep-", "deep.txt", "deep0"] {
                sandbox.write(&format!("{prefix}{path}"), "ignored\n");
            }
            sandbox.commit();
            edit(&root);
            let index = std::fs::read(sandbox.root().join(".git/index")).unwrap();
            let later = SystemTime::now() + std::time::Duration::from_hours(1);
            let seen = look::beside(&root, prefix, &index, later).map(|mut beside| {
                beside.sort();
                beside.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect::<Vec<_>>()
            });
            let expected = expected.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
            assert_eq!(seen, expected, "{what} in {prefix:?}");
            assert_eq!(look::beside(&root, prefix, &index, SystemTime::UNIX_EPOCH), None, "it may change again unseen");
        }
    }
}

#[test]
fn what_was_kept_of_the_last_look_gives_the_name_that_git_gives() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "ignored*\nempty/*\n!empty/kept\n");
    sandbox.write("a.txt", "one");
    sandbox.write("deep/b.txt", "two");
    sandbox.commit();
    sandbox.write("untracked.txt", "three");
    let keeping = sandbox.directory.path().join("keeping");
    std::fs::create_dir(&keeping).unwrap();
    let kept_name = || {
        sandbox.runtime.block_on(async {
            let opened = WorkTree::open(&sandbox.root(), sandbox.directory.path()).await.unwrap().unwrap();
            let work_tree = opened.keeping_in(&keeping);
            let name = work_tree.name().await.unwrap().unwrap();
            (name, work_tree.is_as_noted().await.unwrap())
        })
    };
    // what was kept is of files that were written long before, as it were
    let later = || {
        let path = keeping.join("last-index");
        let kept = std::fs::read(&path).unwrap();
        let end = kept.iter().position(|byte| *byte == b'\n').unwrap();
        let mut about: serde_json::Value = serde_json::from_slice(&kept[..end]).unwrap();
        about["looked"]["secs"] = (about["looked"]["secs"].as_u64().unwrap() + 3600).into();
        std::fs::write(&path, [about.to_string().as_bytes(), &kept[end..]].concat()).unwrap();
    };
    let edits: [Change; 12] = [
        ("nothing", false, |_| {}),
        ("a file that git ignores", false, |sandbox| sandbox.write("ignored", "1")),
        ("it is added by hand", true, |sandbox| drop(git_in(&sandbox.root(), &["add", "--force", "ignored"]))),
        ("it is removed from the index", true, |sandbox| {
            git_in(&sandbox.root(), &["rm", "--quiet", "--cached", "ignored"]);
        }),
        ("the index is read again", false, |sandbox| drop(git_in(&sandbox.root(), &["update-index", "--refresh"]))),
        ("an untracked file is added", false, |sandbox| drop(git_in(&sandbox.root(), &["add", "untracked.txt"]))),
        ("a file grew", true, |sandbox| sandbox.write("deep/b.txt", "two and more")),
        ("a directory of ignored files", false, |sandbox| sandbox.write("empty/one", "1")),
        ("an exception in it", true, |sandbox| sandbox.write("empty/kept", "1")),
        ("no exception any more", true, |sandbox| sandbox.write(".gitignore", "ignored*\nempty/*\n")),
        ("an exclude of this clone", true, |sandbox| {
            sandbox.write("noted", "1");
            std::fs::write(sandbox.root().join(".git/info/exclude"), "").unwrap();
        }),
        ("it is excluded", true, |sandbox| {
            std::fs::write(sandbox.root().join(".git/info/exclude"), "/noted\n").unwrap();
        }),
    ];
    let mut before = kept_name().0;
    for (what, differs, edit) in edits {
        later();
        edit(&sandbox);
        let (name, as_noted) = kept_name();
        assert_eq!(name, sandbox.name(), "{what}: the same as without");
        assert_eq!(name != before, differs, "{what}");
        assert!(as_noted, "{what}");
        before = name;
    }
    // what is no index of ours, and what was cut short
    for content in [
        "",
        "{}\n",
        "\0\n",
        &std::fs::read_to_string(keeping.join("last-index"))
            .map_or_else(|_| "x".to_owned(), |text| text[..30].to_owned()),
    ] {
        std::fs::write(keeping.join("last-index"), content).unwrap();
        assert_eq!(kept_name().0, before);
    }
}
