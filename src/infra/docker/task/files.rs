//! Files into a container and out of it, as archives: they go over the engine's socket, so that the engine may have
//! another file system than its caller, and a container's user another number.

use std::fs::File;
use std::path::Path;

use bollard::Docker;
use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use tokio::io::AsyncReadExt;

use crate::infra::error::docker::{Error, Result, is_not_found};
use crate::system;

/// Bytes that are sent at a time.
const PIECE: usize = 64 << 10;
/// Bytes of one file that are taken out.
const LARGEST: u64 = 4 << 30;

/// Puts files into a directory, readable by all there.
pub(super) async fn put(docker: &Docker, name: &str, directory: &str, files: &[(&str, &Path)]) -> Result<()> {
    let archive = tempfile::tempfile().map_err(system::Error::call("make a temporary file"))?;
    let mut builder = tar::Builder::new(archive);
    for (as_name, path) in files {
        let wrong = |error| system::Error::file("read", path)(error);
        let mut file = File::open(path).map_err(wrong)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(file.metadata().map_err(wrong)?.len());
        header.set_mode(0o644);
        builder.append_data(&mut header, as_name, &mut file).map_err(wrong)?;
    }
    let mut archive = builder.into_inner().map_err(system::Error::call("write an archive"))?;
    std::io::Seek::rewind(&mut archive).map_err(system::Error::call("read an archive"))?;
    let pieces = stream::try_unfold(tokio::fs::File::from_std(archive), |mut file| async move {
        let mut piece = vec![0; PIECE];
        let count = file.read(&mut piece).await?;
        piece.truncate(count);
        Ok::<_, std::io::Error>((count > 0).then(|| (Bytes::from(piece), file)))
    });
    let options = UploadToContainerOptionsBuilder::new().path(directory).build();
    let sent = docker.upload_to_container(name, Some(options), bollard::body_try_stream(pieces)).await;
    sent.map_err(Error::call(format!("put files into `{name}`")))
}

/// Copies the wanted files of a directory to one of this machine. What else is there is passed over: names in an
/// archive of a container are not trusted.
pub(super) async fn take(docker: &Docker, name: &str, directory: &str, wanted: &[&str], to: &Path) -> Result<()> {
    for file in wanted {
        let path = format!("{directory}/{file}");
        let options = DownloadFromContainerOptionsBuilder::new().path(&path).build();
        let mut pieces = Box::pin(docker.download_from_container(name, Some(options)));
        let mut archive = tempfile::tempfile().map_err(system::Error::call("make a temporary file"))?;
        let mut size = 0;
        loop {
            match pieces.try_next().await {
                Ok(Some(piece)) => {
                    size += piece.len() as u64;
                    if size > LARGEST {
                        return Err(too_large(&path, name));
                    }
                    std::io::Write::write_all(&mut archive, &piece).map_err(system::Error::call("write an archive"))?;
                }
                Ok(None) => break,
                Err(error) if is_not_found(&error) => break,
                Err(error) => return Err(Error::call(format!("take `{path}` out of `{name}`"))(error)),
            }
        }
        if size > 0 {
            unpack(archive, &to.join(file))?;
        }
    }
    Ok(())
}

fn too_large(path: &str, name: &str) -> Error {
    let error = std::io::Error::new(std::io::ErrorKind::FileTooLarge, format!("it is larger than {LARGEST} bytes"));
    Error::call(format!("take `{path}` out of `{name}`"))(error.into())
}

/// The one regular file of an archive; a link is none.
fn unpack(mut archive: File, to: &Path) -> Result<()> {
    let wrong = |error| system::Error::file("write", to)(error);
    std::io::Seek::rewind(&mut archive).map_err(wrong)?;
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().map_err(wrong)? {
        let mut entry = entry.map_err(wrong)?;
        if entry.header().entry_type().is_file() {
            let mut file = File::create(to).map_err(wrong)?;
            std::io::copy(&mut entry, &mut file).map_err(wrong)?;
            return Ok(());
        }
    }
    Ok(())
}
