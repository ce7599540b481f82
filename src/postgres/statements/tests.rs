//! Scripts in, statements out.

use super::*;

fn sql(script: &str) -> Vec<String> {
    statements(script)
        .into_iter()
        .map(|statement| match statement.kind {
            StatementKind::Sql(sql) => sql.to_owned(),
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn statements_end_where_psql_ends_them() {
    let script = "\u{feff}-- a; comment\nselect 'it''s; fine'; /* ; /* nested; */ */\n select \"a;b\" ;;\ninsert into t values ($$a;b$$, $x$ $$;$$ $x$, E'\\';', 1)";
    assert_eq!(
        sql(script),
        ["select 'it''s; fine'", "select \"a;b\"", "insert into t values ($$a;b$$, $x$ $$;$$ $x$, E'\\';', 1)"]
    );
    assert_eq!(
        sql("create rule r as on insert to t do (select 1; select 2); select $1;"),
        ["create rule r as on insert to t do (select 1; select 2)", "select $1"]
    );
    assert_eq!(sql(" ; -- nothing\n/* open"), Vec::<String>::new());
}

#[test]
fn bodies_of_functions_stay_whole() {
    let function =
        "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END";
    assert_eq!(sql(&format!("{function}; begin; commit")), [function, "begin", "commit"]);
    // a transaction is not a body
    assert_eq!(sql("begin; create table t (); end;"), ["begin", "create table t ()", "end"]);
    assert_eq!(
        sql("create function g() returns text language plpgsql as $$ begin return 'x;'; end $$; select 1").len(),
        2
    );
}

#[test]
fn dumps_bring_data_and_commands() {
    let script =
        "\\restrict abc\nSET x = 1;\n\nCOPY public.t (a, b) FROM stdin;\n1\tone; and\n2\t\\N\n\\.\n\nselect 2;\n";
    let found = statements(script);
    assert_eq!(found[0], Statement { line: 1, kind: StatementKind::Meta("\\restrict abc") });
    assert_eq!(
        found[2],
        Statement {
            line: 4,
            kind: StatementKind::Copy { sql: "COPY public.t (a, b) FROM stdin", data: "1\tone; and\n2\t\\N\n" }
        }
    );
    assert_eq!(found[3], Statement { line: 9, kind: StatementKind::Sql("select 2") });
}
