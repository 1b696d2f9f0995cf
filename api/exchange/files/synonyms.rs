//! Words that people write for the words of vocabularies, and names that they write over columns. Published with the
//! document of imports; a kind adds names of its own by `Field::also`.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Words for words: vocabulary, code, and what people write for it.
pub const WORDS: &[(&str, &str, &[&str])] = &[
    ("direction", "in", &["入", "进入", "进门", "入内", "进来", "进卡点", "进小区", "进村", "返回", "回"]),
    ("direction", "out", &["外出", "出去", "出门", "离开", "出卡点", "出小区", "出村"]),
    ("stock_direction", "in", &["入", "入库", "进", "购入", "收入", "调入", "捐入"]),
    ("stock_direction", "out", &["出", "出库", "发出", "领用", "发放", "调出", "支出"]),
    ("sex", "male", &["男性", "m", "男士"]),
    ("sex", "female", &["女性", "f", "女士"]),
    ("document_type", "resident_id", &["身份证", "二代身份证", "二代证", "中华人民共和国居民身份证"]),
    ("document_type", "household_booklet", &["户口本", "户口簿"]),
    ("document_type", "hk_macao_permit", &["回乡证", "港澳通行证", "港澳居民通行证"]),
    ("document_type", "taiwan_permit", &["台胞证"]),
    ("document_type", "none", &["无", "无证", "没有"]),
    ("symptom", "fever", &["发烧", "发热(烧)", "高烧", "低烧", "低热", "发热发烧"]),
    ("symptom", "cough", &["咳", "咳嗽有痰"]),
    ("symptom", "shortness_of_breath", &["呼吸困难", "气短", "胸闷气促"]),
    ("symptom", "chest_pain", &["胸闷"]),
    ("symptom", "fatigue", &["无力", "疲乏", "疲劳"]),
    ("symptom", "sore_throat", &["咽喉痛", "喉咙痛", "嗓子疼", "嗓子痛", "咽喉疼痛"]),
    ("symptom", "runny_nose", &["流鼻涕", "鼻塞", "鼻塞流涕"]),
    ("symptom", "diarrhea", &["拉肚子"]),
    ("symptom", "myalgia", &["肌肉疼痛", "肌肉痛", "全身酸痛"]),
    ("symptom", "none", &["无", "否", "没有", "正常", "无异常", "未见异常", "无不适"]),
    ("screening_answer", "none", &["无", "否", "没有", "正常", "无异常", "均否"]),
    (
        "screening_answer",
        "hubei_stay_14d",
        &["湖北返乡", "武汉返乡", "湖北旅居史", "去过湖北", "到过湖北", "武汉旅居史"],
    ),
    ("screening_answer", "contact_case", &["接触过病例", "密接", "密切接触"]),
    ("person_kind", "resident", &["居民", "本小区居民", "住户", "业主", "本村村民", "村民", "本社区居民"]),
    ("person_kind", "visitor", &["来访", "外来人员", "访友", "走亲戚", "探亲"]),
    ("person_kind", "delivery", &["快递", "外卖", "快递员", "外卖员", "送货"]),
    ("person_kind", "worker", &["工作", "员工", "物业", "上班"]),
    ("person_kind", "official", &["公干", "公务人员", "执勤"]),
    ("disposition", "admitted", &["通过", "准予通行", "正常放行", "放入"]),
    ("disposition", "denied", &["劝离", "不予放行"]),
    ("person_category", "hubei_returnee", &["湖北返乡", "武汉返乡", "湖北返回", "武汉返回", "湖北来雅", "湖北回"]),
    ("person_category", "close_contact", &["密接", "密切接触", "密接者"]),
    ("temperature_slot", "am", &["上午", "早", "早上", "晨", "早晨", "上", "am"]),
    ("temperature_slot", "pm", &["下午", "晚", "晚上", "下", "傍晚", "pm"]),
    ("disinfection_method", "spray", &["喷雾", "喷雾消毒", "喷洒消毒", "喷药", "喷"]),
    ("disinfection_method", "wipe", &["擦拭消毒", "擦", "抹"]),
    ("disinfection_method", "mop", &["拖地", "拖", "拖地消毒"]),
    ("disinfection_activity", "disinfection", &["消毒", "消毒杀菌", "全面消毒"]),
    ("disinfection_activity", "cleaning", &["清洁", "保洁", "打扫"]),
    ("inspection_item", "temperature_monitoring", &["测温", "测温登记", "体温检测", "测体温", "体温登记"]),
    ("inspection_item", "disinfection", &["消毒", "清洁消毒", "环境消毒", "消毒记录"]),
    ("inspection_item", "masks", &["戴口罩", "口罩", "口罩佩戴"]),
    ("inspection_item", "ventilation", &["通风换气", "开窗通风"]),
    ("inspection_item", "crowd_limit", &["限制人数", "人流控制", "控制人流"]),
    ("inspection_item", "emergency_plan", &["预案", "防控预案", "防疫预案"]),
    ("inspection_item", "publicity", &["宣传标语", "宣传资料", "防疫宣传"]),
    ("inspection_item", "price_tag", &["标价", "价格公示"]),
    ("inspection_result", "pass", &["√", "✓", "✔", "是", "符合", "通过", "达标", "有", "已落实"]),
    ("inspection_result", "fail", &["×", "✗", "✘", "否", "不符合", "未通过", "不达标", "无", "未落实"]),
    ("inspection_result", "not_applicable", &["/", "—", "不涉及", "无此项"]),
    ("supervisor_level", "town", &["镇街", "街道", "乡镇", "镇(街道)", "镇(街)"]),
    ("supervisor_level", "village", &["村(社区)", "社区", "村居"]),
    ("supervisor_level", "group", &["村民小组", "小组", "村组"]),
    ("supervisor_level", "health_center", &["乡镇卫生院", "医务人员", "医生"]),
    ("supervisor_level", "police_station", &["民警", "辖区民警"]),
];

/// The same by vocabulary and code: each cell of a file asks.
static BY_WORD: LazyLock<HashMap<(&str, &str), &[&str]>> =
    LazyLock::new(|| WORDS.iter().map(|(vocabulary, code, words)| ((*vocabulary, *code), *words)).collect());

/// What people write for a word of a vocabulary.
pub fn of_word(vocabulary: &str, code: &str) -> impl Iterator<Item = &'static str> {
    BY_WORD.get(&(vocabulary, code)).copied().unwrap_or_default().iter().copied()
}
