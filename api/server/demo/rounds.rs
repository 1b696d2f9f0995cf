//! Two survey rounds from door to door: the first by street and town, with doors that nobody opened; the second in the
//! name of the education bureau and its school, in which 596 of six hundred households were reached.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kit::json::put;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::cast::{COMPOUNDS, STREET, TOWN, organization_id};
use super::chance::Chance;
use super::households::{AWAY, EMPTIED, LEFT, MOVED_IN_WITH, Register, VACANT, of_district};
use super::people::{Resident, home_of};
use super::timeline::{Step, Work};

/// In the second round: nobody of theirs wanted to say anything; nobody opened, twice.
const REFUSED: usize = 217;
/// See [`REFUSED`].
const NOT_REACHED: usize = 333;
/// Households with somebody of whom the second round's visit doesn't tell.
const OVERLOOKED: [usize; 4] = [61, 142, 306, 488];
/// Somebody of it has a fever.
const FEVERISH: usize = 500;
/// Households at which nobody looked in the first round.
const PASSED_OVER: [usize; 3] = [266, 377, 544];
/// Seconds of a day on which the rounds are made, from twenty to nine on.
const ROUND_SECONDS: usize = 36_000;

/// Which of the two rounds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    First,
    Second,
}

/// The two rounds; each takes the day on which it begins and the next.
pub struct Rounds<'a> {
    /// Whom they look at.
    pub register: &'a Register<'a>,
    /// First day of the first round.
    pub first_on: NaiveDate,
    /// First day of the second one, which still runs.
    pub second_on: NaiveDate,
}

impl Rounds<'_> {
    /// Steps of a day before people go from door to door.
    pub fn morning(&self, day: NaiveDate) -> Vec<Step> {
        if day == self.first_on {
            return self.opened(Round::First, "demo.command");
        }
        if day != self.second_on {
            return Vec::new();
        }
        let mut steps = vec![Step::of("demo.command", Work::Close(self.id(Round::First)))];
        steps.extend(self.register.changes(day));
        steps.extend(self.opened(Round::Second, "demo.education"));
        steps
    }

    /// The visits of a day, and what they found out.
    pub fn evening(&self, day: NaiveDate) -> Vec<Step> {
        let mut steps = Vec::new();
        for round in [Round::First, Round::Second] {
            let begun = self.begun(round);
            if day == begun || Some(day) == begun.succ_opt() {
                steps.extend(self.visits(round, day));
            }
        }
        if Some(day) == self.second_on.succ_opt() {
            steps.extend(self.register.found_out(day));
        }
        steps
    }

    fn begun(&self, round: Round) -> NaiveDate {
        if round == Round::First { self.first_on } else { self.second_on }
    }

    fn id(&self, round: Round) -> Uuid {
        Chance::of(self.register.seed, "survey-round", usize::from(round == Round::Second)).id()
    }

    fn opened(&self, round: Round, by: &str) -> Vec<Step> {
        let begun = self.begun(round);
        let due_on = begun.checked_add_days(chrono::Days::new(1)).unwrap_or(begun);
        let mut body = json!({"id": self.id(round), "area_code": "511802", "name": "第一轮入户摸排", "series": "households", "target": "households",
            "channels": ["home_visit", "phone", "sms", "wechat"], "starts_at": format!("{begun}T08:00:00+08:00"), "due_at": format!("{due_on}T20:30:00+08:00"), "occurred_at": format!("{begun}T07:40:00+08:00")});
        if round == Round::Second {
            let due_on = due_on.succ_opt().unwrap_or(due_on);
            put(&mut body, "name", "第二轮入户摸排(家属大院)");
            put(&mut body, "theme", "re_screen");
            put(&mut body, "compares_with_id", json!(self.id(Round::First)));
            put(&mut body, "due_at", format!("{due_on}T20:30:00+08:00"));
        }
        vec![Step::records(by, "survey_rounds", vec![body]), Step::of(by, Work::Start(self.id(round)))]
    }

    /// The visits of a day, each as the account's that answers for the household.
    fn visits(&self, round: Round, day: NaiveDate) -> Vec<Step> {
        let mut shares: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for household in self.register.numbers() {
            shares.entry(self.register.assignee(household)).or_default().push(household);
        }
        let is_first_day = day == self.begun(round);
        let step = |(assignee, share): (String, Vec<usize>)| {
            let (first, second) = share.split_at(share.len() * 3 / 5);
            let of_day = if is_first_day { first } else { second };
            let mut visits: Vec<Json> = Vec::new();
            for (turn, household) in of_day.iter().enumerate() {
                let second = 31_200 + turn * ROUND_SECONDS / of_day.len().max(1);
                visits.extend(self.visit(round, *household, &moment(day, second), 0));
            }
            let again = share
                .iter()
                .filter(|household| round == Round::Second && of_district(**household) == NOT_REACHED && !is_first_day);
            visits.extend(again.filter_map(|household| self.visit(round, *household, &moment(day, 70_200), 1)));
            Step::records(assignee, "survey_visits", visits)
        };
        shares.into_iter().map(step).collect()
    }

    /// A visit of a household; none where nobody looked.
    fn visit(&self, round: Round, household: usize, at: &str, attempt: usize) -> Option<Json> {
        let (register, home) = (self.register, home_of(household));
        let result = result_of(round, of_district(household))?;
        let sort = if round == Round::First { "visit" } else { "second-visit" };
        let mut chance = Chance::of(register.seed, sort, household + attempt * register.count);
        let channel = match chance.below(100) {
            _ if matches!(result, "vacant" | "refused") => "home_visit",
            0..80 => "home_visit",
            80..95 => "phone",
            _ => "wechat",
        };
        let org_id = match round {
            Round::First => organization_id(register.seed, if home < COMPOUNDS { STREET } else { TOWN }),
            Round::Second => register.units.at(home),
        };
        let mut body = json!({"id": chance.id(), "round_id": self.id(round), "household_id": register.id(household), "org_id": org_id, "occurred_at": at,
            "channel": channel, "result": result});
        if result == "not_reached" && channel == "home_visit" {
            put(&mut body, "door_notice_left", true);
        }
        if result == "reached" {
            let members: Vec<Json> =
                self.met(round, household).map(|resident| self.told(round, resident, channel, &mut chance)).collect();
            let present = members.iter().filter(|member| member.get("status") == Some(&json!("present"))).count();
            let is_ill = round == Round::Second && of_district(household) == FEVERISH;
            put(&mut body, "people_counted", present);
            put(&mut body, "health", if is_ill { "symptomatic" } else { "well" });
            put(&mut body, "members", members);
        }
        Some(body)
    }

    /// Those of whom a visit tells.
    fn met(&self, round: Round, household: usize) -> impl Iterator<Item = &Resident> {
        let number = of_district(household);
        let family = self.register.families.get(&household).map(Vec::as_slice).unwrap_or_default();
        let unseen = match round {
            Round::First => MOVED_IN_WITH.contains(&number),
            Round::Second => OVERLOOKED.contains(&number),
        };
        family.iter().take(family.len() - usize::from(unseen)).copied()
    }

    fn told(&self, round: Round, resident: &Resident, channel: &str, chance: &mut Chance) -> Json {
        let number = of_district(resident.household);
        let is_last = self.register.families.get(&resident.household).map_or(0, Vec::len) == resident.slot + 1;
        let status = match round {
            Round::Second if is_last && LEFT.contains(&number) => "left",
            Round::Second if is_last && AWAY.contains(&number) => "away",
            _ if self.register.is_away(resident) => "away",
            _ => "present",
        };
        let mut member = json!({"person_id": resident.id, "status": status});
        let temperature = 361 + chance.below(9);
        if round == Round::Second && number == FEVERISH && resident.slot == 0 {
            put(&mut member, "temperature_c", "37.8");
            put(&mut member, "symptoms", json!(["cough"]));
        } else if status == "present" && channel == "home_visit" && chance.per_mille(60) {
            put(&mut member, "temperature_c", format!("{}.{}", temperature / 10, temperature % 10));
        }
        member
    }
}

/// Result of a household's visit; none where nobody looked.
fn result_of(round: Round, number: usize) -> Option<&'static str> {
    Some(match round {
        _ if number == VACANT => "vacant",
        _ if number == NOT_REACHED => "not_reached",
        Round::Second if number == EMPTIED => "vacant",
        Round::Second if number == REFUSED => "refused",
        Round::Second => "reached",
        Round::First if number >= 592 || PASSED_OVER.contains(&number) => return None,
        Round::First if number % 97 == 13 => "refused",
        Round::First if number % 53 == 31 => "not_reached",
        Round::First => "reached",
    })
}

fn moment(day: NaiveDate, second: usize) -> String {
    format!("{day}T{:02}:{:02}:{:02}+08:00", second / 3_600, second / 60 % 60, second % 60)
}
