use super::*;

fn value(line: &str) -> String {
    let entries = parse(line, &|name| (name == "OUTER").then(|| "outer".to_owned())).unwrap();
    entries.last().unwrap().1.clone()
}

#[test]
fn values_are_read_as_dotenv_readers_read_them() {
    for (line, expected) in [
        ("A=1", "1"),
        ("export A=1", "1"),
        ("A = 1  ", "1"),
        ("A: yes", "yes"),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A=a#b # c", "a#b"),
        ("A=#fff", "#fff"),
        ("A=two words # c", "two words"),
        ("A={\"type\": \"service\"}", "{\"type\": \"service\"}"),
        ("A=^\\d+$", "^\\d+$"),
        ("A=don't do", "don't do"),
        ("A=C:\\new\\table", "C:\\new\\table"),
        ("A=a\"b\"c", "a\"b\"c"),
        ("A='x $OUTER \\n #'", "x $OUTER \\n #"),
        ("A='it\\'s'", "it's"),
        ("A='C:\\directory\\'", "C:\\directory\\"),
        ("A=\"x\\n\\$OUTER \\\"q\\\" \\\\\"", "x\n$OUTER \"q\" \\"),
        ("A=\"line 1\nline 2\" # c", "line 1\nline 2"),
        ("A='it'\\''s'", "it's"),
        ("A=$OUTER/x", "outer/x"),
        ("A=\"${OUTER}_x\"", "outer_x"),
        ("A=${NONE:-fallback}", "fallback"),
        ("A=${NONE-fallback}", "fallback"),
        ("A=${NONE}", ""),
        ("A=$NONE", "$NONE"),
        ("A=$2b$10$N9qo8uLOickgx2ZMRZoMye", "$2b$10$N9qo8uLOickgx2ZMRZoMye"),
        ("A=5$", "5$"),
        ("A_B=1\nA=$A_B", "1"),
        ("OUTER=inner\nA=$OUTER", "inner"),
        ("A=1\r\nB=2\r\n", "2"),
        ("\u{feff}A=1", "1"),
        ("A.B-C=1", "1"),
        ("A=1\nB\n", "1"),
    ] {
        assert_eq!(value(line), expected, "{line:?}");
    }
}

#[test]
fn a_quote_within_a_value_swallows_no_other_line() {
    let entries = parse("A=don't do\nB=it's\nC=\"x\"\nexport D\nE=1\n", &|_| None).unwrap();
    let expected = [("A", "don't do"), ("B", "it's"), ("C", "x"), ("E", "1")];
    assert_eq!(entries, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn broken_lines_are_named_by_number() {
    for (text, line) in [
        ("A=1\n=2\n", 2),
        ("# c\n\nA B=2", 3),
        ("A=1\nB='x\ny", 2),
        ("A=1\nB=${B!}\nC=1", 2),
        ("A=\"", 1),
        ("A=1\nA='x' y\nB=2", 2),
        ("A=1\nB=a ${\nC=1}", 2),
    ] {
        assert_eq!(parse(text, &|_| None).unwrap_err().line, line, "{text:?}");
    }
}
