//! Colours of text.

use alacritty_terminal::vte::ansi::{Color, NamedColor};
use serde::{Serialize, Serializer};

/// A colour other than the terminal's own. In JSON a number, or `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Colour {
    /// Of the palette: 0 to 15 are the viewer's, 16 to 255 those of xterm.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

impl Colour {
    /// None for the terminal's own.
    pub(super) fn of(colour: Color) -> Option<Self> {
        match colour {
            Color::Spec(rgb) => Some(Self::Rgb(rgb.r, rgb.g, rgb.b)),
            Color::Indexed(index) => Some(Self::Indexed(index)),
            Color::Named(named) => match named as usize {
                index @ 0..=15 => u8::try_from(index).ok().map(Self::Indexed),
                index if (NamedColor::DimBlack as usize..=NamedColor::DimWhite as usize).contains(&index) => {
                    u8::try_from(index - NamedColor::DimBlack as usize).ok().map(Self::Indexed)
                }
                _ => None,
            },
        }
    }

    /// The parameters after `38` or `48`.
    pub(super) fn parameters(self) -> String {
        match self {
            Self::Indexed(index) => format!("5;{index}"),
            Self::Rgb(red, green, blue) => format!("2;{red};{green};{blue}"),
        }
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Indexed(index) => serializer.serialize_u8(*index),
            Self::Rgb(red, green, blue) => serializer.serialize_str(&format!("#{red:02x}{green:02x}{blue:02x}")),
        }
    }
}
