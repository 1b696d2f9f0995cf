//! Where a case stood when. A case that moves to another township leaves its past there: figures of days that are
//! over stay, and who is answerable there sees it until the next ones have accepted it.

use chrono::{DateTime, Utc};
use kit::field::{Field, Shape};
use kit::object;
use kit::text::Text;
use kit::time::in_utc_where_known;
use kit::typed::TypedField;
use kit::value::Values;
use ledger::Projection;
use uuid::Uuid;

use super::wire::ENDED_AT;
use crate::records::Record;
use crate::records::rules::Stood;

object! {
    /// A stay as it is kept, or from where a case is seen that was merged with this one.
    pub struct StoredStay, STAY {
        area_code: String = Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "Where.").required();
        org_id: Option<Uuid> =
            Field::new("org_id", Shape::Id, Text::new("Organisation", "单位"), "Of which organisation.");
        #[serde(serialize_with = "in_utc_where_known")]
        until_at: Option<DateTime<Utc>> =
            Field::new("until_at", Shape::Instant, Text::new("Until", "至"), "Until when it stood there.");
        #[serde(serialize_with = "in_utc_where_known")]
        accepted_at: Option<DateTime<Utc>> = Field::new(
            "accepted_at",
            Shape::Instant,
            Text::new("Accepted at", "接收时间"),
            "When those to whom it moved accepted it; until then it is seen here too.",
        );
        case_id: Option<Uuid> = Field::new(
            "case_id",
            Shape::Id,
            Text::new("Merged case", "并案个案"),
            "The case merged with this one that is seen from here.",
        );
    }
}

const STAY_ITEM: &Shape = &Shape::Object(STAY);

/// The field of a case.
pub const AREA_HISTORY: TypedField<Vec<StoredStay>> = TypedField::named(
    "AREA_HISTORY",
    Field::new(
        "area_history",
        Shape::List { of: STAY_ITEM, max: 1_000 },
        Text::new("Area history", "区划历史"),
        "Where it stood before, the oldest first; and the areas of cases of the same person that were merged with it.",
    )
    .by_server(),
);

/// From where a case is seen: where it stands, and the items of its history that nobody closed.
pub static SIGHTS: Projection = Projection {
    table: "isolation_case_sights",
    owner: "case_id",
    select: "SELECT w.district_code, w.id, w.revision, s.item, w.person_id, s.area_code, s.org_id FROM {written} AS w \
        CROSS JOIN LATERAL (SELECT 0 AS item, w.area_code, w.org_id UNION ALL \
        SELECT h.item::integer, h.stay ->> 'area_code', (h.stay ->> 'org_id')::uuid \
        FROM jsonb_array_elements(w.area_history) WITH ORDINALITY AS h(stay, item) WHERE h.stay ->> 'accepted_at' IS NULL) AS s",
};

/// A former stay.
pub struct Stay {
    /// Where.
    pub stood: Stood,
    /// Until when.
    pub until_at: DateTime<Utc>,
    /// Whether those to whom it moved have accepted it.
    pub accepted: bool,
}

impl StoredStay {
    fn stood(self) -> Stood {
        (self.area_code, self.org_id)
    }
}

/// Where it stood before, the oldest first.
pub fn stays(values: &Values) -> Vec<Stay> {
    let stay = |item: StoredStay| {
        let (until_at, accepted) = (item.until_at?, item.accepted_at.is_some());
        Some(Stay { stood: item.stood(), until_at, accepted })
    };
    values.list(&AREA_HISTORY).filter_map(stay).collect()
}

/// Stays from which it is cared for still: the next ones haven't accepted it.
pub fn pending(values: &Values) -> impl Iterator<Item = Stay> {
    stays(values).into_iter().filter(|stay| !stay.accepted)
}

/// The township of an area; a wider area is its own.
pub fn township(area_code: &str) -> &str {
    const DIGITS: usize = 9;
    area_code.get(..DIGITS).unwrap_or(area_code)
}

/// Notes that it left for another area at an instant. Within a township, and once it has ended, nobody needs to
/// accept it; neither where it comes back to a township that had not let go of it.
pub fn leave(values: &mut Values, former: Stood, to_area_code: &str, at: DateTime<Utc>) {
    let same = |area_code: &str| township(area_code) == township(to_area_code);
    let back = pending(values).any(|stay| same(&stay.stood.0));
    let settled = back || same(&former.0) || values.get(&ENDED_AT).is_some();
    let accepted_at = settled.then_some(at);
    if back {
        accept(values, at);
    }
    // No stay ends before the one that it follows.
    let at = stays(values).last().map_or(at, |last| last.until_at.max(at));
    let (area_code, org_id) = former;
    values.extend(&AREA_HISTORY, [StoredStay { area_code, org_id, until_at: Some(at), accepted_at, case_id: None }]);
}

/// Those to whom it moved have it now.
pub fn accept(values: &mut Values, at: DateTime<Utc>) {
    let mut all: Vec<StoredStay> = values.list(&AREA_HISTORY).collect();
    let open = all.iter_mut().filter(|item| item.until_at.is_some() && item.accepted_at.is_none());
    open.for_each(|item| item.accepted_at = Some(at));
    values.set(&AREA_HISTORY, all);
}

/// A case of the same person was merged with this one: from where that one is seen, this one is too.
pub fn tie(values: &mut Values, other_id: Uuid, other: Stood) {
    let (area_code, org_id) = other;
    values.extend(
        &AREA_HISTORY,
        [StoredStay { area_code, org_id, until_at: None, accepted_at: None, case_id: Some(other_id) }],
    );
}

/// The cases that were merged with it.
pub fn tied(values: &Values) -> Vec<Uuid> {
    values.list(&AREA_HISTORY).filter_map(|item| item.case_id).collect()
}

/// From where a case is seen that stands here: as [`SIGHTS`] keeps it.
pub fn seen_from(values: &Values, here: Stood) -> Vec<Stood> {
    let open = values.list(&AREA_HISTORY).filter(|item| item.accepted_at.is_none());
    [here].into_iter().chain(open.map(StoredStay::stood)).collect()
}

/// Where it stood at an instant; none for where it stands.
pub fn stood_at(record: &Record, at: DateTime<Utc>) -> Option<Stood> {
    stays(&record.values).into_iter().find(|stay| at < stay.until_at).map(|stay| stay.stood)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_move_to_another_township_waits_for_acceptance_and_one_within_it_does_not() {
        let mut values = Values::default();
        leave(&mut values, ("511802114001".into(), None), "511802114002", at("2020-02-01T00:00:00Z"));
        assert_eq!(pending(&values).count(), 0);
        leave(&mut values, ("511802114002".into(), None), "511802005", at("2020-02-02T00:00:00Z"));
        leave(&mut values, ("511802005".into(), None), "511802006", at("2020-02-03T00:00:00Z"));
        assert_eq!(pending(&values).count(), 2, "nobody has it for sure");
        accept(&mut values, at("2020-02-04T00:00:00Z"));
        assert_eq!((pending(&values).count(), stays(&values).len()), (0, 3));
    }

    #[test]
    fn who_takes_it_back_need_not_accept_it() {
        let mut values = Values::default();
        leave(&mut values, ("511802114".into(), None), "511802005", at("2020-02-02T00:00:00Z"));
        leave(&mut values, ("511802005".into(), None), "511802114001", at("2020-02-03T00:00:00Z"));
        assert_eq!(pending(&values).count(), 0);
        tie(&mut values, Uuid::from_u128(7), ("511802006".into(), None));
        assert_eq!((pending(&values).count(), stays(&values).len(), tied(&values)), (0, 2, vec![Uuid::from_u128(7)]));
    }
}
