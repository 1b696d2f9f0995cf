//! The rules of a case itself: its days, its five supervisors.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use kit::catalogue::FaultCode;
use kit::faults::{Fault, Faults};
use kit::text::Text;
use kit::value::{Value, Values};
use ledger::Projection;
use ledger::decide::Decider;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::FOLLOWS;
use super::care::{CONTESTED, CareDecider};
use super::history;
use super::states::makers;
use super::stays;
use super::wire::SupervisorLevel;
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::figure::PERSON_TIMES;
use crate::records::rules::{Move, Stood};
use crate::records::scope::Follows;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Envelope, Figure, Measure, Record, Rules};
use crate::rooms::duties::follow_up::FollowUpDecider;
use crate::rooms::observation::observation_policies::Policies;

/// Rules of cases.
pub struct CaseRules;

/// Figures of isolation cases that statistics show.
static FIGURES: &[Figure] = &[
    Figure::persons(),
    Figure::new("isolation_cases", Text::new("Isolation cases", "居家观察例次"), PERSON_TIMES),
    state("identified", Text::new("Identified", "已排查"), "state=identified&state_on={to_on}"),
    state("notified", Text::new("Notified", "已告知"), "state=notified&state_on={to_on}"),
    state("under_observation", Text::new("Under observation", "观察中"), "state=under_observation&state_on={to_on}"),
    state(
        "suspended_referral",
        Text::new("Referred, observation suspended", "转诊排查"),
        "state=suspended_referral&state_on={to_on}",
    ),
    state("lost_contact", Text::new("Lost contact", "失联"), "state=lost_contact&state_on={to_on}"),
    state("completed", Text::new("Completed", "解除"), "state=completed&state_on={to_on}"),
    state("dismissed", Text::new("Dismissed", "排除"), "state=dismissed&state_on={to_on}"),
    state("became_case", Text::new("Became a case", "转为病例"), "state=became_case&state_on={to_on}"),
    state("centralized", Text::new("In central isolation", "转集中隔离"), "state=centralized&state_on={to_on}"),
    state("transferred_out", Text::new("Handed over", "移交"), "state=transferred_out&state_on={to_on}"),
    state("merged", Text::new("Merged with another case", "并案"), "state=merged&state_on={to_on}"),
];

/// How many cases stand so: a step takes its case out of one state and into the next, on its own day.
const fn state(name: &'static str, label: Text, filter: &'static str) -> Figure {
    Figure::new(name, label, PERSON_TIMES).share("isolation_cases", filter).moving()
}

impl Rules for CaseRules {
    fn plain_to_assignee(&self) -> bool {
        true
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let given = draft.values.get("person_id").is_some();
        if given != draft.inline.is_empty() && !faults.touches("/person") && !faults.touches("/person_id") {
            let fields = vec![("fields", "person, person_id".to_owned())];
            faults.add_with(draft.at("person_id"), FaultCode::OneOf, fields);
        }
        let levels: Vec<String> = supervisors(&draft.values).into_iter().map(|(level, _)| level).collect();
        for (index, level) in levels.iter().enumerate() {
            if levels.iter().take(index).any(|other| other == level) {
                faults.add(format!("{}/{index}/level", draft.at("supervisors")), FaultCode::RepeatedItem);
            }
        }
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let values = &mut draft.values;
        let accounts: Vec<Json> = supervisors(values).into_iter().filter_map(|(_, id)| Some(json!(id?))).collect();
        values.set("supervisors_complete", Value::Boolean(missing_levels(values).is_empty()));
        values.set("supervisor_ids", Value::Json(Json::Array(accounts)));
        if values.get("state").is_none() {
            values.set("state", Value::Text(history::FIRST.to_owned()));
            values.set("extended", Value::Boolean(false));
            values.set("registered_at", Value::Instant(context.now));
        }
        // From the notification on, the days are moved by steps alone.
        if values.text("state") == Some(history::FIRST) {
            let area_code = values.text("area_code").unwrap_or(context.district_code).to_owned();
            set_days(values, &area_code, context.settings.of::<Policies>(), context.zone);
        }
    }

    /// As the step to `voided`: it ends a case, whichever way it is asked for.
    fn voiders(&self) -> Option<&'static [Role]> {
        Some(makers(history::FIRST, "voided"))
    }

    fn natural_key(&self) -> &'static [&'static str] {
        &["anchored_on", "person_id"]
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(CareDecider::of(write_context))
    }

    /// A case is an answer to what was seen at a gate.
    fn followers(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Vec<Arc<dyn Decider>> {
        vec![FollowUpDecider::of(write_context)]
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    /// An open case that the caller can't read is nothing that he is told of: his is taken, and the command clears it.
    fn overlook(&self, actor: &Actor, draft: &mut Draft, faults: &[Fault]) -> bool {
        let [fault] = faults else { return false };
        let of = |name: &str| fault.values.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
        let Some(area_code) = of("area_code").filter(|_| fault.code == FaultCode::ActiveCaseExists) else {
            return false;
        };
        let hidden = !actor.reaches(super::CARERS, area_code, of("org_id").and_then(|id| id.parse().ok()));
        if hidden {
            draft.values.set(CONTESTED, Value::Boolean(true));
        }
        hidden
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn person(&self, record: &Record) -> Option<Uuid> {
        record.values.id("person_id")
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("isolation_cases", 1), (history::FIRST, 1)]
    }

    fn moves(&self, record: &Record) -> Vec<Move> {
        history::moves(record)
    }

    fn moves_on(&self) -> bool {
        true
    }

    fn stood_at(&self, record: &Record, at: DateTime<Utc>) -> Option<Stood> {
        stays::stood_at(record, at)
    }

    fn stands_too(&self, record: &Record) -> Vec<Stood> {
        stays::pending(&record.values).map(|stay| stay.stood).collect()
    }

    fn moved(&self, draft: &mut Draft, former: &Envelope, context: &Context<'_>) {
        let to = draft.values.text("area_code").unwrap_or(context.district_code).to_owned();
        stays::leave(&mut draft.values, (former.area_code.clone(), former.org_id), &to, context.now);
    }

    fn projection(&self) -> Option<&'static Projection> {
        Some(&stays::SIGHTS)
    }

    fn follows(&self) -> Option<Follows> {
        Some(Follows { column: "id", ..FOLLOWS })
    }
}

/// Counts the days by the policy in force when it began. An extension isn't taken back by a correction.
pub fn set_days(values: &mut Values, area_code: &str, policies: &Policies, zone: Tz) {
    let Some(anchored_on) = values.day("anchored_on") else { return };
    let days = policies.at(area_code, anchored_on).observation_days;
    let from_start = values.text("anchor") == Some("observation_start");
    let Some((starts_on, mut ends_on)) = days_of(anchored_on, from_start, days) else { return };
    if values.boolean("extended") == Some(true) {
        ends_on = ends_on.max(values.day("ends_on").unwrap_or(ends_on));
    }
    values.set("starts_on", Value::Day(starts_on));
    values.set("ends_on", Value::Day(ends_on));
    set_release(values, ends_on, zone);
}

/// Release is possible from the midnight after the last day.
pub fn set_release(values: &mut Values, ends_on: NaiveDate, zone: Tz) {
    let midnight = ends_on.succ_opt().and_then(|day| {
        // Where clocks leap over midnight, the day begins an hour later.
        let at = |time| zone.from_local_datetime(&day.and_time(time)).earliest();
        at(NaiveTime::MIN).or_else(|| at(NaiveTime::from_hms_opt(1, 0, 0)?))
    });
    values.set("release_from", midnight.map_or(Value::Null, |at| Value::Instant(at.with_timezone(&Utc))));
}

/// First and last day: the anchor is day 0, the day after it day 1; where observation itself is the
/// anchor, it is day 1. None beyond the calendar.
pub fn days_of(anchored_on: NaiveDate, from_start: bool, days: i64) -> Option<(NaiveDate, NaiveDate)> {
    let starts_on = if from_start { anchored_on } else { anchored_on.succ_opt()? };
    let last = starts_on.checked_add_days(Days::new(u64::try_from(days - 1).ok()?))?;
    Some((starts_on, last))
}

/// Level and account of each supervisor.
pub fn supervisors(values: &Values) -> Vec<(String, Option<Uuid>)> {
    let list = values.json("supervisors").and_then(Json::as_array).cloned().unwrap_or_default();
    let text = |item: &Json, name: &str| item.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    list.iter().map(|item| (text(item, "level"), text(item, "user_id").parse().ok())).collect()
}

/// The account of the supervisor of a level.
pub fn supervisor_of(values: &Values, level: &str) -> Option<Uuid> {
    supervisors(values).into_iter().find(|(own, _)| own == level)?.1
}

/// The levels that have nobody.
pub fn missing_levels(values: &Values) -> Vec<&'static str> {
    let named = supervisors(values);
    SupervisorLevel::VOCABULARY.codes().into_iter().filter(|level| named.iter().all(|(own, _)| own != level)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_day_after_the_anchor_is_the_first() {
        assert_eq!(days_of(day("2020-01-22"), false, 14), Some((day("2020-01-23"), day("2020-02-05"))));
        assert_eq!(days_of(day("2020-01-22"), true, 14), Some((day("2020-01-22"), day("2020-02-04"))));
        assert_eq!(days_of(day("2020-02-20"), false, 14), Some((day("2020-02-21"), day("2020-03-05"))), "a leap year");
        assert_eq!(days_of(day("2021-02-20"), false, 14), Some((day("2021-02-21"), day("2021-03-06"))));
        assert_eq!(days_of(NaiveDate::MAX, false, 14), None);
    }

    #[test]
    fn release_is_midnight_of_the_district_in_any_zone() {
        let release = |on: &str, zone: Tz| {
            let mut values = Values::default();
            set_release(&mut values, day(on), zone);
            values.instant("release_from").unwrap().to_rfc3339()
        };
        assert_eq!(release("2020-02-05", chrono_tz::Asia::Shanghai), "2020-02-05T16:00:00+00:00");
        // Clocks leapt from midnight to one.
        assert_eq!(release("2018-11-03", chrono_tz::America::Sao_Paulo), "2018-11-04T03:00:00+00:00");
        for offset in 0..800 {
            let on = day("2019-06-01") + Days::new(offset);
            let mut values = Values::default();
            set_release(&mut values, on, chrono_tz::Europe::Berlin);
            let local = values.instant("release_from").unwrap().with_timezone(&chrono_tz::Europe::Berlin);
            assert_eq!((local.date_naive(), local.time()), (on.succ_opt().unwrap(), NaiveTime::MIN));
        }
    }
}
