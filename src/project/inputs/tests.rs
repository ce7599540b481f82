use super::*;

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn matching(tree: &tempfile::TempDir, patterns: &[&str]) -> Vec<String> {
    let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
    let files = matching_files(tree.path(), &patterns).unwrap();
    files.iter().map(|path| path.to_str().unwrap().to_owned()).collect()
}

fn digest_of(files: &[(&str, &str)]) -> String {
    digest(tree(files).path(), &["**".to_owned()]).unwrap()
}

#[test]
fn patterns_select_files_in_a_fixed_order() {
    let tree = tree(&[
        ("migrations/2.sql", ""),
        ("migrations/1.sql", ""),
        ("migrations/old/0.sql", ""),
        ("migrations-old/9.sql", ""),
        ("pnpm-lock.yaml", ""),
        (".git/HEAD", ""),
        ("node_modules/x/package.json", ""),
        ("packages/a/package.json", ""),
        ("packages/a/node_modules/y/package.json", ""),
    ]);
    assert_eq!(matching(&tree, &["migrations/*.sql"]), ["migrations/1.sql", "migrations/2.sql"]);
    let all = ["migrations/1.sql", "migrations/2.sql", "migrations/old/0.sql"];
    assert_eq!(matching(&tree, &["migrations/**"]), all);
    assert_eq!(matching(&tree, &["./migrations/"]), all);
    assert_eq!(matching(&tree, &["migrations", "migrations/1.sql"]), all);
    assert_eq!(matching(&tree, &["migrations", "!migrations/old"]), all[..2]);
    assert_eq!(matching(&tree, &["**/package.json"]), ["packages/a/package.json"]);
    assert_eq!(matching(&tree, &["node_modules/*/package.json"]), ["node_modules/x/package.json"]);
    assert_eq!(matching(&tree, &["pnpm-lock.yaml", "migrations-old/*"]), ["migrations-old/9.sql", "pnpm-lock.yaml"]);
}

#[test]
fn what_programs_fill_by_themselves_is_entered_only_by_name() {
    let tree = tree(&[
        ("app/migrations/1.py", ""),
        ("app/migrations/__pycache__/1.py", ""),
        ("env/pyvenv.cfg", ""),
        ("env/lib/migrations/2.py", ""),
        ("target/CACHEDIR.TAG", ""),
        ("target/migrations/3.py", ""),
    ]);
    assert_eq!(matching(&tree, &["**/migrations/**"]), ["app/migrations/1.py"]);
    assert_eq!(matching(&tree, &["env/lib/migrations/*.py"]), ["env/lib/migrations/2.py"]);
    assert_eq!(matching(&tree, &["target/**/*.py"]), ["target/migrations/3.py"]);
}

#[test]
fn a_pattern_that_matches_nothing_or_leaves_the_tree_is_refused_by_name() {
    let tree = tree(&[("a.sql", "")]);
    for (pattern, code) in [
        ("migrations/**", "inputs.no_match"),
        ("b.sql", "inputs.no_match"),
        ("../a.sql", "inputs.invalid_pattern"),
        ("/etc/passwd", "inputs.invalid_pattern"),
        ("", "inputs.invalid_pattern"),
        ("a[", "inputs.invalid_pattern"),
    ] {
        let error = matching_files(tree.path(), &[pattern.to_owned()]).unwrap_err();
        assert_eq!(error.code(), code, "{pattern}");
        assert!(error.to_string().contains(&format!("`{pattern}`")), "{error}");
    }
}

#[test]
fn the_digest_tells_paths_and_bytes_apart() {
    let base = digest_of(&[("a", "1"), ("b", "2")]);
    assert_eq!(base, digest_of(&[("b", "2"), ("a", "1")]));
    assert_eq!(base.len(), 64);
    for other in [
        &[("a", "2"), ("b", "1")][..],
        &[("a", "1"), ("c", "2")],
        &[("a", "1")],
        &[("a", "12"), ("b", "")],
        &[("d/a", "1"), ("b", "2")],
    ] {
        assert_ne!(base, digest_of(other), "{other:?}");
    }
}

#[test]
fn links_count_by_what_they_lead_to() {
    let tree = tree(&[("real", "1")]);
    let pattern = ["link".to_owned()];
    let link = tree.path().join("link");
    std::os::unix::fs::symlink("real", &link).unwrap();
    let before = digest(tree.path(), &pattern).unwrap();
    fs::write(tree.path().join("real"), "2").unwrap();
    assert_ne!(before, digest(tree.path(), &pattern).unwrap());
    fs::remove_file(tree.path().join("real")).unwrap();
    let dangling = digest(tree.path(), &pattern).unwrap();
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("elsewhere", &link).unwrap();
    assert_ne!(dangling, digest(tree.path(), &pattern).unwrap());
    fs::create_dir(tree.path().join("elsewhere")).unwrap();
    digest(tree.path(), &["**".to_owned()]).unwrap();
}

#[test]
fn a_linked_work_tree_inside_is_another_agents() {
    let tree = tree(&[
        (".git/worktrees/fox/commondir", "../..\n"),
        ("migrations/1.sql", ""),
        (".claude/worktrees/fox/migrations/1.sql", ""),
        ("vendor/part/.git/HEAD", ""),
        ("vendor/part/migrations/2.sql", ""),
    ]);
    let fox = tree.path().join(".git/worktrees/fox");
    fs::write(tree.path().join(".claude/worktrees/fox/.git"), format!("gitdir: {}\n", fox.display())).unwrap();
    assert_eq!(matching(&tree, &["**/migrations/*.sql"]), ["migrations/1.sql", "vendor/part/migrations/2.sql"]);
}
