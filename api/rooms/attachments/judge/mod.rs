//! Judges what may be kept of bytes that somebody sent: by what they are, not by what they are called.
//!
//! Pure: bytes in, bytes out, no IO. Each format is read by its own structure, from the first byte to its end; what the
//! structure has no place for is left out (behind the end of a picture) or makes it refused. Sizes stand in headers and
//! are bounded before anything is decoded.

mod boxes;
mod exif;
mod heic;
mod jpeg;
mod pdf;
mod png;
mod reader;
mod thumbnail;
mod webp;

use kit::words;

words! {
    /// Media types that an attachment's bytes may be of.
    pub MediaType "attachment_media_type" "Media type" "文件类型" {
        Jpeg "image/jpeg" "JPEG picture" "JPEG 图片";
        Png "image/png" "PNG picture" "PNG 图片";
        Webp "image/webp" "WebP picture" "WebP 图片";
        Heic "image/heic" "HEIC picture" "HEIC 图片";
        Pdf "application/pdf" "PDF" "PDF 文件";
    }
}
words! {
    /// Why bytes that came whole are not kept.
    pub ContentRefusal "content_refusal" "Why it is not kept" "未保存原因" {
        OtherType "other_type" "the bytes are not of the media type that was declared" "内容与声明的文件类型不符";
        Unreadable "unreadable" "the bytes are damaged, or of a form that can't be read" "文件损坏或格式无法识别";
        TooLarge "too_large" "the picture has more points than are taken" "图片像素过多";
        Ambiguous "ambiguous" "the bytes are two things at once" "文件同时具有两种格式";
        Active "active" "the document does something when it is opened" "文件打开时会执行操作";
    }
}

/// Points of a picture at most: 50 million, more than phones' cameras send.
pub const MOST_POINTS: u64 = 50_000_000;
/// Points along an edge at most.
pub const MOST_EDGE: u32 = 20_000;

/// Bytes that may be kept, and what is told of them.
#[derive(Debug)]
pub struct Kept {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Width and height of a picture, in points.
    pub size: Option<(u32, u32)>,
    /// A small JPEG of it, where it can be drawn.
    pub thumbnail: Option<Vec<u8>>,
}

/// Bytes that are left once all is taken out that isn't the picture or the paper itself.
struct Cleaned {
    bytes: Vec<u8>,
    size: Option<(u32, u32)>,
    /// How the camera was held (EXIF, 1 to 8).
    orientation: u8,
}

/// The kind of bytes, by how they begin; none for any other.
pub fn media_type_of(bytes: &[u8]) -> Option<MediaType> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(MediaType::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::Webp),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] if heic::is_brand(bytes) => Some(MediaType::Heic),
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(MediaType::Pdf),
        _ => None,
    }
}

/// Judges bytes that were declared to be of a media type. Where and with what a picture was taken goes, unless it is asked
/// for with `keep_position`.
pub fn judged(bytes: &[u8], declared: MediaType, keep_position: bool) -> Result<Kept, ContentRefusal> {
    if media_type_of(bytes) != Some(declared) {
        return Err(ContentRefusal::OtherType);
    }
    let cleaned = match declared {
        MediaType::Jpeg => jpeg::cleaned(bytes, keep_position)?,
        MediaType::Png => png::cleaned(bytes, keep_position)?,
        MediaType::Webp => webp::cleaned(bytes, keep_position)?,
        MediaType::Heic => heic::cleaned(bytes, keep_position)?,
        MediaType::Pdf => pdf::cleaned(bytes)?,
    };
    let thumbnail = match declared {
        MediaType::Heic | MediaType::Pdf => None,
        // Bytes that can't be drawn are no picture, whatever their structure says.
        _ => Some(thumbnail::of(&cleaned, declared)?),
    };
    Ok(Kept { bytes: cleaned.bytes, size: cleaned.size, thumbnail })
}

/// Refuses a size that isn't one, or is more than is decoded.
fn require_size(width: u32, height: u32) -> Result<(u32, u32), ContentRefusal> {
    if width == 0 || height == 0 {
        return Err(ContentRefusal::Unreadable);
    }
    let points = u64::from(width) * u64::from(height);
    match points > MOST_POINTS || width > MOST_EDGE || height > MOST_EDGE {
        true => Err(ContentRefusal::TooLarge),
        false => Ok((width, height)),
    }
}

#[cfg(test)]
mod tests;
