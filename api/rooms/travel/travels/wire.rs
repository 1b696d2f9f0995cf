//! Words and fields of travels.

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, object, words};
use uuid::Uuid;

use crate::platform::privacy::mask;
use crate::rooms::checkpoints::Symptom;

words! {
    /// As what somebody travels.
    pub TravelCapacity "travel_capacity" "Capacity" "身份" {
        Returnee "returnee" "somebody who comes home" "返乡人员";
        Resident "resident" "resident" "居民";
        Staff "staff" "staff of a unit" "干部职工";
        Visitor "visitor" "visitor" "来访人员";
    }
}

words! {
    /// Purpose of a journey.
    pub TravelPurpose "travel_purpose" "Purpose" "事由" {
        HomeVisit "home_visit" "visit at home" "探亲";
        Work "work" "work" "务工";
        Business "business" "business" "公务";
        Study "study" "study" "就学";
        Medical "medical" "medical care" "就医";
        Tourism "tourism" "tourism" "旅游";
        Other "other" "other" "其他";
    }
}

words! {
    /// Whether somebody stayed or passed through.
    pub StopKind "stop_kind" "Kind of stop" "停留方式" {
        Stay "stay" "stay" "停留";
        Transit "transit" "transit" "经停";
    }
}

words! {
    /// By what somebody travels.
    pub TransportMode "transport_mode" "Transport" "交通方式" {
        Plane "plane" "aeroplane" "飞机";
        Train "train" "train" "火车";
        Coach "coach" "coach" "客车";
        Car "car" "car" "自驾";
        Ship "ship" "ship" "轮船";
        Other "other" "other" "其他";
    }
}

words! {
    /// By what it is known.
    pub TravelEvidence "travel_evidence" "Evidence" "依据" {
        Ticket "ticket" "ticket" "票据";
        List "list" "list" "名单";
        Statement "statement" "what the person says" "自述";
    }
}

words! {
    /// Whether the person met somebody who is ill with it.
    pub CaseContact "case_contact" "Contact with a case" "病例接触" {
        None "none" "none" "无";
        Suspected "suspected" "with a suspected case" "疑似";
        Confirmed "confirmed" "with a confirmed case" "确诊";
        Unknown "unknown" "unknown" "不清楚";
    }
}

words! {
    /// Whether somebody is away or has come.
    pub TravelState "travel_state" "State" "状态" {
        Away "away" "away" "外出";
        Arrived "arrived" "arrived" "已到(返)";
    }
}

object! {
    /// A place on the way.
    pub struct Stop, STOP {
        #[serde(skip_serializing_if = "Option::is_none")]
        place_code: Option<String> = Field::new("place_code", Shape::Text { min: 2, max: 12, pattern: Some("[0-9]+") }, Text::new("Code", "区划代码"), "Its code in the country's divisions, from two digits (a province) on.");
        place_name: String = Field::new("place_name", free_text(60), Text::new("Place", "地点"), "Its name.").also(&["停留地", "途经地", "城市"]).required();
        #[serde(skip_serializing_if = "Option::is_none")]
        arrived_on: Option<NaiveDate> = Field::new("arrived_on", Shape::Day, Text::new("Arrived", "到达日期"), "When the person came there.").any_day();
        #[serde(skip_serializing_if = "Option::is_none")]
        left_on: Option<NaiveDate> = Field::new("left_on", Shape::Day, Text::new("Left", "离开日期"), "When the person went on.").any_day();
        stop_kind: StopKind = Field::new("stop_kind", Shape::Word(StopKind::VOCABULARY), Text::new("Kind of stop", "停留方式"), "Whether the person stayed there.").required();
    }
}

impl Stop {
    /// Whether somebody who passed through was there for more than a night.
    pub fn is_long_transit(&self) -> bool {
        let nights = self.arrived_on.zip(self.left_on).map(|(arrived_on, left_on)| (left_on - arrived_on).num_days());
        self.stop_kind == StopKind::Transit && nights.is_some_and(|nights| nights > 1)
    }
}

object! {
    /// A part of the way.
    pub struct Leg, LEG {
        transport_mode: TransportMode = Field::new("transport_mode", Shape::Word(TransportMode::VOCABULARY), Text::new("Transport", "交通方式"), "By what.").also(&["交通工具", "乘坐交通工具"]).required();
        #[serde(skip_serializing_if = "Option::is_none")]
        trip_no: Option<String> = Field::new("trip_no", free_text(20), Text::new("Trip", "车次航班"), "Number of the flight, train or coach.").also(&["车次", "航班", "班次", "车次/航班"]);
        #[serde(skip_serializing_if = "Option::is_none")]
        travelled_on: Option<NaiveDate> = Field::new("travelled_on", Shape::Day, Text::new("Day", "乘坐日期"), "On which day.").any_day();
        #[serde(skip_serializing_if = "Option::is_none")]
        carriage: Option<String> = Field::new("carriage", free_text(10), Text::new("Carriage", "车厢"), "Of a train.");
        #[serde(skip_serializing_if = "Option::is_none")]
        seat_no: Option<String> = Field::new("seat_no", free_text(10), Text::new("Seat", "座位"), "As on the ticket.").also(&["座位号"]);
        #[serde(skip_serializing_if = "Option::is_none")]
        from_name: Option<String> = Field::new("from_name", free_text(60), Text::new("From", "始发"), "Where it began.");
        #[serde(skip_serializing_if = "Option::is_none")]
        to_name: Option<String> = Field::new("to_name", free_text(60), Text::new("To", "到达"), "Where it ended.");
    }
}

fields! {
    /// The fields of a travel, beside the envelope's.
    pub static FIELDS;
    PERSON: Uuid = Field::new("person", Shape::Inline("people", "Person"), Text::new("Person", "人员"), "Who; this or `person_id`.").on_create();
    PERSON_ID: Uuid = Field::new("person_id", Shape::Reference("people"), Text::new("Person id", "人员编号"), "Who, where the register knows the person.").brings_area(1).on_create();
    CAPACITY: TravelCapacity = Field::new("capacity", Shape::Word(TravelCapacity::VOCABULARY), Text::new("Capacity", "身份"), "As what; of staff the organisation is the record's `org_id`.").also(&["人员身份", "身份类别"]).required();
    LEFT_ON: NaiveDate = Field::new("left_on", Shape::Day, Text::new("Left", "离开日期"), "When the person left; this or `arrived_on`.").also(&["离雅时间", "离雅日期", "离开时间", "出发日期", "外出时间"]).any_day();
    ARRIVED_ON: NaiveDate = Field::new("arrived_on", Shape::Day, Text::new("Arrived", "到达日期"), "When the person came, or came back.").also(&["返雅时间", "返雅日期", "返回时间", "返回日期", "返乡时间", "返乡日期", "抵雅时间"]).any_day();
    EXPECTED_BACK_ON: NaiveDate = Field::new("expected_back_on", Shape::Day, Text::new("Expected back", "预计返回日期"), "When the person means to come back.").also(&["预计返雅时间", "拟返雅时间", "预计返回时间"]).any_day();
    PURPOSE: TravelPurpose = Field::new("purpose", Shape::Word(TravelPurpose::VOCABULARY), Text::new("Purpose", "事由"), "What for.").also(&["外出事由", "离雅事由"]);
    STOPS: Vec<Stop> = Field::new("stops", Shape::List { of: &Shape::Object(STOP), max: 20 }, Text::new("Stops", "途经地"), "Where the person was, in order. Encrypted at rest.").sealed();
    LEGS: Vec<Leg> = Field::new("legs", Shape::List { of: &Shape::Object(LEG), max: 10 }, Text::new("Legs", "行程段"), "By what the person travelled. Encrypted at rest.").sealed();
    PLATE_NUMBER: String = Field::new("plate_number", free_text(20), Text::new("Plate", "号牌"), "Of the car that the person came with. Encrypted at rest, shown masked.").also(&["车牌号", "车牌号码"]).masked(|json| mask::masked(json, mask::mask_plate));
    COMPANION_IDS: Vec<Uuid> = Field::new("companion_ids", Shape::List { of: &Shape::Reference("people"), max: 20 }, Text::new("Companions", "同行人员编号"), "Who travelled along.").sealed();
    EVIDENCE: TravelEvidence = Field::new("evidence", Shape::Word(TravelEvidence::VOCABULARY), Text::new("Evidence", "依据"), "By what it is known.");
    CONTACT_WITH_CASE: CaseContact = Field::new("contact_with_case", Shape::Word(CaseContact::VOCABULARY), Text::new("Contact with a case", "病例接触"), "Whether the person met somebody who is ill with it.").also(&["是否接触病例", "有无病例接触"]);
    SYMPTOMS: Vec<Symptom> = Field::new("symptoms", Shape::List { of: &Shape::Word(Symptom::VOCABULARY), max: 14 }, Text::new("Symptoms", "症状"), "What the person complains of.").also(&["健康状况", "身体状况"]);
    APPROVED_BY: String = Field::new("approved_by", free_text(60), Text::new("Approved by", "审批人"), "Who let staff go. Encrypted at rest.").also(&["批准人"]).sealed();
    STATE: TravelState = Field::new("state", Shape::Word(TravelState::VOCABULARY), Text::new("State", "状态"), "Whether the person has come.").derived();
}
