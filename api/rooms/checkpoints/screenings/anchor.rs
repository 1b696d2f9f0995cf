//! Anchor of a case's days as a passage's answers give it: the event they are counted from, and why.

use super::wire::ScreeningAnswer;
use crate::rooms::observation::ObservationAnchor;
use crate::rooms::registers::PersonCategory;

/// Answers that tell of an exposure, of a stay elsewhere; each with the category it makes.
const EXPOSURES: [(ScreeningAnswer, PersonCategory); 3] = [
    (ScreeningAnswer::ContactCase, PersonCategory::CloseContact),
    (ScreeningAnswer::ContactHubeiReturnee, PersonCategory::HubeiReturneeContact),
    (ScreeningAnswer::HouseholdSymptomatic, PersonCategory::Other),
];
const STAYS: [(ScreeningAnswer, PersonCategory); 3] = [
    (ScreeningAnswer::HubeiStay14d, PersonCategory::HubeiReturnee),
    (ScreeningAnswer::HubeiTransit14d, PersonCategory::HubeiTransitReturnee),
    (ScreeningAnswer::RiskAreaStay14d, PersonCategory::OutsideCityReturnee),
];

/// Event from which the days of a case are counted, by what was answered. An exposure counts before a stay: it may have
/// gone on after he left. Nothing but a fever or a symptom counts from now on.
pub fn anchor(answers: &[ScreeningAnswer]) -> ObservationAnchor {
    let tells = |of: &[(ScreeningAnswer, PersonCategory)]| of.iter().any(|(answer, _)| answers.contains(answer));
    if tells(&EXPOSURES) {
        ObservationAnchor::LastExposure
    } else if tells(&STAYS) {
        ObservationAnchor::Departure
    } else {
        ObservationAnchor::ObservationStart
    }
}

/// Why he is observed, by what was answered; `other` where only a fever or a symptom says so.
pub fn categories(answers: &[ScreeningAnswer]) -> Vec<PersonCategory> {
    let told = STAYS.iter().chain(&EXPOSURES).filter(|(answer, _)| answers.contains(answer));
    let mut categories: Vec<PersonCategory> = told.map(|(_, category)| *category).collect();
    if categories.is_empty() {
        categories.push(PersonCategory::Other);
    }
    categories
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_say_from_what_and_why() {
        use {ObservationAnchor as Anchor, PersonCategory as Category, ScreeningAnswer as Answer};
        let told = |answers: &[Answer]| (anchor(answers), categories(answers));
        assert_eq!(
            told(&[Answer::HubeiStay14d, Answer::ContactCase]),
            (Anchor::LastExposure, vec![Category::HubeiReturnee, Category::CloseContact])
        );
        assert_eq!(told(&[Answer::HubeiTransit14d]), (Anchor::Departure, vec![Category::HubeiTransitReturnee]));
        assert_eq!(told(&[Answer::HouseholdSymptomatic]), (Anchor::LastExposure, vec![Category::Other]));
        for nothing in [&[Answer::None][..], &[Answer::Refused], &[]] {
            assert_eq!(told(nothing), (Anchor::ObservationStart, vec![Category::Other]));
        }
    }
}
