//! Zstandard: one frame after the other, as of rotated logs that were packed and put together.

use std::io::{self, BufRead, BufReader, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Unpacks whatever frames a source has; its memory is that of the largest window, at most 100 MB.
pub struct Frames<R> {
    source: BufReader<R>,
    decoder: FrameDecoder,
    is_within: bool,
}

impl<R: Read> Frames<R> {
    /// Before the first frame.
    pub fn new(source: R) -> Self {
        Self { source: BufReader::new(source), decoder: FrameDecoder::new(), is_within: false }
    }

    /// Goes into the next frame; false at the end of the source. Frames that hold no data of ours
    /// are passed over, as the format asks.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => {
                    self.is_within = true;
                    return Ok(true);
                }
                Err(error) => {
                    let Some(length) = passed_over(&error) else { return Err(damaged(error)) };
                    let mut rest = (&mut self.source).take(length);
                    if io::copy(&mut rest, &mut io::sink())? < length {
                        return Err(damaged("it ends within a frame"));
                    }
                }
            }
        }
    }

    /// Is what was unpacked what was packed, as far as the frame says?
    fn check(&self) -> io::Result<()> {
        match self.decoder.get_checksum_from_data() {
            said @ Some(_) if said != self.decoder.get_calculated_checksum() => {
                Err(damaged("its checksum is another"))
            }
            _ => Ok(()),
        }
    }
}

/// How long a frame is that is to be passed over.
fn passed_over(error: &FrameDecoderError) -> Option<u64> {
    match error {
        FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
            length, ..
        }) => Some(u64::from(*length)),
        _ => None,
    }
}

fn damaged(why: impl std::fmt::Display) -> io::Error {
    let text = format!("it is no whole Zstandard file, `zstd --test` says more: {why}");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.is_within && !self.begin()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                let decoded = self.decoder.decode_blocks(&mut self.source, one);
                decoded.map_err(|_| damaged("a block of it is torn or changed"))?;
            }
            let count = self.decoder.read(bytes)?;
            if count > 0 {
                return Ok(count);
            }
            self.check()?;
            self.is_within = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        compress_to_vec(text, CompressionLevel::Fastest)
    }

    fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut whole = Vec::new();
        Frames::new(bytes).read_to_end(&mut whole).map(|_| whole)
    }

    #[test]
    fn frames_follow_one_another_and_those_without_data_are_passed_over() {
        let long = b"2024-12-05T08:00:00+08:00,AIT-301,0.5\n".repeat(20_000);
        let strange = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let whole = [packed(&long), strange.to_vec(), packed(b""), packed(b"end")].concat();
        assert!(unpacked(&whole).is_ok_and(|text| text == [&long[..], b"end"].concat()));
    }

    #[test]
    fn what_is_torn_or_changed_is_said_wherever_it_is() {
        let strange = vec![0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1];
        let whole = packed(&b"a line of readings\n".repeat(50));
        let mut changed = whole.clone();
        if let Some(last) = changed.last_mut() {
            *last ^= 1; // of the checksum
        }
        let torn = whole[..whole.len() - 6].to_vec();
        for bytes in [strange, changed, torn, b"plain text".to_vec()] {
            let error = unpacked(&bytes).expect_err("it is damaged");
            assert!(error.to_string().contains("zstd --test"), "{error}");
        }
    }
}
