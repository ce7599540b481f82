//! Tests that look weaker than before: files and tests that are gone, marks by which tests are skipped, assertions that are
//! gone. What moved from one test file to another is not lost.
//!
//! It is a list for a reader: a line may be found that is no assertion, and a test can be weakened in ways that no line
//! shows.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::diff::Sides;
use super::kinds::has_extension;
use crate::report::verify::{Weakened, Weakening};
use crate::system::text::cut;

/// How much of a line is shown.
const SHOWN: usize = 200;

/// Names of tests, each as the first group.
static TESTS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    compiled(&[
        // JavaScript, TypeScript, RSpec
        r#"(?m)^\s*(?:x|f)?(?:it|test|specify|describe|context)\s*(?:\.\w+)*\s*\(?\s*["'`]([^"'`\n]+)["'`]"#,
        // Python
        r"(?m)^\s*(?:async\s+)?def\s+(test\w*)\s*\(",
        // Go
        r"(?m)^func\s+((?:Test|Fuzz|Example)\w*)\s*\(",
        // Rust
        r"#\[\s*(?:\w+::)*(?:test|rstest|test_case|proptest)\b[^\]]*\]\s*(?:(?:#\[[^\]]*\]|//[^\n]*)\s*)*(?:pub\s+)?(?:async\s+)?fn\s+(\w+)",
        // Java, Kotlin, C#
        r"(?:@(?:Test|ParameterizedTest|RepeatedTest)\b[^\n]*|\[(?:Fact|Theory|Test|TestMethod|TestCase)\b[^\n]*\])\s*(?:(?:@|\[)[^\n]*\s*)*(?:[\w<>]+\s+)*?(\w+)\s*\(",
        // PHP
        r"(?m)^\s*public\s+function\s+(test\w+)\s*\(",
        // C++
        r"(?m)^\s*(?:TEST|TEST_F|TEST_P|TEST_CASE)\s*\(([^)\n]+)\)",
    ])
});

/// Lines by which a test is skipped, or all others are.
static SKIPS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"\b(?:it|test|describe|context|suite|specify)\s*\.\s*(?:\w+\.)*(?:skip|only|todo|fixme|fails|failing|skipIf|runIf)\b",
        r"(?:^|[^.\w])(?:xit|xdescribe|xtest|xcontext|xspecify|fit|fdescribe|fcontext)\s*\(?",
        r"\bpytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b|\bunittest\.(?:skip|expectedFailure)|\bskipTest\(|@skip(?:If|Unless)?\b",
        r"#!?\[\s*(?:ignore\b|cfg_attr\([^\]]*\bignore\b)",
        r"\b\w\.Skip(?:f|Now)?\(",
        r"@(?:Disabled|Ignore)\b|\[Ignore\b|\bSkip\s*=\s*[\x22$]|\bassum(?:e|ing)(?:True|False|That|Not)\w*\(",
        r"\bmarkTest(?:Skipped|Incomplete)\b",
        r"^\s*(?:skip|pending)\b(?:\s+[\x22'(]|\(|\s*$|\s+(?:if|unless)\b)",
        r"\bGTEST_SKIP\b|\bDISABLED_\w+",
    ])
});

/// Lines that assert something.
static ASSERTIONS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"\b(?:debug_)?assert\w*\s*(?:!|\(|\.|\s)",
        r"\bexpect\w*\s*[(.{]|\bis_expected\b",
        r"\.should\b|\bshould\.|\bshouldBe\b",
        r"\brequire\.\w+\(\s*t\b",
        r"\b[tb]\.(?:Error|Fatal|Fail)\w*\(",
        r"\braises\s*\(|\bpytest\.warns\b|\bassertThrows\b",
        r"\.(?:not\.)?to(?:Be|Equal|StrictEqual|Throw|Match|Contain|Have|Return|Include)\w*\(",
        r"\b(?:EXPECT|ASSERT|REQUIRE|CHECK)(?:_\w+)?\s*\(",
        r"\bverify\w*\(",
    ])
});

static INLINE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"#\[\s*(?:cfg\(test\)|(?:\w+::)*test\b)").expect("a constant pattern"));

fn compiled(patterns: &[&str]) -> Vec<Regex> {
    patterns.iter().map(|pattern| Regex::new(pattern).expect("a constant pattern")).collect()
}

fn set(patterns: &[&str]) -> RegexSet {
    RegexSet::new(patterns).expect("constant patterns")
}

/// Whether it is a file of Rust.
pub(super) fn is_rust(path: &str) -> bool {
    has_extension(path, "rs")
}

/// Whether a file of Rust has tests on either side.
pub(super) fn has_inline_tests(file: &Sides) -> bool {
    is_rust(&file.path) && [&file.old, &file.new].into_iter().flatten().any(|line| INLINE.is_match(line))
}

/// How often something occurs.
type Counts = BTreeMap<String, usize>;

/// What is looked for in one side of a file.
#[derive(Default)]
struct Marks {
    tests: Counts,
    skips: Counts,
    assertions: Counts,
}

impl Marks {
    fn of(lines: &[String]) -> Self {
        let mut marks = Self::default();
        let text = lines.join("\n");
        for pattern in TESTS.iter() {
            for found in pattern.captures_iter(&text) {
                count(&mut marks.tests, &found[1]);
            }
        }
        for line in lines.iter().map(|line| line.trim()).filter(|line| !is_comment(line)) {
            if SKIPS.is_match(line) {
                count(&mut marks.skips, line);
            }
            if ASSERTIONS.is_match(line) {
                count(&mut marks.assertions, line);
            }
        }
        marks
    }
}

/// A whole line of comment: to comment a test out is to remove it.
fn is_comment(line: &str) -> bool {
    line.starts_with("//")
        || line.starts_with("/*")
        || line.starts_with("* ")
        || (line.starts_with('#') && !line.starts_with("#[") && !line.starts_with("#!["))
}

fn count(counts: &mut Counts, text: &str) {
    *counts.entry(text.trim().to_owned()).or_default() += 1;
}

/// What `left` has more often than `right`.
fn more(left: &Counts, right: &Counts) -> Counts {
    let rest = left.iter().map(|(text, count)| (text, count.saturating_sub(right.get(text).copied().unwrap_or(0))));
    rest.filter(|(_, count)| *count > 0).map(|(text, count)| (text.clone(), count)).collect()
}

/// Takes out of `found` what is in `pool`, and out of the pool with it.
fn without(found: Counts, pool: &mut Counts) -> Counts {
    let mut left = Counts::new();
    for (text, mut count) in found {
        if let Some(moved) = pool.get_mut(&text) {
            let taken = count.min(*moved);
            *moved -= taken;
            count -= taken;
        }
        if count > 0 {
            left.insert(text, count);
        }
    }
    left
}

fn add(pool: &mut Counts, found: Counts) {
    for (text, count) in found {
        *pool.entry(text).or_default() += count;
    }
}

/// What looks weaker in these files, by path.
pub(super) fn weakened(files: &[Sides]) -> Vec<Weakened> {
    let marks: Vec<(Marks, Marks)> = files.iter().map(|file| (Marks::of(&file.old), Marks::of(&file.new))).collect();
    let (mut tests, mut skips, mut assertions) = (Counts::new(), Counts::new(), Counts::new());
    for (old, new) in &marks {
        add(&mut tests, more(&new.tests, &old.tests));
        add(&mut skips, more(&old.skips, &new.skips));
        add(&mut assertions, more(&new.assertions, &old.assertions));
    }
    let mut found = Vec::new();
    for (file, (old, new)) in files.iter().zip(&marks) {
        let mut add = |what: Weakening, text: &str| {
            found.push(Weakened { path: file.path.clone(), what, text: cut(text, SHOWN).to_owned() });
        };
        let gone_tests = without(more(&old.tests, &new.tests), &mut tests);
        let gone_assertions = without(more(&old.assertions, &new.assertions), &mut assertions);
        if file.new.is_empty() && !file.old.is_empty() {
            let moved = files.iter().any(|other| other.old.is_empty() && other.new == file.old);
            let lost = gone_tests.values().sum::<usize>();
            if !moved && (lost > 0 || !gone_assertions.is_empty() || old.tests.is_empty()) {
                let all = old.tests.values().sum::<usize>();
                add(Weakening::FileDeleted, &format!("{lost} of its {all} tests are nowhere else"));
            }
            continue;
        }
        for text in gone_tests.keys() {
            add(Weakening::TestRemoved, text);
        }
        for text in without(more(&new.skips, &old.skips), &mut skips).keys() {
            add(Weakening::SkipAdded, text);
        }
        for text in gone_assertions.keys() {
            add(Weakening::AssertionRemoved, text);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, old: &str, new: &str) -> Sides {
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        Sides { path: path.into(), old: lines(old), new: lines(new) }
    }

    fn found(files: &[Sides]) -> Vec<(&'static str, String)> {
        weakened(files).into_iter().map(|it| (it.what.as_str(), it.text)).collect()
    }

    #[test]
    fn what_is_skipped_or_gone_is_listed_in_each_language() {
        let cases = [
            (
                "a.test.ts",
                "it('adds', () => {\n  expect(1).toBe(1)\n})",
                "it.skip('adds', () => {\n  expect(1).toBe(1)\n})",
                "skip_added",
            ),
            ("a.test.ts", "it('adds', () => {\n  expect(1).toBe(1)\n})", "it('adds', () => {\n})", "assertion_removed"),
            ("a.test.ts", "it('adds', f)\nit('subtracts', f)", "it('adds', f)", "test_removed"),
            ("a.test.ts", "it('adds', f)", "it('adds', f)\nit.only('one', f)", "skip_added"),
            (
                "test_a.py",
                "def test_a():\n    assert x == 1",
                "@pytest.mark.skip\ndef test_a():\n    assert x == 1",
                "skip_added",
            ),
            (
                "test_a.py",
                "def test_a():\n    assert x == 1",
                "def test_a():\n    # assert x == 1\n    pass",
                "assertion_removed",
            ),
            (
                "a_test.go",
                "func TestA(t *testing.T) {\n}",
                "func TestA(t *testing.T) {\n\tt.Skip(\"later\")\n}",
                "skip_added",
            ),
            (
                "a_test.go",
                "func TestA(t *testing.T) {\n}\nfunc TestB(t *testing.T) {\n}",
                "func TestB(t *testing.T) {\n}",
                "test_removed",
            ),
            ("a.rs", "#[test]\nfn adds() {}", "#[test]\n#[ignore]\nfn adds() {}", "skip_added"),
            ("a.rs", "#[tokio::test]\nasync fn adds() {}\n#[test]\nfn b() {}", "#[test]\nfn b() {}", "test_removed"),
            ("ATest.java", "@Test\nvoid adds() {}", "@Disabled\n@Test\nvoid adds() {}", "skip_added"),
            (
                "a_spec.rb",
                "it 'adds' do\n  expect(1).to eq 1\nend",
                "it 'adds' do\n  skip 'later'\n  expect(1).to eq 1\nend",
                "skip_added",
            ),
            (
                "ATest.php",
                "public function testA() {\n$this->assertTrue($x);\n}",
                "public function testA() {\n}",
                "assertion_removed",
            ),
        ];
        for (path, old, new, what) in cases {
            let found = found(&[file(path, old, new)]);
            assert_eq!(found.iter().map(|(what, _)| *what).collect::<Vec<_>>(), [what], "{path}: {new}\n{found:?}");
        }
    }

    #[test]
    fn what_moved_or_is_new_is_not_listed() {
        let text = "it('adds', () => {\n  expect(1).toBe(1)\n})\nit.skip('later', f)";
        assert_eq!(found(&[file("a.test.ts", text, ""), file("b.test.ts", "", text)]), []);
        let indented = text.replace('\n', "\n    ");
        assert_eq!(
            found(&[file("a.test.ts", text, ""), file("b.test.ts", "it('c', f)", &format!("it('c', f)\n{indented}"))]),
            []
        );
        assert_eq!(found(&[file("a.test.ts", "", "it('new', () => expect(1).toBe(1))")]), []);
        let deleted = [file("a.test.ts", text, "")];
        assert_eq!(found(&deleted), [("file_deleted", "2 of its 2 tests are nowhere else".to_owned())]);
        let changed = [file("test_a.py", "assert total == 3", "assert total == 4")];
        assert_eq!(found(&changed), [("assertion_removed", "assert total == 3".to_owned())], "another expectation");
    }
}
