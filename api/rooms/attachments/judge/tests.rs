use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};

use super::*;

fn written(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7])));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

const FORMATS: [(MediaType, ImageFormat); 3] =
    [(MediaType::Jpeg, ImageFormat::Jpeg), (MediaType::Png, ImageFormat::Png), (MediaType::Webp, ImageFormat::WebP)];

#[test]
fn what_is_kept_is_the_picture_and_stays_so() {
    for (media_type, format) in FORMATS {
        let bytes = written(900, 30, format);
        let kept = judged(&bytes, media_type, false).unwrap();
        assert_eq!(kept.size, Some((900, 30)));
        let (before, after) = (image::load_from_memory(&bytes).unwrap(), image::load_from_memory(&kept.bytes).unwrap());
        assert_eq!(before, after, "{media_type}");
        assert_eq!(judged(&kept.bytes, media_type, false).unwrap().bytes, kept.bytes, "once more changes nothing");
        let small = image::load_from_memory(&kept.thumbnail.unwrap()).unwrap();
        assert!(small.width() <= 320 && small.height() <= 320);
    }
}

#[test]
fn how_the_camera_was_held_is_all_that_is_told_of_it() {
    for orientation in 1..=8 {
        assert_eq!(exif::orientation(&exif::telling(orientation)), Some(orientation));
    }
    for odd in [b"".as_slice(), b"II*\0", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"] {
        assert_eq!(exif::orientation(odd), None);
    }
}

/// However bytes are cut or changed, they are judged and nothing breaks; and what is kept is always smaller than what
/// is decoded may be.
#[test]
fn mangled_bytes_are_refused_or_kept_and_nothing_breaks() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut kept = 0;
    for (media_type, format) in FORMATS {
        let bytes = written(24, 16, format);
        for _ in 0..400 {
            let mut mangled = bytes.clone();
            mangled.truncate(1 + random() as usize % bytes.len());
            for _ in 0..random() % 4 {
                let at = random() as usize % mangled.len();
                mangled[at] = random() as u8;
            }
            if let Ok(found) = judged(&mangled, media_type, random() % 2 == 0) {
                kept += 1;
                assert!(found.bytes.len() <= bytes.len() + 64);
            }
        }
    }
    assert!(kept < 400, "{kept}");
}

#[test]
fn sizes_are_bounded_before_anything_is_decoded() {
    assert_eq!(require_size(8_000, 6_000), Ok((8_000, 6_000)));
    for (width, height) in [(10_000, 5_001), (20_001, 1), (1, 20_001), (u32::MAX, u32::MAX)] {
        assert_eq!(require_size(width, height), Err(ContentRefusal::TooLarge));
    }
    assert_eq!(require_size(0, 9), Err(ContentRefusal::Unreadable));
}

#[test]
fn a_document_that_acts_is_told_however_its_names_are_spelled() {
    let document = |inside: &str| format!("%PDF-1.7\n1 0 obj<<{inside}>>endobj\n%%EOF\n").into_bytes();
    let judge = |inside: &str| judged(&document(inside), MediaType::Pdf, false).err();
    for active in ["/S/JavaScript", "/S /JS(x)", "/S/#4a#53 (x)", "/Names<</EmbeddedFiles 2 0 R>>", "/S/Launch"] {
        assert_eq!(judge(active), Some(ContentRefusal::Active), "{active}");
    }
    for plain in ["/Type/Catalog", "/JSomething 1", "/Launcher", "(JavaScript)"] {
        assert_eq!(judge(plain), None, "{plain}");
    }
    let behind = [document(""), b"<html>".to_vec()].concat();
    assert_eq!(judged(&behind, MediaType::Pdf, false).err(), Some(ContentRefusal::Ambiguous));
}
