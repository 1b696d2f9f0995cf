//! Six hundred households at eighteen compounds and in two villages: thirty at each, in groups of ten under a leader who
//! lives in one of them, in grid cells with those who work there; and what changes between the two rounds.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kit::json::put;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::bureau::Units;
use super::cast::{COMPOUNDS, GRID_WORKERS, Home};
use super::chance::Chance;
use super::people::{INHABITED, Resident, home_of};
use super::timeline::{Accounts, Step, Work};

/// Households of one district: what is said of the so-manieth holds for each further six hundred as well.
const HOUSEHOLDS: usize = 600;
/// Households of a group.
const OF_A_GROUP: usize = 10;
/// Members of ten households after one another.
const SIZES: [usize; 10] = [1, 2, 3, 4, 3, 2, 5, 3, 3, 2];
/// Households that were found only after the first round.
const FIRST_FOUND: usize = 592;
/// The last of those: it split off the one of the next number.
const SPLIT: usize = 599;
/// See [`SPLIT`]: the same home.
const SPLIT_FROM: usize = SPLIT - INHABITED;

/// Nobody has lived there for long.
pub const VACANT: usize = 39;
/// Everybody left it between the rounds.
pub const EMPTIED: usize = 104;
/// Households in which somebody moved in between the rounds.
pub const MOVED_IN_WITH: [usize; 6] = [94, 177, 281, 363, 432, 516];
/// Households from which the second round learnt that somebody had left.
pub const LEFT: [usize; 5] = [72, 155, 240, 371, 411];
/// Households from which the second round learnt that somebody had gone away for a while.
pub const AWAY: [usize; 6] = [83, 166, 259, 352, 445, 520];
/// Households of which the second round learnt where somebody had come from.
const CAME_FROM: [(usize, &str); 2] = [(188, "outside_city_returnee"), (455, "hubei_transit_returnee")];

/// Which of a district's it is.
pub fn of_district(household: usize) -> usize {
    household % HOUSEHOLDS
}

/// How many live in a household.
pub fn size_of(household: usize) -> usize {
    let size = |household: usize| SIZES.get((household + household / INHABITED) % SIZES.len()).copied().unwrap_or(1);
    match of_district(household) {
        VACANT => 0,
        // Whoever isn't there lives next door.
        next if next == VACANT + INHABITED => size(household) + size(household - INHABITED),
        _ => size(household),
    }
}

/// Which of its home's households it is.
fn place_in_home(household: usize) -> usize {
    household / INHABITED
}

/// The door: building, unit and number; in a village group and number.
pub fn door_of(household: usize) -> String {
    let number = place_in_home(household);
    if home_of(household) >= COMPOUNDS {
        return format!("{}组{}号", 1 + number / OF_A_GROUP, 1 + number % OF_A_GROUP);
    }
    let (building, unit, floor) = (1 + number / 16, 1 + number / 8 % 2, 1 + number / 2 % 4);
    format!("{building}栋{unit}单元{}", floor * 100 + 1 + number % 2)
}

/// The register of households, and who keeps it.
pub struct Register<'a> {
    /// The same seed makes the same.
    pub seed: u64,
    /// The units whose compounds these are.
    pub units: Units,
    homes: &'a [Home],
    accounts: &'a Accounts,
    /// Number of households.
    pub count: usize,
    /// Those who live in each household.
    pub families: BTreeMap<usize, Vec<&'a Resident>>,
}

impl<'a> Register<'a> {
    /// The register in which the residents live.
    pub fn of(
        seed: u64,
        units: Units,
        homes: &'a [Home],
        residents: &'a [Resident],
        accounts: &'a Accounts,
    ) -> Register<'a> {
        let mut families: BTreeMap<usize, Vec<&Resident>> = BTreeMap::new();
        residents.iter().for_each(|resident| families.entry(resident.household).or_default().push(resident));
        let last = families.last_key_value().map_or(0, |(household, _)| household + 1);
        Register { seed, units, homes, accounts, count: last, families }
    }

    /// Its numbers, home by home, in the order of the doors.
    pub fn numbers(&self) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..self.count).collect();
        numbers.sort_by_key(|household| (home_of(*household), place_in_home(*household)));
        numbers
    }

    /// The id under which the demo knows a household; the service makes its own of the door.
    pub fn id(&self, household: usize) -> Uuid {
        Chance::of(self.seed, "household-id", household).id()
    }

    /// Account that keeps the register at a home: the community's grid worker, the village's cadre.
    fn keeper(&self, home: usize) -> String {
        match self.homes.get(home) {
            Some(village) if home >= COMPOUNDS => {
                format!("demo.village.{}", village.area_code.get(9..).unwrap_or_default())
            }
            _ => format!("demo.grid.{}", 1 + home % GRID_WORKERS),
        }
    }

    /// Account that answers for a household: the leader's of its group, else the keeper's.
    pub fn assignee(&self, household: usize) -> String {
        let home = home_of(household);
        group_leader(home, group_of(household)).map_or_else(|| self.keeper(home), str::to_owned)
    }

    /// The register as it was drawn up: cells and groups, households, who lives in them, and who leads each group.
    pub fn first(&self) -> Vec<Step> {
        let homes: Vec<usize> = (0..INHABITED).map(home_of).collect();
        let mut steps = Vec::new();
        for (is_village, cadre) in [(false, "demo.cadre.daxing"), (true, "demo.cadre.babu")] {
            let cells = homes.iter().filter(|home| (**home >= COMPOUNDS) == is_village);
            steps.push(Step::records(cadre, "grid_cells", cells.filter_map(|home| self.cell(*home)).collect()));
        }
        let groups =
            self.numbers().into_iter().filter(|household| place_in_home(*household).is_multiple_of(OF_A_GROUP));
        let groups: Vec<usize> = groups.collect();
        steps.extend(self.by_keeper("household_groups", &groups, |household| vec![self.group(household)]));
        steps.extend(self.listed(|number| number < FIRST_FOUND));
        let leads = |household: &usize| {
            let head = self.families.get(household)?.first()?;
            let id = self.group_id(home_of(*household), group_of(*household));
            Some((self.keeper(head.home), (id, json!({"leader_person_id": head.id}))))
        };
        steps.extend(amendments("household_groups", groups.iter().filter_map(leads)));
        steps
    }

    /// Changes before the second round: households that were found, one that split, somebody who moved in, one that
    /// everybody left.
    pub fn changes(&self, on: NaiveDate) -> Vec<Step> {
        let mut steps = self.listed(|number| number >= FIRST_FOUND);
        let moved_in: Vec<usize> = self.every(&MOVED_IN_WITH);
        steps.extend(self.by_keeper("household_members", &moved_in, |household| {
            let newcomer = self.families.get(&household).and_then(|family| family.last());
            newcomer.map(|newcomer| self.member(newcomer, household, on)).into_iter().collect()
        }));
        let split: Vec<usize> = self.every(&[SPLIT]);
        steps.extend(self.by_keeper("household_members", &split, |household| {
            self.family(household).map(|member| self.member(member, household, on)).collect()
        }));
        let emptied: Vec<usize> = self.every(&[EMPTIED]);
        let left = emptied.iter().flat_map(|household| self.family(*household));
        steps.extend(self.ended(left, on));
        let vacant = |household: &usize| {
            (self.keeper(home_of(*household)), (self.id(*household), json!({"residency": "vacant"})))
        };
        steps.extend(amendments("households", emptied.iter().map(vacant)));
        steps
    }

    /// Findings of the second round's surveyors, noted in the register the same evening.
    pub fn found_out(&self, on: NaiveDate) -> Vec<Step> {
        let last = |household: &usize| self.families.get(household).and_then(|family| family.last()).copied();
        let mut steps = self.ended(self.every(&LEFT).iter().filter_map(last), on);
        let gone = self.every(&AWAY);
        let gone = gone.iter().filter_map(last).map(|resident| {
            let patch = json!({"presence": "away", "away_to": "成都市", "away_since_on": on});
            (self.keeper(resident.home), (self.member_id(resident), patch))
        });
        steps.extend(amendments("household_members", gone));
        let came = CAME_FROM.iter().flat_map(|(number, category)| {
            let heads = self.every(&[*number]).into_iter().filter_map(|household| self.families.get(&household)?.first().copied());
            heads.map(move |head| (head, json!({"categories": [{"category": category, "since_on": "2020-01-23", "source": "第二轮入户摸排"}]})))
        });
        steps.extend(amendments("people", came.map(|(head, patch)| (self.keeper(head.home), (head.id, patch)))));
        steps
    }

    /// The so-manieth household of each district's six hundred.
    fn every(&self, numbers: &[usize]) -> Vec<usize> {
        (0..self.count).filter(|household| numbers.contains(&of_district(*household))).collect()
    }

    fn family(&self, household: usize) -> impl Iterator<Item = &'a Resident> {
        self.families.get(&household).into_iter().flatten().copied()
    }

    /// Households of these numbers, and who has lived in them for long.
    fn listed(&self, is_listed: impl Fn(usize) -> bool) -> Vec<Step> {
        let listed: Vec<usize> =
            self.numbers().into_iter().filter(|household| is_listed(of_district(*household))).collect();
        let mut steps = self.by_keeper("households", &listed, |household| vec![self.household(household)]);
        steps.extend(self.by_keeper("household_members", &listed, |household| self.first_members(household)));
        steps
    }

    /// Those who lived in a household when it was listed.
    fn first_members(&self, household: usize) -> Vec<Json> {
        let since_on = NaiveDate::from_ymd_opt(2020, 1, 10).unwrap_or_default();
        let number = of_district(household);
        let newcomers = usize::from(MOVED_IN_WITH.contains(&number));
        let own = if number == SPLIT { 0 } else { size_of(household) - newcomers };
        let family = self.family(household).take(own);
        let split_off = (number == SPLIT_FROM).then(|| self.family(household + INHABITED)).into_iter().flatten();
        family.chain(split_off).map(|member| self.member(member, household, since_on)).collect()
    }

    fn cell(&self, home: usize) -> Option<Json> {
        let (place, leader) = (self.homes.get(home)?, self.keeper(home));
        let workers = ["demo.volunteer.youth", leader.as_str(), "demo.group.babu"];
        let workers = if home < COMPOUNDS { workers.get(..2)? } else { workers.get(1..)? };
        let workers: Vec<&Uuid> = workers.iter().filter_map(|name| self.accounts.get(*name)).collect();
        Some(
            json!({"id": self.cell_id(home), "code": format!("YC-{:03}", home + 1), "name": format!("{}网格", place.name), "area_code": place.area_code,
            "responsible_org_id": self.units.at(home), "leader_user_id": self.accounts.get(&leader), "worker_user_ids": workers,
            "occurred_at": "2020-01-22T08:30:00+08:00"}),
        )
    }

    fn group(&self, household: usize) -> Json {
        let (home, group) = (home_of(household), group_of(household));
        let name = self.homes.get(home).map(|home| home.name.as_str()).unwrap_or_default();
        let leader = group_leader(home, group).and_then(|leader| self.accounts.get(leader));
        json!({"id": self.group_id(home, group), "name": format!("{name}第{}联户组", group + 1), "grid_cell_id": self.cell_id(home), "leader_user_id": leader,
            "established_on": "2020-01-25", "occurred_at": "2020-01-25T09:00:00+08:00"})
    }

    fn household(&self, household: usize) -> Json {
        let (home, number) = (home_of(household), of_district(household));
        let Some(place) = self.homes.get(home) else { return Json::Null };
        let mut chance = Chance::of(self.seed, "residency", household);
        let residency = match chance.below(10) {
            _ if number == VACANT => Some("vacant"),
            // Its residency is told later.
            _ if number == EMPTIED => None,
            0 => Some("renter"),
            _ => Some("registered_resident"),
        };
        let found = if number < FIRST_FOUND { "2020-01-22T10:00:00+08:00" } else { "2020-01-31T17:00:00+08:00" };
        let mut body = json!({"id": self.id(household), "org_id": self.units.at(home), "area_code": place.area_code, "place_id": (home < COMPOUNDS).then_some(place.place_id), "door": door_of(household),
            "residency": residency, "grid_cell_id": self.cell_id(home), "household_group_id": self.group_id(home, group_of(household)), "occurred_at": found});
        if number == SPLIT {
            put(&mut body, "split_from_id", json!(self.id(household - INHABITED)));
        }
        body
    }

    fn member(&self, resident: &Resident, household: usize, since_on: NaiveDate) -> Json {
        // Residents who lived elsewhere before have a membership for each household.
        let id = if resident.household == household {
            self.member_id(resident)
        } else {
            Chance::of(self.seed, "former-member", resident.household * 10 + resident.slot).id()
        };
        let relation = ["head", "spouse", "child", "parent"].get(resident.slot).copied().unwrap_or("child");
        let relation = if resident.household == household { relation } else { "other_relative" };
        let away = self.is_away(resident);
        json!({"id": id, "household_id": self.id(household), "person_id": resident.id, "relation": relation, "since_on": since_on,
            "presence": if away { "away" } else { "present" }, "away_to": away.then_some("成都市"), "away_since_on": away.then_some("2020-01-15"),
            "occurred_at": format!("{since_on}T07:30:00+08:00")})
    }

    /// Whether somebody is away all the time; whoever goes between the rounds is told of then.
    pub fn is_away(&self, resident: &Resident) -> bool {
        let number = of_district(resident.household);
        let mut chance = Chance::of(self.seed, "away", resident.household * 10 + resident.slot);
        resident.slot > 0 && !AWAY.contains(&number) && chance.per_mille(40)
    }

    /// Memberships that ended: they moved.
    fn ended(&self, left: impl Iterator<Item = &'a Resident>, on: NaiveDate) -> Vec<Step> {
        let patch = |resident: &Resident| (self.member_id(resident), json!({"until_on": on, "end_reason": "moved"}));
        amendments("household_members", left.map(|resident| (self.keeper(resident.home), patch(resident))))
    }

    /// Records about households, each as its keeper's.
    fn by_keeper(&self, kind: &'static str, households: &[usize], bodies: impl Fn(usize) -> Vec<Json>) -> Vec<Step> {
        let mut parts: BTreeMap<String, Vec<Json>> = BTreeMap::new();
        for household in households {
            parts.entry(self.keeper(home_of(*household))).or_default().extend(bodies(*household));
        }
        parts.into_iter().map(|(keeper, bodies)| Step::records(keeper, kind, bodies)).collect()
    }

    fn member_id(&self, resident: &Resident) -> Uuid {
        Chance::of(self.seed, "member", resident.household * 10 + resident.slot).id()
    }

    fn cell_id(&self, home: usize) -> Uuid {
        Chance::of(self.seed, "grid-cell", home).id()
    }

    fn group_id(&self, home: usize, group: usize) -> Uuid {
        Chance::of(self.seed, "household-group", home * 1_000 + group).id()
    }
}

fn group_of(household: usize) -> usize {
    place_in_home(household) / OF_A_GROUP
}

/// Account of a group's leader, where there is one.
fn group_leader(home: usize, group: usize) -> Option<&'static str> {
    (home == home_of(VACANT) && group == 0).then_some("demo.group.babu")
}

/// Amendments, each as an account's.
fn amendments(kind: &'static str, of: impl Iterator<Item = (String, (Uuid, Json))>) -> Vec<Step> {
    let mut parts: BTreeMap<String, Vec<(Uuid, Json)>> = BTreeMap::new();
    of.for_each(|(by, patch)| parts.entry(by).or_default().push(patch));
    parts.into_iter().map(|(by, patches)| Step::of(by, Work::Amendments(kind, patches))).collect()
}
