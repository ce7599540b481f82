//! One message on a stream: its length as four bytes, most significant first, then its JSON.

use std::io::{self, ErrorKind};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::protocol::LARGEST_FRAME;

/// A message as bytes.
pub(crate) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let length = u32::try_from(bytes.len() - 4).ok().filter(|length| *length as usize <= LARGEST_FRAME);
    let Some(length) = length else {
        return Err(io::Error::new(ErrorKind::InvalidInput, "the message is too long"));
    };
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    Ok(bytes)
}

/// Reads one message; `UnexpectedEof` when the other side went away.
pub(crate) async fn read<T: DeserializeOwned>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let length = stream.read_u32().await? as usize;
    if length > LARGEST_FRAME {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("a message of {length} bytes is too long")));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(serde_json::from_slice(&bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn a_message_comes_back_and_an_overlong_one_is_refused() {
        let bytes = encode(&vec!["a", "b"]).unwrap();
        let back: Vec<String> = read(&mut bytes.as_slice()).await.unwrap();
        assert_eq!(back, ["a", "b"]);

        let mut overlong: &[u8] = &[0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(read::<String>(&mut overlong).await.unwrap_err().kind(), ErrorKind::InvalidData);
        let mut cut: &[u8] = &bytes[..6];
        assert_eq!(read::<String>(&mut cut).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}
