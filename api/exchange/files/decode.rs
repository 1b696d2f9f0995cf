//! Bytes of a file as text, piece by piece: UTF-8, GB18030 and UTF-16 as spreadsheets save them.

use encoding_rs::{CoderResult, DecoderResult, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// As many bytes are looked at, from the first that isn't ASCII, before the charset is settled.
const LOOK: usize = 4096;

/// Why bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The charset named is none that we read.
    #[error("the charset is not known")]
    UnknownCharset,
    /// Bytes that the charset doesn't have.
    #[error("the file has bytes that are no text in its charset")]
    Malformed,
}

/// Turns bytes into text.
pub struct Decoder {
    decoder: Option<encoding_rs::Decoder>,
    pending: Vec<u8>,
    begun: bool,
}

impl Decoder {
    /// A decoder of a charset; without one it is found out.
    pub fn new(charset: Option<&str>) -> Result<Self, DecodeError> {
        let encoding = charset.map(named).transpose()?;
        // A byte order mark is believed over the name: UTF-8 files are often called something else.
        Ok(Self { decoder: encoding.map(Encoding::new_decoder), pending: Vec::new(), begun: false })
    }

    /// Decodes more bytes; `last` says that there are no more.
    pub fn push(&mut self, bytes: &[u8], last: bool, text: &mut String) -> Result<(), DecodeError> {
        if let Some(decoder) = &mut self.decoder {
            return decode(decoder, bytes, last, text);
        }
        self.pending.extend_from_slice(bytes);
        if !self.begun && self.pending.len() < 3 && !last {
            return Ok(());
        }
        if !self.begun {
            self.begun = true;
            if let Some((encoding, _)) = Encoding::for_bom(&self.pending) {
                return self.settle(encoding, last, text);
            }
        }
        let ascii = self.pending.iter().take_while(|byte| byte.is_ascii()).count();
        let rest = self.pending.split_off(ascii);
        text.push_str(&String::from_utf8_lossy(&std::mem::replace(&mut self.pending, rest)));
        if self.pending.len() >= LOOK || (last && !self.pending.is_empty()) {
            let encoding = likely(self.pending.get(..LOOK).unwrap_or(&self.pending));
            return self.settle(encoding, last, text);
        }
        Ok(())
    }

    fn settle(&mut self, encoding: &'static Encoding, last: bool, text: &mut String) -> Result<(), DecodeError> {
        let pending = std::mem::take(&mut self.pending);
        let decoder = self.decoder.insert(encoding.new_decoder_with_bom_removal());
        decode(decoder, &pending, last, text)
    }
}

/// The charset of bytes that begin with one that isn't ASCII. It must be told by these bytes alone: how a file is cut
/// on its way, and how much of it is there already, means nothing.
fn likely(look: &[u8]) -> &'static Encoding {
    let seen = match std::str::from_utf8(look) {
        // Where more follows, a character may be cut at the end; anything else isn't UTF-8.
        Err(error) if error.error_len().is_none() && look.len() == LOOK => look.get(..error.valid_up_to()),
        Err(_) => None,
        Ok(_) => Some(look),
    };
    let text = seen.and_then(|seen| std::str::from_utf8(seen).ok());
    if text.is_some_and(|text| !is_only_by_chance(text)) { UTF_8 } else { GB18030 }
}

/// `学校` in GB18030 is `ѧУ` in UTF-8: text that isn't ASCII, has no character of Chinese in it and would be
/// hanzi in GB18030, is that. Not where single signs stand between ASCII, as in `36.5°C` or `José`.
fn is_only_by_chance(text: &str) -> bool {
    let foreign = text.chars().filter(|letter| !letter.is_ascii()).all(|letter| letter.len_utf8() == 2);
    foreign
        && !text.is_ascii()
        && !text.split(|letter: char| letter.is_ascii()).all(|run| run.is_empty() || is_one_of_latin_1(run))
        && GB18030.decode_without_bom_handling_and_without_replacement(text.as_bytes()).is_some()
}

fn is_one_of_latin_1(run: &str) -> bool {
    let mut letters = run.chars();
    letters.next().is_some_and(|letter| ('\u{a1}'..='\u{ff}').contains(&letter)) && letters.next().is_none()
}

fn named(charset: &str) -> Result<&'static Encoding, DecodeError> {
    match charset.trim().trim_matches('"').to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => Ok(UTF_8),
        "gb18030" | "gbk" | "gb2312" | "cp936" => Ok(GB18030),
        "utf-16le" | "utf-16" => Ok(UTF_16LE),
        "utf-16be" => Ok(UTF_16BE),
        _ => Err(DecodeError::UnknownCharset),
    }
}

/// Malformed bytes are an error: replaced by a question mark they would be lost without a word.
fn decode(decoder: &mut encoding_rs::Decoder, bytes: &[u8], last: bool, text: &mut String) -> Result<(), DecodeError> {
    let mut rest = bytes;
    loop {
        let needed = decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(rest.len() * 4 + 16);
        text.reserve(needed);
        let (result, read) = decoder.decode_to_string_without_replacement(rest, text, last);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return Ok(()),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return Err(DecodeError::Malformed),
        }
    }
}

/// Encodes text, for tests and for files that go back in the charset in which they came.
pub fn encoded(text: &str, charset: &str) -> Result<Vec<u8>, DecodeError> {
    let encoding = named(charset)?;
    let mut encoder = encoding.new_encoder();
    let mut bytes =
        vec![0; encoder.max_buffer_length_from_utf8_if_no_unmappables(text.len()).unwrap_or(text.len() * 4)];
    let (result, _, written, unmappable) = encoder.encode_from_utf8(text, &mut bytes, true);
    if result == CoderResult::OutputFull || unmappable {
        return Err(DecodeError::Malformed);
    }
    bytes.truncate(written);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], charset: Option<&str>, piece: usize) -> Result<String, DecodeError> {
        let mut decoder = Decoder::new(charset)?;
        let mut text = String::new();
        for piece in bytes.chunks(piece) {
            decoder.push(piece, false, &mut text)?;
        }
        decoder.push(&[], true, &mut text)?;
        Ok(text)
    }

    #[test]
    fn every_charset_is_read_however_it_is_cut() {
        let text = format!("{}姓名,体温\r\n张三,36.5℃\r\n", "a,b\n".repeat(2000));
        for piece in [1, 2, 3, 7, 4096, 1 << 20] {
            assert_eq!(decoded(text.as_bytes(), None, piece).unwrap(), text);
            assert_eq!(decoded(&encoded(&text, "gb18030").unwrap(), None, piece).unwrap(), text, "piece {piece}");
            assert_eq!(decoded(&encoded(&text, "gbk").unwrap(), Some("GBK"), piece).unwrap(), text);
            let with_mark = format!("\u{feff}{text}");
            assert_eq!(decoded(with_mark.as_bytes(), None, piece).unwrap(), text);
            assert_eq!(decoded(with_mark.as_bytes(), Some("utf-8"), piece).unwrap(), text);
            let utf_16: Vec<u8> = with_mark.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(decoded(&utf_16, None, piece).unwrap(), text);
        }
        assert_eq!(decoded(b"", None, 1).unwrap(), "");
        assert_eq!(decoded(b"ab", None, 1).unwrap(), "ab");
    }

    #[test]
    fn hanzi_that_look_like_other_letters_are_hanzi() {
        let bytes = encoded("学校,1", "gbk").unwrap();
        assert!(std::str::from_utf8(&bytes).is_ok());
        assert_eq!(decoded(&bytes, None, 3).unwrap(), "学校,1");
    }

    #[test]
    fn the_charset_is_the_same_however_the_file_is_cut() {
        // Five bytes each: the last that is looked at stands within a letter.
        let text = "学校,".repeat(2_000);
        let late = [text.as_bytes(), b"\xff\xff"].concat();
        for piece in [1, 3, LOOK - 1, LOOK, LOOK + 1, 1 << 20] {
            assert_eq!(decoded(&encoded(&text, "gbk").unwrap(), None, piece).unwrap(), text, "piece {piece}");
            assert_eq!(decoded(&late, None, piece), Err(DecodeError::Malformed), "piece {piece}");
        }
    }

    #[test]
    fn single_signs_between_ascii_are_no_hanzi() {
        for text in ["temperature_c\n36.5°C\n36.6°C\n", "name\nJosé\n", "size\n3×4\n"] {
            assert_eq!(decoded(text.as_bytes(), None, 3).unwrap(), text);
        }
    }

    #[test]
    fn a_mark_is_believed_over_the_name() {
        let text = "姓名\n张三\n";
        for name in ["gbk", "utf-8", "utf-16", "utf-16be"] {
            assert_eq!(decoded(format!("\u{feff}{text}").as_bytes(), Some(name), 2).unwrap(), text, "{name}");
        }
        let big_endian: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decoded(&big_endian, Some("utf-16"), 5).unwrap(), text);
    }

    #[test]
    fn what_is_no_text_is_told() {
        assert_eq!(decoded(&[0xff, 0xff, 0xff], Some("utf-8"), 1), Err(DecodeError::Malformed));
        assert_eq!(decoded("姓名".as_bytes(), Some("klingon"), 1), Err(DecodeError::UnknownCharset));
    }
}
