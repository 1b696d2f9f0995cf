//! GeoJSON as it is sent, checked as a whole: every fault is told with its place. What comes out has codes, names and
//! coordinates only, so that nothing else that somebody's file held is kept or served.

use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::tree::Tree;
use serde_json::{Value as Json, json};

use super::tree::{Division, Divisions};
use crate::platform::codes::{NOT_A_TOWNSHIP_HERE, RING_OPEN};

/// Townships of a district at most.
const MAX_FEATURES: usize = 200;
/// Points of all shapes: what two megabytes hold anyway.
const MAX_POINTS: usize = 150_000;
/// Points that close a triangle.
const MIN_RING: usize = 4;
/// Digits of a township's code.
const TOWNSHIP_DIGITS: usize = 9;

/// Checker of one body.
struct Checker<'a> {
    divisions: &'a Divisions,
    district_code: &'a str,
    faults: &'a mut Faults,
    points: usize,
    known: Vec<String>,
}

/// The collection as it is kept; nonsense where there are faults.
pub fn checked(tree: &Tree, district_code: &str, divisions: &Divisions, faults: &mut Faults) -> Json {
    let mut checker = Checker { divisions, district_code, faults, points: 0, known: Vec::new() };
    checker.typed(tree, "", &["FeatureCollection"]);
    let features = match tree.member("features") {
        Some(Tree::List(features)) => checker.features(features),
        Some(_) => checker.wrong("/features", "array"),
        None => checker.missing("/features"),
    };
    if checker.points > MAX_POINTS {
        checker.faults.add_with("/features", FaultCode::TOO_MANY, vec![("max", MAX_POINTS.to_string())]);
    }
    json!({"type": "FeatureCollection", "features": features})
}

impl Checker<'_> {
    fn wrong(&mut self, pointer: &str, expected: &str) -> Json {
        self.faults.add_with(pointer, FaultCode::WRONG_TYPE, vec![("type", expected.to_owned())]);
        Json::Null
    }

    fn missing(&mut self, pointer: &str) -> Json {
        self.faults.add(pointer, FaultCode::REQUIRED);
        Json::Null
    }

    /// The `type` of an object, where it is one of these.
    fn typed<'t>(&mut self, tree: &'t Tree, pointer: &str, expected: &[&str]) -> Option<&'t str> {
        let at = format!("{pointer}/type");
        match tree.member("type") {
            Some(Tree::Text(text)) if expected.contains(&text.as_str()) => return Some(text),
            Some(_) => {
                self.faults.add_with(at, FaultCode::NOT_IN_VOCABULARY, vec![("words", expected.join(", "))]);
            }
            None => self.faults.add(at, FaultCode::REQUIRED),
        }
        None
    }

    fn features(&mut self, features: &[Tree]) -> Json {
        if features.is_empty() {
            self.faults.add_with("/features", FaultCode::TOO_FEW, vec![("min", "1".into())]);
        }
        if features.len() > MAX_FEATURES {
            self.faults.add_with("/features", FaultCode::TOO_MANY, vec![("max", MAX_FEATURES.to_string())]);
            return Json::Null;
        }
        features
            .iter()
            .enumerate()
            .map(|(index, feature)| self.feature(feature, &format!("/features/{index}")))
            .collect()
    }

    fn feature(&mut self, feature: &Tree, pointer: &str) -> Json {
        self.typed(feature, pointer, &["Feature"]);
        let at = format!("{pointer}/properties/code");
        let properties = match feature.member("properties").and_then(|properties| properties.member("code")) {
            Some(Tree::Text(code)) => self.township(code, &at),
            Some(_) => self.wrong(&at, "string"),
            None => self.missing(&at),
        };
        let at = format!("{pointer}/geometry");
        let geometry = match feature.member("geometry") {
            Some(geometry) => self.geometry(geometry, &at),
            None => self.missing(&at),
        };
        json!({"type": "Feature", "properties": properties, "geometry": geometry})
    }

    /// A township of this district, named once.
    fn township(&mut self, code: &str, pointer: &str) -> Json {
        if self.known.iter().any(|known| known == code) {
            self.faults.add(pointer, FaultCode::REPEATED_ITEM);
        }
        self.known.push(code.to_owned());
        let here = code.len() == TOWNSHIP_DIGITS && code.starts_with(self.district_code);
        let found: Option<&Division> = self.divisions.find(code, None).filter(|_| here);
        match found {
            Some(division) => json!({"code": code, "name": division.name}),
            None => {
                self.faults.add(pointer, NOT_A_TOWNSHIP_HERE);
                Json::Null
            }
        }
    }

    fn geometry(&mut self, geometry: &Tree, pointer: &str) -> Json {
        let Some(kind) = self.typed(geometry, pointer, &["Polygon", "MultiPolygon"]) else { return Json::Null };
        let at = format!("{pointer}/coordinates");
        let coordinates = match geometry.member("coordinates") {
            Some(tree) if kind == "Polygon" => self.polygon(tree, &at),
            Some(tree) => self.each(tree, &at, Self::polygon),
            None => self.missing(&at),
        };
        json!({"type": kind, "coordinates": coordinates})
    }

    fn polygon(&mut self, tree: &Tree, pointer: &str) -> Json {
        self.each(tree, pointer, Self::ring)
    }

    fn each(&mut self, tree: &Tree, pointer: &str, judge: fn(&mut Self, &Tree, &str) -> Json) -> Json {
        let Tree::List(items) = tree else { return self.wrong(pointer, "array") };
        if items.is_empty() {
            self.faults.add_with(pointer, FaultCode::TOO_FEW, vec![("min", "1".into())]);
        }
        items.iter().enumerate().map(|(index, item)| judge(self, item, &format!("{pointer}/{index}"))).collect()
    }

    /// A ring ends where it began.
    fn ring(&mut self, tree: &Tree, pointer: &str) -> Json {
        let Tree::List(points) = tree else { return self.wrong(pointer, "array") };
        self.points += points.len();
        if points.len() < MIN_RING {
            self.faults.add_with(pointer, FaultCode::TOO_FEW, vec![("min", MIN_RING.to_string())]);
        } else if points.first() != points.last() {
            self.faults.add(pointer, RING_OPEN);
        }
        points.iter().enumerate().map(|(index, point)| self.point(point, &format!("{pointer}/{index}"))).collect()
    }

    /// Longitude and latitude in degrees; a height isn't kept.
    fn point(&mut self, tree: &Tree, pointer: &str) -> Json {
        let Tree::List(numbers) = tree else { return self.wrong(pointer, "array") };
        let [Tree::Number(longitude), Tree::Number(latitude), ..] = numbers.as_slice() else {
            return self.wrong(pointer, "[longitude, latitude]");
        };
        for (number, bound) in [(longitude, 180.0), (latitude, 90.0)] {
            if !number.as_f64().is_some_and(|number| number.abs() <= bound) {
                let bounds = vec![("min", format!("-{bound}")), ("max", bound.to_string())];
                self.faults.add_with(pointer, FaultCode::OUT_OF_RANGE, bounds);
            }
        }
        json!([longitude, latitude])
    }
}
