//! Units of the source text, seven of them, what belongs to them, and their staff.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::chance::Chance;
use crate::platform::access::Role;

/// Sort, kind, name, area.
type Unit = (&'static str, &'static str, &'static str);

const UNITS: &[Unit] = &[
    ("bureau", "雨城区经济合作和商务局", "511802"),
    ("bureau", "雨城区教育局", "511802"),
    ("bureau", "雨城区司法局", "511802"),
    ("mass_organization", "共青团雨城区委", "511802"),
    ("cooperative", "雨城区供销社", "511802"),
    ("subdistrict", "大兴街道办事处", "511802005"),
    ("town", "八步镇人民政府", "511802114"),
    ("health_center", "大兴街道社区卫生服务中心", "511802005"),
    ("health_center", "八步镇卫生院", "511802114"),
    ("police_station", "大兴派出所", "511802005"),
    ("police_station", "八步派出所", "511802114"),
    ("school", "雨城区第一小学", "511802005"),
    ("school", "雨城区第二中学", "511802005"),
    ("partner", "田舍益家城市消费合作社", "511802"),
];

/// The communities of 大兴街道 in which the compounds stand.
const COMMUNITIES: [&str; 4] = ["511802005001", "511802005002", "511802005003", "511802005004"];
/// The villages of 八步镇.
const VILLAGES: [(&str, &str); 7] = [
    ("511802114200", "枫木村"),
    ("511802114201", "李家村"),
    ("511802114202", "紫石村"),
    ("511802114203", "八步村"),
    ("511802114204", "观化村"),
    ("511802114205", "刘杨村"),
    ("511802114206", "上横村"),
];
/// Compounds of the education bureau's schools: eighteen, as the source text counts.
pub const COMPOUNDS: usize = 18;

/// A place where people live, and where they pass.
#[derive(Clone)]
pub struct Home {
    /// Name for people.
    pub name: String,
    /// Where it stands.
    pub area_code: &'static str,
    /// The compound itself, or the village as a place.
    pub place_id: Uuid,
    /// Its gate, or the entrance of the village.
    pub gate_id: Uuid,
}

/// An organisation of the cast.
pub fn organizations(seed: u64) -> Vec<Json> {
    let unit = |(index, (kind, name, area_code)): (usize, &Unit)| {
        // Schools stand below the bureau, the cooperative's partner below it: what they do is its work, too.
        let above = match index {
            PARTNER => Some(COOPERATIVE),
            _ => (*kind == "school").then_some(EDUCATION),
        };
        let parent_id = above.map(|above| organization_id(seed, above));
        let relation = (index == PARTNER).then_some("参股企业");
        json!({"id": organization_id(seed, index), "kind": kind, "name": name, "area_code": area_code, "parent_id": parent_id, "relation": relation})
    };
    UNITS.iter().enumerate().map(unit).collect()
}

/// The bureaus whose work the source text counts, by their place among the units.
pub const COMMERCE: usize = 0;
/// See [`COMMERCE`].
pub const EDUCATION: usize = 1;
/// See [`COMMERCE`].
pub const JUSTICE: usize = 2;
/// See [`COMMERCE`].
pub const LEAGUE: usize = 3;
/// See [`COMMERCE`].
pub const COOPERATIVE: usize = 4;

/// The street and the town to which the homes belong.
pub const STREET: usize = 5;
/// See [`STREET`].
pub const TOWN: usize = 6;

/// A school below the bureau.
pub const SCHOOL: usize = 11;

/// The enterprise in which the cooperative has a share.
pub const PARTNER: usize = 13;

/// Communities in which compounds stand, each with a grid worker.
pub const GRID_WORKERS: usize = COMMUNITIES.len();

/// The id of a unit.
pub fn organization_id(seed: u64, index: usize) -> Uuid {
    Chance::of(seed, "organization", index).id()
}

/// Where people live.
pub fn homes(seed: u64) -> Vec<Home> {
    let compound = |index: usize| Home {
        name: format!("雨城教育家属大院{}号院", index + 1),
        area_code: COMMUNITIES.get(index % COMMUNITIES.len()).copied().unwrap_or("511802005"),
        place_id: compound_id(seed, index),
        gate_id: Chance::of(seed, "gate", index).id(),
    };
    let village = |(index, (area_code, name)): (usize, &(&'static str, &'static str))| Home {
        name: (*name).to_owned(),
        area_code,
        place_id: compound_id(seed, COMPOUNDS + index),
        gate_id: Chance::of(seed, "gate", COMPOUNDS + index).id(),
    };
    (0..COMPOUNDS).map(compound).chain(VILLAGES.iter().enumerate().map(village)).collect()
}

fn compound_id(seed: u64, index: usize) -> Uuid {
    Chance::of(seed, "compound", index).id()
}

/// Compounds and villages; then what names them or stands alone: gates, entrances, crossings, shops.
pub fn places(seed: u64) -> [Vec<Json>; 2] {
    let (mut parents, mut places) = (Vec::new(), Vec::new());
    for (index, home) in homes(seed).iter().enumerate() {
        let parent_id = home.place_id;
        let is_compound = index < COMPOUNDS;
        let kind = if is_compound { "family_compound" } else { "village_group" };
        parents.push(json!({"id": parent_id, "kind": kind, "name": home.name, "area_code": home.area_code}));
        let (kind, suffix) = if is_compound { ("compound_gate", "大门") } else { ("village_entrance", "村口") };
        places.push(json!({"id": home.gate_id, "kind": kind, "name": format!("{}{suffix}", home.name),
            "area_code": home.area_code, "parent_id": parent_id, "operating_status": "open"}));
    }
    for (index, (kind, name, area_code)) in OTHERS.into_iter().enumerate() {
        let id = place_id(seed, index);
        places.push(json!({"id": id, "kind": kind, "name": name, "area_code": area_code, "operating_status": "open"}));
    }
    [parents, places]
}

/// Crossings, shops, a warehouse.
const OTHERS: [Unit; 10] = [
    ("traffic_artery", "雨名快速通道卡点", "511802005"),
    ("traffic_artery", "八步大桥卡点", "511802114"),
    ("service_point", "青年先锋岗服务点", "511802005001"),
    ("supermarket", "惠民超市龙溪店", "511802005001"),
    ("supermarket", "惠民超市顺路店", "511802005002"),
    ("farmers_market", "前进农贸市场", "511802005004"),
    ("pharmacy", "康健大药房", "511802005003"),
    ("large_catering", "雅鱼大酒楼", "511802005001"),
    ("agri_input_shop", "八步农资店", "511802114203"),
    ("warehouse", "供销社农资仓库", "511802005"),
];

fn place_id(seed: u64, index: usize) -> Uuid {
    Chance::of(seed, "place", index).id()
}

/// The stores that report each evening.
pub fn stores(seed: u64) -> Vec<Uuid> {
    (3..6).map(|index| place_id(seed, index)).collect()
}

/// Where the cooperative stores.
pub fn warehouse(seed: u64) -> Uuid {
    place_id(seed, 9)
}

/// Where what is given to those on duty is kept.
pub fn service_point(seed: u64) -> Uuid {
    place_id(seed, 2)
}

/// Somebody with an account.
pub struct Member {
    /// Name for signing in.
    pub username: String,
    /// Name for people.
    pub display_name: String,
    /// Role that he holds.
    pub role: Role,
    /// Area of the role.
    pub area_code: String,
    /// Only what belongs to this organisation, or to one below it.
    pub org_id: Option<Uuid>,
}

/// The staff: every role, a guard for every gate.
pub fn staff(seed: u64) -> Vec<Member> {
    let member = |username: String, display_name: String, role, area_code: &str| Member {
        username,
        display_name,
        role,
        area_code: area_code.to_owned(),
        org_id: None,
    };
    let mut staff = Vec::new();
    let roles = [
        ("command", "区指挥部", Role::DistrictAdmin, "511802"),
        ("commerce", "商务局", Role::OrgAdmin, "511802"),
        ("inspector", "商务局检查员", Role::Inspector, "511802"),
        ("cdc", "区疾控", Role::CdcOfficer, "511802"),
        ("justice", "司法局", Role::JusticeOfficer, "511802"),
        ("counselor", "心理咨询员", Role::Counselor, "511802"),
        ("auditor", "审计", Role::Auditor, "511802"),
        ("statistics", "统计", Role::StatisticsReader, "511802"),
        ("store.longxi", "惠民超市龙溪店", Role::StoreReporter, "511802005001"),
        ("cadre.daxing", "大兴街道干部", Role::TownCadre, "511802005"),
        ("cadre.babu", "八步镇干部", Role::TownCadre, "511802114"),
        ("health.daxing", "大兴卫生服务中心", Role::HealthWorker, "511802005"),
        ("health.babu", "八步镇卫生院", Role::HealthWorker, "511802114"),
        ("police.daxing", "大兴派出所", Role::PoliceOfficer, "511802005"),
        ("police.babu", "八步派出所", Role::PoliceOfficer, "511802114"),
        ("volunteer.youth", "青年先锋岗", Role::Volunteer, "511802005"),
        ("group.babu", "八步村组干部", Role::GroupCadre, "511802114203"),
    ];
    staff.extend(roles.map(|(username, name, role, area)| member(format!("demo.{username}"), name.into(), role, area)));
    for (index, home) in homes(seed).iter().enumerate() {
        let number = index + 1;
        staff.push(member(
            format!("demo.gate.{number}"),
            format!("{}门岗", home.name),
            Role::GateGuard,
            home.area_code,
        ));
    }
    for (area_code, name) in VILLAGES {
        staff.push(member(
            format!("demo.village.{}", area_code.get(9..).unwrap_or_default()),
            format!("{name}村干部"),
            Role::VillageCadre,
            area_code,
        ));
    }
    for (index, area_code) in COMMUNITIES.iter().enumerate() {
        staff.push(member(
            format!("demo.grid.{}", index + 1),
            format!("网格员{}", index + 1),
            Role::GridWorker,
            area_code,
        ));
    }
    let education = member("demo.education".into(), "区教育局".into(), Role::OrgAdmin, "511802");
    staff.push(Member { org_id: Some(organization_id(seed, EDUCATION)), ..education });
    staff
}
