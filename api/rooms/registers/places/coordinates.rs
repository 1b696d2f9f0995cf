//! Between the two coordinate systems places come in: WGS-84 (satellites, what is stored) and
//! GCJ-02 (the offset system of Chinese maps).
//!
//! GCJ-02 is unpublished; this is the approximation in general use (Krasovsky ellipsoid, sine
//! series). All values are degrees; east and north are positive. Outside the rectangle the maps
//! shift (larger than the country: parts of its neighbours lie in it) nothing is changed.

use std::f64::consts::PI;

/// Half the long axis of the Krasovsky ellipsoid, metres.
const SEMI_MAJOR_AXIS_M: f64 = 6_378_245.0;
/// Its first eccentricity squared.
const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;
/// Where the inverse stops: a hundredth of a millimetre, well below the rounding of the result.
const CLOSE_ENOUGH_DEGREES: f64 = 1e-10;
/// Each step shrinks the error a hundredfold or more; the bound only keeps the loop finite.
const MOST_STEPS: usize = 10;

/// GCJ-02 longitude and latitude → WGS-84, rounded to 7 decimals (about a centimetre), to within
/// 1e-6 degree of the forward transformation's inverse.
pub fn gcj02_to_wgs84(longitude: f64, latitude: f64) -> (f64, f64) {
    if is_outside_china(longitude, latitude) {
        return (longitude, latitude);
    }
    // The offset has no closed inverse: guess, look where the guess lands, correct by the miss.
    let (mut east, mut north) = (longitude, latitude);
    for _ in 0..MOST_STEPS {
        let (offset_east, offset_north) = offset(east, north);
        let (miss_east, miss_north) = (east + offset_east - longitude, north + offset_north - latitude);
        east -= miss_east;
        north -= miss_north;
        if miss_east.abs() < CLOSE_ENOUGH_DEGREES && miss_north.abs() < CLOSE_ENOUGH_DEGREES {
            break;
        }
    }
    (rounded(east), rounded(north))
}

/// WGS-84 longitude and latitude → GCJ-02, rounded to 7 decimals (about a centimetre): the inverse, to try the other by.
#[cfg(test)]
fn wgs84_to_gcj02(longitude: f64, latitude: f64) -> (f64, f64) {
    if is_outside_china(longitude, latitude) {
        return (longitude, latitude);
    }
    let (offset_east, offset_north) = offset(longitude, latitude);
    (rounded(longitude + offset_east), rounded(latitude + offset_north))
}

/// Outside the rectangle of the transformation, or no number at all.
fn is_outside_china(longitude: f64, latitude: f64) -> bool {
    !((72.004..=137.8347).contains(&longitude) && (0.8293..=55.8271).contains(&latitude))
}

/// How far GCJ-02 lies from a WGS-84 point, in degrees.
fn offset(longitude: f64, latitude: f64) -> (f64, f64) {
    let (east, north) = (longitude - 105.0, latitude - 35.0);
    let radians = latitude.to_radians();
    let flattening = 1.0 - ECCENTRICITY_SQUARED * radians.sin().powi(2);
    let meridian_m = SEMI_MAJOR_AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / flattening.powf(1.5);
    let parallel_m = SEMI_MAJOR_AXIS_M / flattening.sqrt() * radians.cos();
    ((east_offset_m(east, north) / parallel_m).to_degrees(), (north_offset_m(east, north) / meridian_m).to_degrees())
}

/// The part both series share.
fn common_wave(east: f64) -> f64 {
    (20.0 * (6.0 * east * PI).sin() + 20.0 * (2.0 * east * PI).sin()) * 2.0 / 3.0
}

fn east_offset_m(east: f64, north: f64) -> f64 {
    300.0
        + east
        + 2.0 * north
        + 0.1 * east * east
        + 0.1 * east * north
        + 0.1 * east.abs().sqrt()
        + common_wave(east)
        + (20.0 * (east * PI).sin() + 40.0 * (east / 3.0 * PI).sin()) * 2.0 / 3.0
        + (150.0 * (east / 12.0 * PI).sin() + 300.0 * (east / 30.0 * PI).sin()) * 2.0 / 3.0
}

fn north_offset_m(east: f64, north: f64) -> f64 {
    -100.0
        + 2.0 * east
        + 3.0 * north
        + 0.2 * north * north
        + 0.1 * east * north
        + 0.2 * east.abs().sqrt()
        + common_wave(east)
        + (20.0 * (north * PI).sin() + 40.0 * (north / 3.0 * PI).sin()) * 2.0 / 3.0
        + (160.0 * (north / 12.0 * PI).sin() + 320.0 * (north * PI / 30.0).sin()) * 2.0 / 3.0
}

/// Seven decimals: the precision coordinates are stored with.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(left: Point, right: Point, degrees: f64) -> bool {
        (left.0 - right.0).abs() < degrees && (left.1 - right.1).abs() < degrees
    }

    /// Longitude, latitude.
    type Point = (f64, f64);

    /// Pairs published with other implementations: WGS-84, GCJ-02.
    const KNOWN: &[(Point, Point)] = &[
        ((121.527_210_6, 31.177_427_6), (121.531_541_859_215, 31.175_303_983_646)),
        ((113.912_316, 22.543_847), (113.917_176_480_836, 22.540_796_131_695)),
        ((116.377_817, 39.911_954), (116.384_047_224_557, 39.913_345_455_361)),
    ];

    #[test]
    fn known_pairs_both_ways() {
        for (wgs84, gcj02) in KNOWN {
            assert!(near(wgs84_to_gcj02(wgs84.0, wgs84.1), *gcj02, 1e-6));
            assert!(near(gcj02_to_wgs84(gcj02.0, gcj02.1), *wgs84, 1e-6));
        }
    }

    #[test]
    fn there_and_back_over_the_whole_country() {
        for longitude_step in 0..120 {
            for latitude_step in 0..70 {
                let wgs84 = (73.5 + f64::from(longitude_step) * 0.517, 3.9 + f64::from(latitude_step) * 0.713);
                let gcj02 = wgs84_to_gcj02(wgs84.0, wgs84.1);
                assert!(near(gcj02, wgs84, 0.02) && !near(gcj02, wgs84, 1e-5), "{wgs84:?}");
                assert!(near(gcj02_to_wgs84(gcj02.0, gcj02.1), wgs84, 1e-6), "{wgs84:?}");
            }
        }
    }

    #[test]
    fn yucheng_is_shifted_by_some_hundred_metres() {
        let (longitude, latitude) = wgs84_to_gcj02(103.0, 29.98);
        assert!(near((longitude, latitude), (103.0, 29.98), 0.006) && longitude > 103.0 && latitude < 29.98);
    }

    #[test]
    fn outside_china_and_non_numbers_stay() {
        for (longitude, latitude) in
            [(2.35, 48.85), (-74.0, 40.7), (0.0, 0.0), (139.7, 35.7), (103.0, 60.0), (f64::INFINITY, 30.0)]
        {
            assert_eq!(wgs84_to_gcj02(longitude, latitude), (longitude, latitude));
            assert_eq!(gcj02_to_wgs84(longitude, latitude), (longitude, latitude));
        }
        assert!(gcj02_to_wgs84(f64::NAN, 30.0).0.is_nan());
    }

    #[test]
    fn results_have_seven_decimals() {
        let (longitude, latitude) = gcj02_to_wgs84(103.001_234_567_89, 29.987_654_321_09);
        for degrees in [longitude, latitude] {
            assert!((degrees * 1e7 - (degrees * 1e7).round()).abs() < 1e-5);
        }
    }
}
