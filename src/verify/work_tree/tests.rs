use std::process::Command;

use super::*;

struct Sandbox {
    directory: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

impl Sandbox {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sandbox = Self { directory, runtime };
        sandbox.repository("repository");
        sandbox
    }

    fn repository(&self, name: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        git_in(&path, &["init", "--quiet", "--initial-branch=main"]);
        path
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("repository")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn commit(&self) {
        git_in(&self.root(), &["add", "--all"]);
        git_in(&self.root(), &["commit", "--quiet", "--message", "state"]);
    }

    fn name_of(&self, tree: &Path) -> Option<String> {
        self.runtime.block_on(async {
            let work_tree = WorkTree::open(tree, self.directory.path()).await.unwrap()?;
            work_tree.name().await.unwrap()
        })
    }

    fn name(&self) -> String {
        self.name_of(&self.root()).unwrap()
    }
}

fn git_in(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "protocol.file.allow=always", "-C"])
        .arg(directory)
        .args(arguments)
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn everything_that_git_does_not_ignore_counts() {
    let sandbox = Sandbox::new();
    sandbox.write("src/main.rs", "one");
    sandbox.write(".gitignore", "/target\n");
    let first = sandbox.name();
    sandbox.write("target/debug", "built");
    assert_eq!(sandbox.name(), first, "what is ignored does not count");
    sandbox.write("src/main.rs", "two");
    let second = sandbox.name();
    assert_ne!(second, first, "an untracked file does");
    sandbox.commit();
    assert_eq!(sandbox.name(), second, "a commit changes nothing");
    assert_eq!(git_in(&sandbox.root(), &["rev-parse", "HEAD^{tree}"]), second);
    sandbox.write("src/main.rs", "one");
    assert_eq!(sandbox.name(), first, "the same content has the same name");
    std::fs::remove_file(sandbox.root().join("src/main.rs")).unwrap();
    assert_ne!(sandbox.name(), first, "a removed file counts");
}

#[test]
fn an_edit_of_the_same_length_in_the_same_moment_is_seen() {
    let sandbox = Sandbox::new();
    sandbox.write("a", "1");
    sandbox.commit();
    for text in ["2", "3", "4", "5", "6"] {
        let before = sandbox.name();
        sandbox.write("a", text);
        assert_ne!(sandbox.name(), before);
    }
}

#[test]
fn neither_index_nor_repository_changes() {
    let sandbox = Sandbox::new();
    sandbox.write("tracked", "1");
    sandbox.commit();
    sandbox.write("tracked", "2");
    sandbox.write("untracked", "1");
    let look = || {
        let objects = git_in(&sandbox.root(), &["count-objects"]);
        let index = std::fs::read(sandbox.root().join(".git/index")).unwrap();
        (objects, index, git_in(&sandbox.root(), &["status", "--porcelain"]))
    };
    // git status itself refreshes the index
    let _ = look();
    let before = look();
    sandbox.name();
    assert_eq!(look(), before);
}

#[test]
fn what_changed_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("kept", "1");
    sandbox.commit();
    sandbox.runtime.block_on(async {
        let work_tree = WorkTree::open(&sandbox.root(), sandbox.directory.path()).await.unwrap().unwrap();
        let before = work_tree.name().await.unwrap().unwrap();
        sandbox.write("kept", "2");
        sandbox.write("new \"file\"", "1");
        let after = work_tree.name().await.unwrap().unwrap();
        assert_eq!(work_tree.differing(&before, &after).await.unwrap(), ["kept", "new \"file\""]);
    });
}

#[test]
fn a_linked_work_tree_and_a_project_below_the_root_have_names() {
    let sandbox = Sandbox::new();
    sandbox.write("app/a", "1");
    sandbox.write("other", "1");
    sandbox.commit();
    let linked = sandbox.directory.path().join("linked");
    git_in(&sandbox.root(), &["worktree", "add", "--quiet", linked.to_str().unwrap()]);
    assert_eq!(sandbox.name_of(&linked), Some(sandbox.name()));
    std::fs::write(linked.join("other"), "2").unwrap();
    assert_ne!(sandbox.name_of(&linked), Some(sandbox.name()));

    let app = sandbox.root().join("app");
    let before = sandbox.name_of(&app).unwrap();
    sandbox.write("other", "3");
    assert_eq!(sandbox.name_of(&app).unwrap(), before, "what lies beside the project does not count");
    sandbox.write("app/b", "1");
    assert_ne!(sandbox.name_of(&app).unwrap(), before);
}

#[test]
fn there_is_no_name_where_git_is_not() {
    let sandbox = Sandbox::new();
    let plain = tempfile::tempdir().unwrap();
    assert_eq!(sandbox.name_of(plain.path()), None);
    sandbox.write(".gitignore", "/ignored\n");
    sandbox.write("ignored/app/a", "1");
    assert_eq!(sandbox.name_of(&sandbox.root().join("ignored/app")), None);
}

#[test]
fn a_sparse_tree_keeps_what_is_not_checked_out() {
    let sandbox = Sandbox::new();
    sandbox.write("in/a", "1");
    sandbox.write("out/a", "1");
    sandbox.commit();
    let whole = sandbox.name();
    git_in(&sandbox.root(), &["sparse-checkout", "set", "in"]);
    assert!(!sandbox.root().join("out").exists());
    assert_eq!(sandbox.name(), whole);
    sandbox.write("out/new", "1");
    assert_ne!(sandbox.name(), whole);
}

#[test]
fn a_submodule_counts_by_its_content() {
    let sandbox = Sandbox::new();
    let library = sandbox.repository("library");
    std::fs::write(library.join("lib"), "1").unwrap();
    git_in(&library, &["add", "--all"]);
    git_in(&library, &["commit", "--quiet", "--message", "library"]);
    sandbox.write("a", "1");
    git_in(&sandbox.root(), &["submodule", "--quiet", "add", library.to_str().unwrap(), "library"]);
    sandbox.commit();
    let before = sandbox.name();
    assert_eq!(sandbox.name(), before);
    sandbox.write("library/lib", "2");
    assert_ne!(sandbox.name(), before, "uncommitted work in a submodule counts");
}

#[test]
fn a_repository_in_the_middle_does_not_keep_the_rest_from_counting() {
    let sandbox = Sandbox::new();
    sandbox.repository("repository/nested");
    sandbox.write("a", "1");
    let before = sandbox.name();
    sandbox.write("a", "2");
    assert_ne!(sandbox.name(), before);
}

#[test]
fn whether_it_is_as_noted_is_known_without_a_name() {
    use std::os::unix::fs::PermissionsExt;

    type Edit = (&'static str, bool, fn(&Path));
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "ignored\n");
    sandbox.write("a.txt", "one");
    sandbox.write("b.txt", "two");
    sandbox.commit();
    sandbox.write("untracked.txt", "three");
    let edits: [Edit; 8] = [
        ("nothing", true, |_| {}),
        ("a file that git ignores", true, |root| std::fs::write(root.join("ignored"), "x").unwrap()),
        ("written again as it was", true, |root| std::fs::write(root.join("a.txt"), "one").unwrap()),
        ("as long as before, in the same moment", false, |root| std::fs::write(root.join("a.txt"), "eno").unwrap()),
        ("an untracked file changed", false, |root| std::fs::write(root.join("untracked.txt"), "eerht").unwrap()),
        ("a new file", false, |root| std::fs::write(root.join("new.txt"), "").unwrap()),
        ("removed", false, |root| std::fs::remove_file(root.join("b.txt")).unwrap()),
        ("a mode", false, |root| {
            std::fs::set_permissions(root.join("a.txt"), std::fs::Permissions::from_mode(0o755)).unwrap();
        }),
    ];
    for (what, same, edit) in edits {
        let (before, noted, after) = sandbox.runtime.block_on(async {
            let work_tree = WorkTree::open(&sandbox.root(), sandbox.directory.path()).await.unwrap().unwrap();
            let before = work_tree.name().await.unwrap();
            edit(&sandbox.root());
            (before, work_tree.is_as_noted().await.unwrap(), work_tree.name().await.unwrap())
        });
        assert_eq!(noted, same, "{what}");
        assert_eq!(before == after, same, "{what}: the names say the same");
    }
}

#[test]
fn what_git_is_asked_not_to_look_at_counts_all_the_same() {
    let sandbox = Sandbox::new();
    for file in ["assumed", "skipped", "gone", "other"] {
        sandbox.write(file, "1");
    }
    sandbox.commit();
    let whole = sandbox.name();
    git_in(&sandbox.root(), &["update-index", "--assume-unchanged", "assumed"]);
    git_in(&sandbox.root(), &["update-index", "--skip-worktree", "skipped", "gone"]);
    assert_eq!(sandbox.name(), whole, "nothing has changed yet");
    let mut names = vec![whole.clone()];
    let mut differs = |what: &str| {
        let name = sandbox.name();
        assert!(!names.contains(&name), "{what}");
        names.push(name);
    };
    sandbox.write("assumed", "2");
    differs("assume-unchanged");
    sandbox.write("skipped", "2");
    differs("skip-worktree");
    std::fs::remove_file(sandbox.root().join("gone")).unwrap();
    differs("skip-worktree, and removed");
    assert_eq!(git_in(&sandbox.root(), &["status", "--porcelain"]), "", "git itself sees nothing");
    // what is committed is another tree, and the user's index has its marks still
    sandbox.runtime.block_on(async {
        let work_tree = WorkTree::open(&sandbox.root(), sandbox.directory.path()).await.unwrap().unwrap();
        assert_eq!(work_tree.name_of_index(None).await.unwrap(), Some(whole));
    });
    assert_eq!(git_in(&sandbox.root(), &["ls-files", "-v", "assumed", "skipped"]), "h assumed\nS skipped");
}

#[test]
fn a_repository_within_counts_whatever_its_ignore_says() {
    let sandbox = Sandbox::new();
    let inner = sandbox.repository("library");
    std::fs::write(inner.join("a"), "1").unwrap();
    git_in(&inner, &["add", "--all"]);
    git_in(&inner, &["commit", "--quiet", "--message", "one"]);
    git_in(&sandbox.root(), &["submodule", "--quiet", "add", "../library", "declared"]);
    git_in(&sandbox.root(), &["clone", "--quiet", "../library", "plain"]);
    git_in(&sandbox.root(), &["config", "submodule.declared.ignore", "all"]);
    git_in(&sandbox.root(), &["config", "--file", ".gitmodules", "submodule.declared.ignore", "all"]);
    sandbox.commit();
    let before = sandbox.name();
    sandbox.write("declared/a", "2");
    let second = sandbox.name();
    assert_ne!(second, before, "a submodule with ignore = all");
    sandbox.write("plain/a", "2");
    let third = sandbox.name();
    assert_ne!(third, second, "a repository that .gitmodules does not name");
    git_in(&sandbox.root().join("declared"), &["update-index", "--assume-unchanged", "a"]);
    sandbox.write("declared/a", "3");
    assert_ne!(sandbox.name(), third, "a file that the submodule hides");
}

/// What the test below does to a tree.
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
    let edits: [(&str, bool, fn(&Sandbox)); 12] = [
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
