//! Bytes as text.

/// Lower-case hexadecimal, two digits a byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[cfg(test)]
mod tests {
    use super::hexadecimal;

    #[test]
    fn two_digits_a_byte() {
        assert_eq!(hexadecimal(&[]), "");
        assert_eq!(hexadecimal(&[0x00, 0x0a, 0xf0, 0xff]), "000af0ff");
    }
}
