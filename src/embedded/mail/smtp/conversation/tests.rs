//! Conversations that the state machine must get through, whatever the pieces that they arrive in.

use super::{Action, Conversation};
use crate::embedded::mail::envelope::Envelope;

/// Plays a client's side and returns the replies and what was kept. Each chunk arrives by itself.
fn play(chunks: &[&[u8]], max_size: usize) -> (Vec<String>, Vec<Envelope>, bool) {
    let (mut replies, mut kept) = (Vec::new(), Vec::new());
    let mut conversation = Conversation::new(max_size, &mut replies);
    let mut closed = false;
    'chunks: for chunk in chunks {
        let mut bytes = chunk.iter();
        while let Some(action) = conversation.advance(&mut bytes, &mut replies) {
            match action {
                Action::Keep(envelope) => {
                    Conversation::kept(Some("1"), &mut replies);
                    kept.push(envelope);
                }
                Action::Close => {
                    closed = true;
                    break 'chunks;
                }
            }
        }
    }
    let replies = String::from_utf8(replies).unwrap();
    (replies.lines().map(ToOwned::to_owned).collect(), kept, closed)
}

fn codes(replies: &[String]) -> Vec<&str> {
    replies.iter().map(|line| &line[..4]).collect()
}

const TALK: &[u8] = b"EHLO me\r\nAUTH PLAIN AGFnZW50LTMAcHc=\r\nMAIL FROM:<a@b.example> SIZE=20\r\n\
    RCPT TO:<c@d.example>\r\nRCPT TO:<e@localhost>\r\nDATA\r\n..dot\r\n.\r\n..\r\nMAIL FROM:<>\r\n\
    RCPT TO:<x@y.example>\r\nDATA\r\nSubject: hi\r\n\r\n..\r\nend\r\n.\r\nQUIT\r\n";

#[test]
fn a_conversation_is_the_same_however_it_is_cut() {
    let whole = play(&[TALK], 1000);
    for size in [1, 2, 3, 7, 64] {
        let chunks: Vec<&[u8]> = TALK.chunks(size).collect();
        assert_eq!(play(&chunks, 1000), whole, "chunks of {size}");
    }
    let (replies, kept, closed) = whole;
    assert!(closed);
    assert_eq!(replies.last().unwrap(), "221 2.0.0 Bye");
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0].user.as_deref(), Some("agent-3"));
    assert_eq!(
        (kept[0].from.as_str(), &kept[0].to[..]),
        ("a@b.example", &["c@d.example".into(), "e@localhost".into()][..])
    );
    assert_eq!(kept[0].raw, b".dot\r\n");
    assert_eq!(kept[1].from, "");
    assert_eq!(kept[1].raw, b"Subject: hi\r\n\r\n.\r\nend\r\n");
}

#[test]
fn every_way_to_authenticate_gives_the_user() {
    for talk in [
        "AUTH PLAIN AGFnZW50LTMAcHc=\r\n",
        "AUTH PLAIN\r\nAGFnZW50LTMAcHc=\r\n",
        "AUTH LOGIN\r\nYWdlbnQtMw==\r\ncHc=\r\n",
        "AUTH LOGIN YWdlbnQtMw==\r\ncHc=\r\n",
        "auth login\r\nYWdlbnQtMw==\r\n=\r\n",
    ] {
        let talk = format!("{talk}MAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nDATA\r\nx\r\n.\r\n");
        let (replies, kept, _) = play(&[talk.as_bytes()], 1000);
        assert!(replies.iter().any(|line| line.starts_with("235 ")), "{replies:?}");
        assert_eq!(kept[0].user.as_deref(), Some("agent-3"), "{talk}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_and_the_talk_goes_on() {
    let talk = "FOO\r\nRCPT TO:<a@b.c>\r\nMAIL FROM:a@b.c\r\nDATA\r\nSTARTTLS\r\nAUTH CRAM-MD5\r\nAUTH PLAIN\r\n*\r\n\
                AUTH PLAIN !!!\r\nMAIL FROM:<a@b.c>\r\nMAIL FROM:<a@b.c>\r\nRSET\r\nMAIL FROM:<a@b.c>\r\nNOOP\r\nVRFY x\r\n";
    let (replies, kept, closed) = play(&[talk.as_bytes()], 1000);
    let expected = [
        "220 ", "500 ", "503 ", "501 ", "503 ", "502 ", "504 ", "334 ", "501 ", "501 ", "250 ", "503 ", "250 ", "250 ",
        "250 ", "252 ",
    ];
    assert_eq!(codes(&replies), expected, "{replies:#?}");
    assert!(kept.is_empty() && !closed);
}

#[test]
fn a_message_over_the_limit_is_refused_and_the_next_one_is_taken() {
    let large = format!(
        "MAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n{}\r\n.\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nDATA\r\nok\r\n.\r\n",
        "x".repeat(500)
    );
    for size in [1, 10, 10_000] {
        let chunks: Vec<&[u8]> = large.as_bytes().chunks(size).collect();
        let (replies, kept, _) = play(&chunks, 100);
        assert_eq!(codes(&replies), ["220 ", "250 ", "250 ", "354 ", "552 ", "250 ", "250 ", "354 ", "250 "]);
        assert_eq!(kept[0].raw, b"ok\r\n");
    }
    let (replies, ..) = play(&[b"MAIL FROM:<a@b.c> SIZE=101\r\n"], 100);
    assert_eq!(codes(&replies), ["220 ", "552 "]);
}

#[test]
fn a_line_without_end_is_passed_over() {
    let talk = format!("NOOP {}\r\nNOOP\r\n", "x".repeat(20_000));
    for size in [1, 1000, 100_000] {
        let chunks: Vec<&[u8]> = talk.as_bytes().chunks(size).collect();
        let (replies, ..) = play(&chunks, 100);
        assert_eq!(replies.last().unwrap(), "250 2.0.0 Ok", "chunks of {size}: {replies:?}");
    }
}

#[test]
fn the_tail_of_a_chunked_message_is_never_taken_for_commands() {
    let (replies, _, closed) = play(&[b"BDAT 6 LAST\r\nQUIT\r\n"], 100);
    assert_eq!(codes(&replies), ["220 ", "502 "]);
    assert!(closed);
}
