//! Frames: a type, the payload's length, the payload. The highest bit of the type says that the payload is compressed:
//! then it is one zstd frame with the length of what it holds before it.

use std::io::{self, Read, Write};
use std::sync::Arc;

use bytes::Bytes;

use super::WireError;
use crate::buffers::{Buffers, Lent};
use crate::limits::{COMPRESS_LEAST, FRAME, FRAME_SMALL, FRAME_STEP, PARCEL};

const COMPRESSED: u8 = 0x80;
/// Type and length.
const HEADER: usize = 5;
/// The level of zstd behind which more time gains little: on sources it makes 5 to 10 % less of them than the first.
pub(crate) const LEVEL: i32 = 2;

/// One frame, its payload as it was before compression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) payload: Bytes,
}

/// Compresses payloads, one after the other.
pub(crate) struct Press {
    level: i32,
    /// Made when it is first wanted.
    compressor: Option<zstd::bulk::Compressor<'static>>,
}

impl Press {
    pub(crate) fn new(level: i32) -> Self {
        Self { level, compressor: None }
    }

    /// The payload compressed, where that is worth it.
    fn squeeze(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        if payload.len() < COMPRESS_LEAST || !xssh_delta::compressible(payload) {
            return None;
        }
        if self.compressor.is_none() {
            self.compressor = zstd::bulk::Compressor::new(self.level).ok();
        }
        let mut squeezed = (payload.len() as u32).to_le_bytes().to_vec();
        let compressed = self.compressor.as_mut()?.compress(payload).ok()?;
        squeezed.extend_from_slice(&compressed);
        (squeezed.len() < payload.len() - payload.len() / 8).then_some(squeezed)
    }
}

/// Writes a frame, compressed where a press is given. Returns how many bytes it took on the line.
pub(crate) fn write(output: &mut impl Write, kind: u8, payload: &[u8], press: Option<&mut Press>) -> io::Result<u64> {
    let squeezed = press.and_then(|press| press.squeeze(payload));
    let (kind, payload) = match &squeezed {
        Some(squeezed) => (kind | COMPRESSED, squeezed.as_slice()),
        None => (kind, payload),
    };
    let length = u32::try_from(payload.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut header = [kind; HEADER];
    header[1..].copy_from_slice(&length.to_le_bytes());
    output.write_all(&header)?;
    output.write_all(payload)?;
    Ok((HEADER + payload.len()) as u64)
}

/// Reads a frame; `None` where the stream ends between two. Also says how many bytes it took on the line.
pub(crate) fn read(input: &mut impl Read) -> Result<Option<(Frame, u64)>, WireError> {
    read_within(input, &Arc::default())
}

/// The same, in the room of buffers that were used before.
pub(crate) fn read_within(input: &mut impl Read, room: &Arc<Buffers>) -> Result<Option<(Frame, u64)>, WireError> {
    let mut header = [0; HEADER];
    let mut got = 0;
    while got < HEADER {
        match input.read(&mut header[got..]) {
            Ok(0) if got == 0 => return Ok(None),
            Ok(0) => return Err(WireError::Cut),
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(WireError::Line(error)),
        }
    }
    let [kind, length @ ..] = header;
    let length = u32::from_le_bytes(length) as usize;
    if length > FRAME {
        return Err(WireError::TooLong { length, limit: FRAME });
    }
    let payload = match length {
        FRAME_SMALL..=PARCEL => read_lent(input, room.lend_out(length))?,
        _ => read_payload(input, length)?.into(),
    };
    let payload = if kind & COMPRESSED == 0 { payload } else { unsqueeze(&payload)?.into() };
    Ok(Some((Frame { kind: kind & !COMPRESSED, payload }, (HEADER + length) as u64)))
}

fn read_lent(input: &mut impl Read, mut room: Lent<Arc<Buffers>>) -> Result<Bytes, WireError> {
    input.read_exact(&mut room).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => WireError::Cut,
        _ => WireError::Line(error),
    })?;
    Ok(Bytes::from_owner(room))
}

/// The payload, whose room grows with what has come.
fn read_payload(input: &mut impl Read, length: usize) -> Result<Vec<u8>, WireError> {
    let mut payload = Vec::with_capacity(length.min(FRAME_STEP));
    let read = input.take(length as u64).read_to_end(&mut payload).map_err(WireError::Line)?;
    if read < length {
        return Err(WireError::Cut);
    }
    Ok(payload)
}

fn unsqueeze(payload: &[u8]) -> Result<Vec<u8>, WireError> {
    let (length, compressed) = payload.split_first_chunk::<4>().ok_or(WireError::Truncated)?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > FRAME {
        return Err(WireError::TooLong { length, limit: FRAME });
    }
    let plain = zstd::bulk::decompress(compressed, length).map_err(|_| WireError::Compression)?;
    if plain.len() != length {
        return Err(WireError::Compression);
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(kind in 0_u8..128, payload: Vec<u8>, times in 1_usize..200, compress: bool) {
            let payload = payload.repeat(times);
            let mut line = Vec::new();
            let written = write(&mut line, kind, &payload, compress.then(|| Press::new(LEVEL)).as_mut()).unwrap();
            prop_assert_eq!(written as usize, line.len());
            let (frame, read_bytes) = read(&mut line.as_slice()).unwrap().unwrap();
            prop_assert_eq!(read_bytes, written);
            prop_assert_eq!(frame, Frame { kind, payload: payload.into() });
        }

        #[test]
        fn any_bytes_end_in_a_frame_or_an_error(line: Vec<u8>) {
            let mut line = line.as_slice();
            while let Ok(Some(_)) = read(&mut line) {}
        }
    }

    #[test]
    fn a_length_is_no_reason_to_allocate() {
        let mut line = vec![1];
        line.extend_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(read(&mut line.as_slice()), Err(WireError::TooLong { .. })));
        let mut line = vec![1 | COMPRESSED];
        line.extend_from_slice(&4_u32.to_le_bytes());
        line.extend_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(read(&mut line.as_slice()), Err(WireError::TooLong { .. })));
    }

    /// What becomes more than it said is no frame, and no memory is taken for more than it said.
    #[test]
    fn a_payload_that_unfolds_is_refused() {
        let bomb = zstd::bulk::compress(&vec![0; 64 << 20], LEVEL).unwrap();
        for said in [0_u32, 10, FRAME as u32] {
            let mut line = vec![1 | COMPRESSED];
            line.extend_from_slice(&(bomb.len() as u32 + 4).to_le_bytes());
            line.extend_from_slice(&said.to_le_bytes());
            line.extend_from_slice(&bomb);
            assert!(matches!(read(&mut line.as_slice()), Err(WireError::Compression)), "{said}");
        }
    }
}
