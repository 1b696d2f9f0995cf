//! The fields of a screening.

use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, object, words};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::platform::privacy::mask::mask_plate;

words! {
    /// Way through a checkpoint.
    pub Direction "direction" "Direction" "方向" {
        In "in" "in" "进";
        Out "out" "out" "出";
    }
}

words! {
    /// In which capacity somebody passes.
    pub PersonKind "person_kind" "Kind of person" "人员类型" {
        Resident "resident" "resident" "本院居民";
        Visitor "visitor" "visitor" "访客";
        Delivery "delivery" "delivery" "快递外卖";
        Worker "worker" "worker" "工作人员";
        Official "official" "official" "公务";
        Other "other" "other" "其他";
    }
}

words! {
    /// Answer to a question asked at a checkpoint.
    pub ScreeningAnswer "screening_answer" "Answer" "询问结果" {
        HubeiStay14d "hubei_stay_14d" "stayed in Hubei in the last 14 days" "14天内湖北旅居史";
        HubeiTransit14d "hubei_transit_14d" "passed through Hubei in the last 14 days" "14天内经停湖北";
        RiskAreaStay14d "risk_area_stay_14d" "stayed in a risk area in the last 14 days" "14天内重点地区旅居史";
        ContactCase "contact_case" "contact with a suspected or confirmed case" "接触确诊或疑似病例";
        ContactHubeiReturnee "contact_hubei_returnee" "contact with somebody returned from Hubei" "接触湖北返乡人员";
        HouseholdSymptomatic "household_symptomatic" "symptoms in the household" "家人有症状";
        None "none" "none of these" "均无";
        Refused "refused" "refused to answer" "拒答";
    }
}

words! {
    /// Symptoms that somebody complains of.
    pub Symptom "symptom" "Symptom" "症状" {
        Fever "fever" "fever" "发热";
        Cough "cough" "cough" "咳嗽";
        DryCough "dry_cough" "dry cough" "干咳";
        ShortnessOfBreath "shortness_of_breath" "shortness of breath" "气促";
        ChestPain "chest_pain" "chest pain" "胸痛";
        Fatigue "fatigue" "fatigue" "乏力";
        SoreThroat "sore_throat" "sore throat" "咽痛";
        RunnyNose "runny_nose" "runny nose" "流涕";
        Diarrhea "diarrhea" "diarrhoea" "腹泻";
        ConjunctivalCongestion "conjunctival_congestion" "conjunctival congestion" "结膜充血";
        Myalgia "myalgia" "muscle pain" "肌肉酸痛";
        SmellTasteLoss "smell_taste_loss" "loss of smell or taste" "嗅味觉减退";
        None "none" "no symptoms" "无症状";
        Other "other" "other" "其他";
    }
}

words! {
    /// Parts of the body at which a temperature is taken.
    pub MeasureSite "measure_site" "Where measured" "测温部位" {
        Axillary "axillary" "armpit" "腋温";
        Forehead "forehead" "forehead" "额温";
        Ear "ear" "ear" "耳温";
        Wrist "wrist" "wrist" "腕温";
        Oral "oral" "mouth" "口温";
    }
}

words! {
    /// Devices with which a temperature is taken.
    pub MeasuringDevice "measuring_device" "Device" "测温设备" {
        Mercury "mercury" "mercury thermometer" "水银体温计";
        Infrared "infrared" "infrared thermometer" "额温枪";
        Electronic "electronic" "electronic thermometer" "电子体温计";
        ThermalCamera "thermal_camera" "thermal camera" "热成像";
    }
}

words! {
    /// Decision at the checkpoint about somebody.
    pub Disposition "disposition" "Disposition" "处置" {
        Admitted "admitted" "admitted" "放行";
        ReleasedOut "released_out" "let out" "放出";
        Retest "retest" "to be measured again" "复测";
        Waiting "waiting" "kept waiting" "留观";
        Denied "denied" "turned away" "劝返";
        ReferredFeverClinic "referred_fever_clinic" "sent to the fever clinic" "转发热门诊";
        ReportedPolice "reported_police" "reported to the police" "报派出所";
    }
}

words! {
    /// Kinds of plates; from `embassy` on the number is kept as it was read.
    pub PlateKind "plate_kind" "Kind of plate" "号牌种类" {
        Ordinary "ordinary" "ordinary" "普通";
        NewEnergySmall "new_energy_small" "new energy, small" "小型新能源";
        NewEnergyLarge "new_energy_large" "new energy, large" "大型新能源";
        Trailer "trailer" "trailer" "挂车";
        Learner "learner" "learner" "教练";
        Police "police" "police" "警用";
        HkMacao "hk_macao" "Hong Kong or Macao" "港澳入境";
        Embassy "embassy" "embassy" "使馆";
        Consulate "consulate" "consulate" "领馆";
        Military "military" "military" "军用";
        Temporary "temporary" "temporary" "临时";
        None "none" "none" "无牌";
        Other "other" "other" "其他";
    }
}

object! {
    /// A vehicle that somebody came with.
    pub struct Vehicle, VEHICLE_MEMBERS {
        #[serde(skip_serializing_if = "Option::is_none")]
        plate_number: Option<String> = Field::new("plate_number", free_text(20), Text::new("Plate", "号牌"), "As on the plate; checked by GA 36.")
            .also(&["车牌", "车牌号", "车牌号码", "plate", "号牌号码", "车号", "车辆号牌"]);
        #[serde(skip_serializing_if = "Option::is_none")]
        plate_kind: Option<PlateKind> = Field::new(
            "plate_kind",
            Shape::Word(PlateKind::VOCABULARY),
            Text::new("Kind of plate", "号牌种类"),
            "By the number where absent.",
        );
        #[serde(skip_serializing_if = "Option::is_none")]
        origin: Option<String> = Field::new("origin", free_text(100), Text::new("Origin", "来自"), "Where the vehicle comes from.");
    }
}

fields! {
    /// The fields of a screening, beside the envelope's.
    pub static FIELDS;
    PLACE_ID: Uuid = Field::new(
        "place_id",
        Shape::Reference("places"),
        Text::new("Checkpoint", "卡点"),
        "The checkpoint: a place of a checkpoint's kind.",
    ).also(&["卡点名称", "检查点", "登记点", "值守点", "监测点", "小区", "checkpoint"]).brings_area(1)
    .required();
    DIRECTION: Direction = Field::new("direction", Shape::Word(Direction::VOCABULARY), Text::new("Direction", "方向"), "In or out.").also(&["进/出", "进出", "出入", "进出方向", "出/入", "出入情况"]).required();
    PERSON: Uuid = Field::new(
        "person",
        Shape::Inline("people", "Person"),
        Text::new("Person", "人员"),
        "Who it is, registered with this record. Not with `person_id`.",
    );
    PERSON_ID: Uuid = Field::new(
        "person_id",
        Shape::Reference("people"),
        Text::new("Person id", "人员编号"),
        "Who it is, registered before: the person's id or an alias.",
    ).brings_area(2);
    PERSON_KIND: PersonKind = Field::new(
        "person_kind",
        Shape::Word(PersonKind::VOCABULARY),
        Text::new("Kind of person", "人员类型"),
        "In which capacity.",
    );
    VISITING: String = Field::new("visiting", free_text(100), Text::new("Visiting", "到访住户"), "Building and household visited.").also(&["拜访住户", "去往", "到访对象"])
        .sealed();
    REASON: String = Field::new("reason", free_text(200), Text::new("Reason", "事由"), "Why.").also(&["来访事由", "出入事由", "外出事由", "进出事由", "来访原因", "外出原因"]).sealed();
    VEHICLE: Vehicle = Field::new("vehicle", Shape::Object(VEHICLE_MEMBERS), Text::new("Vehicle", "车辆"), "The vehicle, if any.")
        .masked(mask_vehicle);
    PASS_GROUP_ID: Uuid = Field::new(
        "pass_group_id",
        Shape::Id,
        Text::new("Pass group", "同行编号"),
        "Shared by the people of one car, so that vehicles and people both count right.",
    );
    ANSWERS: Vec<ScreeningAnswer> = Field::new(
        "answers",
        Shape::List { of: &Shape::Word(ScreeningAnswer::VOCABULARY), max: 8 },
        Text::new("Answers", "询问结果"),
        "Asked: what the person answered.",
    );
    SYMPTOMS: Vec<Symptom> = Field::new(
        "symptoms",
        Shape::List { of: &Shape::Word(Symptom::VOCABULARY), max: 14 },
        Text::new("Symptoms", "症状"),
        "Asked: symptoms.",
    ).also(&["症状情况", "有无症状"]);
    TEMPERATURE_C: Decimal = Field::new(
        "temperature_c",
        Shape::Decimal { scale: 1, min: "32.0", max: "43.0" },
        Text::new("Temperature (℃)", "体温(℃)"),
        "Checked: body temperature in degrees Celsius.",
    )
    .also(&["体温", "温度", "temperature"]);
    MEASURE_SITE: MeasureSite = Field::new(
        "measure_site",
        Shape::Word(MeasureSite::VOCABULARY),
        Text::new("Where measured", "测温部位"),
        "Where it was measured.",
    );
    DEVICE: MeasuringDevice = Field::new(
        "device",
        Shape::Word(MeasuringDevice::VOCABULARY),
        Text::new("Device", "测温设备"),
        "With what it was measured.",
    );
    RETEST_OF: Uuid = Field::new(
        "retest_of",
        Shape::Reference("screenings"),
        Text::new("Retest of", "复测对应"),
        "The screening that this one repeats.",
    );
    MASK: bool = Field::new("mask", Shape::Boolean, Text::new("Mask", "佩戴口罩"), "Whether a mask was worn.").also(&["是否戴口罩", "口罩", "戴口罩", "是否佩戴口罩"]);
    DISPOSITION: Disposition = Field::new("disposition", Shape::Word(Disposition::VOCABULARY), Text::new("Disposition", "处置"), "What was done.").also(&["处置情况", "处理结果", "处理情况"]);
    ABNORMAL: bool = Field::new(
        "abnormal",
        Shape::Boolean,
        Text::new("Abnormal", "异常"),
        "Fever by the threshold in force, a risk answer, or a symptom.",
    )
    .required()
    .derived();
    COMPLETE: bool = Field::new("complete", Shape::Boolean, Text::new("Complete", "问检登齐全"), "Asked, checked and registered.")
        .required()
        .derived();
}

fn mask_vehicle(json: &Json) -> Json {
    let mut vehicle = json.clone();
    if let Some(plate) = vehicle.get_mut("plate_number")
        && let Some(text) = plate.as_str()
    {
        *plate = mask_plate(text).into();
    }
    vehicle
}
