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
