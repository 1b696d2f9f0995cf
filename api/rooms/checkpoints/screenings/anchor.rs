//! Anchor of a case's days as a passage's answers give it: the event they are counted from, and why.

/// Event from which the days of a case are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// He was with somebody who may be ill.
    LastExposure,
    /// He came from where the disease is.
    Departure,
    /// Nothing but a fever or a symptom: from now on.
    ObservationStart,
}

/// Answers that tell of an exposure, of a stay elsewhere; each with the category it makes.
const EXPOSURES: [(&str, &str); 3] = [
    ("contact_case", "close_contact"),
    ("contact_hubei_returnee", "hubei_returnee_contact"),
    ("household_symptomatic", "other"),
];
const STAYS: [(&str, &str); 3] = [
    ("hubei_stay_14d", "hubei_returnee"),
    ("hubei_transit_14d", "hubei_transit_returnee"),
    ("risk_area_stay_14d", "outside_city_returnee"),
];

impl Anchor {
    /// By what was answered. An exposure counts before a stay: it may have gone on after he left.
    pub fn of(answers: &[&str]) -> Self {
        let tells = |of: &[(&str, &str)]| of.iter().any(|(answer, _)| answers.contains(answer));
        if tells(&EXPOSURES) {
            Self::LastExposure
        } else if tells(&STAYS) {
            Self::Departure
        } else {
            Self::ObservationStart
        }
    }

    /// Its word.
    pub fn code(self) -> &'static str {
        match self {
            Self::LastExposure => "last_exposure",
            Self::Departure => "departure",
            Self::ObservationStart => "observation_start",
        }
    }
}

/// Why he is observed, by what was answered; `other` where only a fever or a symptom says so.
pub fn categories(answers: &[&str]) -> Vec<&'static str> {
    let told = STAYS.iter().chain(&EXPOSURES).filter(|(answer, _)| answers.contains(answer));
    let mut categories: Vec<&str> = told.map(|(_, category)| *category).collect();
    if categories.is_empty() {
        categories.push("other");
    }
    categories
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_say_from_what_and_why() {
        let told = |answers: &[&str]| (Anchor::of(answers).code(), categories(answers));
        assert_eq!(
            told(&["hubei_stay_14d", "contact_case"]),
            ("last_exposure", vec!["hubei_returnee", "close_contact"])
        );
        assert_eq!(told(&["hubei_transit_14d"]), ("departure", vec!["hubei_transit_returnee"]));
        assert_eq!(told(&["household_symptomatic"]), ("last_exposure", vec!["other"]));
        for nothing in [&["none"][..], &["refused"], &[]] {
            assert_eq!(told(nothing), ("observation_start", vec!["other"]));
        }
    }
}
