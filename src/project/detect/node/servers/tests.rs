use super::*;

#[test]
fn a_server_outside_the_known_frameworks_is_a_process() {
    for (script, expected) in [
        ("nodemon", true),
        ("node --watch src/index.js", true),
        ("cross-env NODE_ENV=development tsx watch server.ts", true),
        ("tsc -w", false),
        ("rollup -c -w", false),
        ("vite build && node scripts/copy.js", true),
    ] {
        assert_eq!(runs_file(script), expected, "{script}");
    }
    let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
    let tree = Tree::of([
        file(
            "package.json",
            r#"{ "scripts": { "start": "concurrently \"npm run server:start\"", "server:start": "npm start --prefix server" } }"#,
        ),
        file("server/package.json", r#"{ "scripts": { "start": "nodemon" }, "dependencies": { "sails": "1" } }"#),
        file("other/package.json", r#"{ "scripts": { "dev": "node main.js" } }"#),
        file("other/main.js", "listen(process.env.PORT || 7000)"),
    ]);
    let found = detect(&tree).programs;
    let found: Vec<_> = found.iter().map(|one| (one.directory.as_str(), one.role, one.port)).collect();
    assert_eq!(found, [("other", Role::Api, Some(7000)), ("server", Role::Api, Some(1337))]);
}

#[test]
fn of_a_script_that_also_starts_another_package_the_server_here_remains() {
    let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
    for dev in [
        r#""dev": "concurrently \"npm run server\" \"npm run client\"", "client": "npm start --prefix client""#,
        r#""dev": "concurrently \"npm run server\" \"npm start --prefix client\"""#,
    ] {
        let root = format!(
            r#"{{ "scripts": {{ {dev}, "server": "nodemon server.js", "start": "node server.js" }}, "dependencies": {{ "express": "4" }} }}"#
        );
        let client = r#"{ "scripts": { "start": "react-scripts start" }, "dependencies": { "react-scripts": "5" } }"#;
        let tree = Tree::of([
            file("package.json", &root),
            file("server.js", "listen(process.env.PORT || 5005)"),
            file("client/package.json", client),
        ]);
        let found = detect(&tree).programs;
        let found: Vec<_> = found.iter().map(|one| (one.directory.as_str(), one.role, one.port)).collect();
        assert_eq!(found, [("", Role::Api, Some(5005)), ("client", Role::Page, Some(3000))], "{dev}");
    }
}
