//! A small JPEG of a picture, and the proof that it is one: it is drawn once, within limits.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use super::{Cleaned, ContentRefusal, MOST_EDGE, MOST_POINTS, MediaType};

/// The longer edge at most, in points.
const EDGE_PX: u32 = 320;
/// Quality of the JPEG, of 100.
const QUALITY: u8 = 75;

/// The thumbnail, turned as the camera was held.
pub fn of(cleaned: &Cleaned, media_type: MediaType) -> Result<Vec<u8>, ContentRefusal> {
    let format = match media_type {
        MediaType::Jpeg => ImageFormat::Jpeg,
        MediaType::Png => ImageFormat::Png,
        MediaType::Webp => ImageFormat::WebP,
        MediaType::Heic | MediaType::Pdf => return Err(ContentRefusal::OtherType),
    };
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MOST_EDGE), Some(MOST_EDGE));
    // Four colours of two bytes a point at most.
    limits.max_alloc = Some(MOST_POINTS * 8);
    let mut reader = ImageReader::with_format(Cursor::new(&cleaned.bytes), format);
    reader.limits(limits);
    let picture = reader.decode().map_err(|_| ContentRefusal::Unreadable)?;
    if cleaned.size.is_some_and(|size| size != (picture.width(), picture.height())) {
        return Err(ContentRefusal::Unreadable);
    }
    drawn(&picture, cleaned.orientation)
}

fn drawn(picture: &DynamicImage, orientation: u8) -> Result<Vec<u8>, ContentRefusal> {
    let mut small = match picture.width().max(picture.height()) <= EDGE_PX {
        true => picture.clone(),
        false => picture.thumbnail(EDGE_PX, EDGE_PX),
    };
    if let Some(orientation) = Orientation::from_exif(orientation) {
        small.apply_orientation(orientation);
    }
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    small.into_rgb8().write_with_encoder(encoder).map_err(|_| ContentRefusal::Unreadable)?;
    Ok(bytes)
}
