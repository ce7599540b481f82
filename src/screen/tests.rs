//! Screens, their keyframes and their drawings show the same.

use super::*;

fn shown(screen: &Screen) -> Vec<String> {
    (0..screen.size().rows).map(|row| screen.row(row.into()).text()).collect()
}

fn fed(size: Size, bytes: &[u8]) -> Screen {
    let mut screen = Screen::new(size, 100);
    screen.feed(bytes);
    screen
}

const SMALL: Size = Size { columns: 20, rows: 4 };

/// Programs that leave the terminal in many states.
const SCRIPTS: &[&str] = &[
    "plain\r\ntext",
    "\x1b[1;31mred\x1b[0m and \x1b[48;5;22mgreen  \x1b[0m\r\n\x1b[4:3mwave\x1b[m",
    "wide \u{4f60}\u{597d} e\u{301}\r\nbelow",
    "main\x1b[?1049h\x1b[2;3Hfull \x1b[7mscreen\x1b[m\x1b[?1h\x1b[?2004h\x1b[?1002h\x1b[?1006h\x1b[?25l",
    "1\r\n2\r\n3\r\n4\r\n5\r\n6",
    "\x1b[2;3r\x1b[?6h\x1b[2;1Hregion",
    "\x1b(0lqqk\x1b(B \x1b]2;a title\x07\x1b[6 q\x1b=",
    "12345678901234567890",
    "\x1b[3;5H\x1b7\x1b[1;1Hsaved\x1b[4h",
];

#[test]
fn a_keyframe_makes_the_same_screen_that_goes_on_in_the_same_way() {
    let more = "x\x1b8y\r\nz\r\n\x1b[?1049lback";
    for script in SCRIPTS {
        let mut original = fed(SMALL, script.as_bytes());
        let keyframe = original.keyframe();
        let mut copy = Screen::new(Size::default(), 100);
        copy.feed(b"\x1b[?1003h\x1b[?1049hleft from before");
        copy.feed(&keyframe);
        let compare = |one: &mut Screen, other: &mut Screen, when: &str| {
            let (mut one, mut other) = (one.snapshot(), other.snapshot());
            for it in [&mut one, &mut other] {
                (it.revision, it.scrolled, it.scrollback) = (0, 0, 0);
            }
            assert_eq!(one, other, "{when} {script:?}");
        };
        compare(&mut original, &mut copy, "at once");
        if !script.ends_with('0') {
            original.feed(more.as_bytes());
            copy.feed(more.as_bytes());
            compare(&mut original, &mut copy, "later");
        }
    }
}

#[test]
fn a_drawing_shows_the_same_whole_or_in_steps() {
    for script in SCRIPTS {
        let mut screen = Screen::new(SMALL, 100);
        let mut painter = Painter::new(SMALL);
        let mut terminal = fed(SMALL, b"a prompt$ ");
        terminal.feed(painter.begin(&screen, 50).as_bytes());
        for step in script.as_bytes().chunks(7) {
            screen.feed(step);
            terminal.feed(painter.frame(&screen).as_bytes());
            assert_eq!(shown(&terminal), shown(&screen), "{script:?}");
        }
        assert_eq!(painter.frame(&screen), "", "{script:?}");
        assert_eq!((terminal.modes(), terminal.cursor()), (screen.modes(), screen.cursor()), "{script:?}");
        terminal.feed(painter.end().as_bytes());
        assert_eq!(terminal.modes(), Modes::default());
        assert!(terminal.cursor().visible);
    }
}

#[test]
fn rows_that_leave_the_screen_go_into_the_scrollback_of_the_terminal() {
    let mut screen = Screen::new(SMALL, 100);
    for line in 0..10 {
        screen.feed(format!("early {line}\r\n").as_bytes());
    }
    let mut painter = Painter::new(SMALL);
    let mut terminal = fed(SMALL, b"$ harness attach");
    terminal.feed(painter.begin(&screen, 3).as_bytes());
    terminal.feed(painter.frame(&screen).as_bytes());
    for line in 0..9 {
        screen.feed(format!("late {line}\r\n").as_bytes());
    }
    terminal.feed(painter.frame(&screen).as_bytes());
    assert_eq!(shown(&terminal), shown(&screen));
    let printed: Vec<String> = terminal.scrollback_rows(0, 100).iter().map(Row::text).collect();
    let words: Vec<&str> = printed.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    let mut wanted = vec!["$ harness attach".to_owned()];
    wanted.extend((4..10).map(|line| format!("early {line}")));
    wanted.extend((0..6).map(|line| format!("late {line}")));
    assert_eq!(words, wanted);
}

#[test]
fn a_smaller_terminal_shows_the_part_around_the_cursor() {
    let mut screen = fed(Size::of(40, 10), b"far away\x1b[9;30Hhere");
    let small = Size::of(10, 3);
    let mut painter = Painter::new(small);
    let mut terminal = Screen::new(small, 0);
    terminal.feed(painter.frame(&screen).as_bytes());
    assert!(shown(&terminal).iter().any(|row| row.contains("here")), "{:?}", shown(&terminal));
    screen.feed(b"\x1b[H");
    terminal.feed(painter.frame(&screen).as_bytes());
    assert_eq!(shown(&terminal)[0], "far away");
}

#[test]
fn changes_are_those_since_the_revision_that_a_viewer_has() {
    let mut screen = fed(SMALL, b"one\r\ntwo\r\n");
    let first = screen.snapshot();
    assert_eq!(screen.changes(first.revision).unwrap().rows, []);
    screen.feed(b"three");
    let changes = screen.changes(first.revision).unwrap();
    assert_eq!(changes.rows.iter().map(|(row, it)| (*row, it.text())).collect::<Vec<_>>(), [(2, "three".to_owned())]);
    screen.feed(b"\x1b[H!");
    assert_eq!(screen.changes(changes.revision).unwrap().rows.len(), 1);
    assert_eq!(screen.changes(first.revision).unwrap().rows.len(), 2);
    screen.resize(Size::of(30, 4));
    assert_eq!(screen.changes(changes.revision), None);
}

#[test]
fn questions_are_answered_once_and_the_clipboard_is_not_given_away() {
    let mut screen = fed(SMALL, b"ab\x1b[6n\x1b[c\x1b]11;?\x07\x1b]52;c;?\x07");
    let answers = String::from_utf8(screen.take_answers()).unwrap();
    assert!(answers.starts_with("\x1b[1;3R\x1b[?"), "{answers:?}");
    assert!(answers.contains("rgb:1212/1212/1212") && !answers.contains("]52"), "{answers:?}");
    assert_eq!(screen.take_answers(), b"");
}

#[test]
fn scrollback_is_bounded_and_counted() {
    let mut screen = Screen::new(SMALL, 50);
    for line in 0..1000 {
        screen.feed(format!("{line}\r\n").as_bytes());
    }
    assert_eq!((screen.scrollback(), screen.scrolled()), (50, 997));
    let last: Vec<String> = screen.scrollback_rows(1, 2).iter().map(Row::text).collect();
    assert_eq!(last, ["994", "995"]);
}
