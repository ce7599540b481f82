//! How a run of text looks.

use std::fmt::Write;

use alacritty_terminal::term::cell::{Cell, Flags};
use serde::Serialize;

use super::Colour;

/// How text looks; what is as usual is left out of the JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(clippy::struct_excessive_bools)] // each is an attribute of its own
pub struct Style {
    /// Of the letters.
    #[serde(rename = "fg", skip_serializing_if = "Option::is_none")]
    pub foreground: Option<Colour>,
    /// Behind them.
    #[serde(rename = "bg", skip_serializing_if = "Option::is_none")]
    pub background: Option<Colour>,
    /// Bold.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bold: bool,
    /// Faint.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dim: bool,
    /// Italic.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub italic: bool,
    /// A line below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub underline: Option<Underline>,
    /// Foreground and background are exchanged.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inverse: bool,
    /// Not to be seen.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// A line through.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strike: bool,
    /// Where it leads (OSC 8).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A line below text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Underline {
    /// One line.
    Single,
    /// Two lines.
    Double,
    /// A wave.
    Curly,
    /// Dots.
    Dotted,
    /// Dashes.
    Dashed,
}

impl Style {
    pub(super) fn of(cell: &Cell) -> Self {
        let has = |flag| cell.flags.contains(flag);
        let underline = [
            (Flags::UNDERLINE, Underline::Single),
            (Flags::DOUBLE_UNDERLINE, Underline::Double),
            (Flags::UNDERCURL, Underline::Curly),
            (Flags::DOTTED_UNDERLINE, Underline::Dotted),
            (Flags::DASHED_UNDERLINE, Underline::Dashed),
        ];
        Self {
            foreground: Colour::of(cell.fg),
            background: Colour::of(cell.bg),
            bold: has(Flags::BOLD),
            dim: has(Flags::DIM),
            italic: has(Flags::ITALIC),
            underline: underline.into_iter().find(|(flag, _)| has(*flag)).map(|(_, line)| line),
            inverse: has(Flags::INVERSE),
            hidden: has(Flags::HIDDEN),
            strike: has(Flags::STRIKEOUT),
            link: cell.hyperlink().map(|link| link.uri().chars().filter(|it| !it.is_control()).collect()),
        }
    }

    /// Whether a blank in this style is seen as one.
    pub(super) fn is_blank(&self) -> bool {
        self.background.is_none() && !self.inverse && self.underline.is_none() && !self.strike && self.link.is_none()
    }

    /// The escape sequence that makes a terminal write so, whatever it wrote before.
    pub(super) fn sequence(&self) -> String {
        let mut text = "\x1b[0".to_owned();
        let switches = [
            (self.bold, ";1"),
            (self.dim, ";2"),
            (self.italic, ";3"),
            (self.inverse, ";7"),
            (self.hidden, ";8"),
            (self.strike, ";9"),
        ];
        text.extend(switches.into_iter().filter(|(is_on, _)| *is_on).map(|(_, number)| number));
        text.push_str(match self.underline {
            None => "",
            Some(Underline::Single) => ";4",
            Some(Underline::Double) => ";4:2",
            Some(Underline::Curly) => ";4:3",
            Some(Underline::Dotted) => ";4:4",
            Some(Underline::Dashed) => ";4:5",
        });
        for (number, colour) in [(38, self.foreground), (48, self.background)] {
            if let Some(colour) = colour {
                let _ = write!(text, ";{number};{}", colour.parameters());
            }
        }
        text.push('m');
        text
    }
}
