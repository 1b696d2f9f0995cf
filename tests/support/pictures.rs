//! Pictures and papers, made up: as phones send them, and as those who mean harm do.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};

/// A position that must not be found anywhere: in EXIF as a camera writes it.
pub const POSITION: &[u8] = b"30 deg 03 min 12 sec N";
/// The camera.
pub const DEVICE: &[u8] = b"HUAWEI P30 Pro 8A7X";

fn picture(width: u32, height: u32) -> DynamicImage {
    // Noise of a kind: it must not shrink to nothing.
    let point = |x: u32, y: u32| {
        let mixed = x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503) ^ (x * y);
        image::Rgb([mixed as u8, (mixed >> 8) as u8, (mixed >> 16) as u8])
    };
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, point))
}

fn written(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture(width, height).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// EXIF with an orientation, a position and a device.
pub fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    tiff.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    tiff.extend(POSITION);
    tiff.extend(DEVICE);
    tiff
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    [&[0xff, marker], (content.len() as u16 + 2).to_be_bytes().as_slice(), content].concat()
}

/// A JPEG as a phone writes it.
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let plain = written(width, height, ImageFormat::Jpeg);
    let told = segment(0xe1, &[b"Exif\0\0", exif(6).as_slice()].concat());
    [&plain[..2], &told, &segment(0xfe, b"<script>alert(1)</script>"), &plain[2..]].concat()
}

/// A PNG chunk.
pub fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(name);
    sum.update(content);
    [(content.len() as u32).to_be_bytes().as_slice(), name, content, &sum.sum().to_be_bytes()].concat()
}

/// A PNG with such chunks behind its header.
pub fn png(width: u32, height: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    let plain = written(width, height, ImageFormat::Png);
    [&plain[..33], &chunks.concat(), &plain[33..]].concat()
}

/// A WebP.
pub fn webp(width: u32, height: u32) -> Vec<u8> {
    written(width, height, ImageFormat::WebP)
}

/// A PNG of a few bytes that says it is a hundred thousand points wide and high.
pub fn bomb() -> Vec<u8> {
    let size = 100_000_u32.to_be_bytes();
    let header = [size.as_slice(), size.as_slice(), &[8, 2, 0, 0, 0]].concat();
    let data = [0x78, 0x9c, 0x63, 0, 0, 0, 1, 0, 1];
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", &data), chunk(b"IEND", &[])].concat()
}

/// A PDF of one empty page.
pub fn pdf() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".to_vec()
}

/// A ZIP with nothing in it.
pub fn zip() -> Vec<u8> {
    [b"PK\x05\x06".as_slice(), &[0; 18]].concat()
}

fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [(content.len() as u32 + 8).to_be_bytes().as_slice(), name, content].concat()
}

/// A HEIC: a picture's data, EXIF, and bytes between them that no item names.
pub fn heic() -> Vec<u8> {
    let (data, between) = (b"hevc-of-the-picture".as_slice(), b"<html>nobody names this</html>".as_slice());
    let exif = exif(1);
    let kinds = |id: u16, kind: &[u8; 4]| {
        boxed(b"infe", &[&[2, 0, 0, 0], id.to_be_bytes().as_slice(), &[0, 0], kind, &[0]].concat())
    };
    let iinf = boxed(b"iinf", &[&[0, 0, 0, 0, 0, 2], kinds(1, b"hvc1").as_slice(), &kinds(2, b"Exif")].concat());
    let ispe = boxed(b"ispe", &[[0; 4], 640_u32.to_be_bytes(), 480_u32.to_be_bytes()].concat());
    let iprp = boxed(b"iprp", &boxed(b"ipco", &ispe));
    let ftyp = boxed(b"ftyp", b"heic\0\0\0\0mif1heic");
    let place = |id: u16, at: u32, length: u32| {
        [id.to_be_bytes().as_slice(), &[0, 0, 0, 1], &at.to_be_bytes(), &length.to_be_bytes()].concat()
    };
    let iloc = |at: u32| {
        let two =
            [place(1, at, data.len() as u32), place(2, at + (data.len() + between.len()) as u32, exif.len() as u32)];
        boxed(b"iloc", &[&[0, 0, 0, 0, 0x44, 0, 0, 2], two.concat().as_slice()].concat())
    };
    let meta = |at: u32| boxed(b"meta", &[[0; 4].to_vec(), iinf.clone(), iloc(at), iprp.clone()].concat());
    let at = ftyp.len() + meta(0).len() + 8;
    [ftyp, meta(at as u32), boxed(b"mdat", &[data, between, &exif].concat())].concat()
}

/// Whether bytes have others in them.
pub fn holds(bytes: &[u8], sought: &[u8]) -> bool {
    bytes.windows(sought.len()).any(|window| window == sought)
}
