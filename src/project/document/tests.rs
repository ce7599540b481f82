use super::*;

fn document(texts: &[&str]) -> Document {
    let files = texts.iter().enumerate().map(|(n, text)| (format!("{n}.toml").into(), (*text).to_owned()));
    Document::parse(files.collect()).unwrap()
}

#[test]
fn the_overlay_wins_key_by_key_and_keeps_the_places() {
    let merged = document(&[
        "[env]\nA = \"1\"\nB = \"2\"\n[ports]\napi = 1\nlist = [1, 2]\n",
        "[env]\nB = \"3\"\n\n[ports]\nlist = [9]\nweb = 2\n",
    ]);
    let expected = "[env]\nA = \"1\"\nB = \"3\"\n[ports]\napi = 1\nlist = [9]\nweb = 2\n";
    assert_eq!(merged.root.to_value(), toml::Value::Table(expected.parse().unwrap()));
    let place = |path: &str| merged.locate(&KeyPath::of(path)).unwrap().to_string();
    assert_eq!(place("env.A"), "0.toml:2:1");
    assert_eq!(place("env.B"), "1.toml:2:1");
    assert_eq!(place("env"), "0.toml:1:2");
    assert_eq!(place("ports.absent"), "0.toml:4:2");
    assert_eq!(merged.locate(&KeyPath::of("ports.list").index(0)).unwrap().to_string(), "1.toml:5:9");
}

#[test]
fn broken_toml_is_reported_with_its_line() {
    let problems = Document::parse(vec![("x.toml".into(), "a = 1\nb = = 2\n".into())]).unwrap_err();
    assert_eq!(problems[0].location.as_ref().map(|place| place.line), Some(2), "{problems:?}");
}

#[test]
fn key_paths_quote_what_is_not_bare() {
    assert_eq!(KeyPath::of("verify.stages").index(1).key("a b").to_string(), "verify.stages[1].\"a b\"");
}
