//! The catalogue: codes are ours; items, specifications and units of price follow the price-monitoring tables of
//! Sichuan, Ya'an, Dazhou and Meishan, the groups those of the monitoring of daily necessities. One table gives
//! the vocabulary and everything else.

use std::borrow::Cow;
use std::sync::LazyLock;

use kit::text::Text;
use kit::vocabulary::{Vocabulary, Word, word};
use kit::words;

use super::Pack;

/// Something that is sold, stocked or watched: of the catalogue, or a district's own.
#[derive(Clone, Debug)]
pub struct Commodity {
    /// Code.
    pub code: Cow<'static, str>,
    /// Chinese name.
    pub name_zh: Cow<'static, str>,
    /// English name.
    pub name_en: Cow<'static, str>,
    /// Category it belongs to.
    pub category: CommodityCategory,
    /// Specification of the goods that are meant, in Chinese; empty where nothing is laid down.
    pub specification: Cow<'static, str>,
    /// The unit in which its price is usually told: `元/500克`.
    pub price_unit: Cow<'static, str>,
    /// The unit in which its quantity is told: `kg`.
    pub quantity_unit: Cow<'static, str>,
    /// Other names that people write for it.
    pub also: Vec<Cow<'static, str>>,
    /// Sizes of packs in which it is sold.
    pub packs: Vec<Pack>,
}

impl Commodity {
    /// Those with which it is told as one: its category; of farm inputs, fertilisers by themselves.
    pub fn group(&self) -> Option<&'static Word> {
        if self.code.starts_with(FERTILIZER.code) {
            Some(&FERTILIZER)
        } else {
            CommodityCategory::VOCABULARY.find(self.category.code())
        }
    }
}

static FERTILIZER: Word = word("agri_fertilizer", "fertiliser", "化肥");
/// Names of a group of commodities: in a list they stand for all whose codes begin so.
pub const GROUPS: &[(&str, &[&str])] = &[("agri_fertilizer_", &["化肥", "肥料"])];

/// A commodity of the catalogue, as it is written below.
#[derive(Clone, Copy)]
struct BuiltIn {
    word: Word,
    category: CommodityCategory,
    specification: &'static str,
    price_unit: &'static str,
    quantity_unit: &'static str,
}

const fn commodity(
    code: &'static str,
    en: &'static str,
    zh: &'static str,
    category: CommodityCategory,
    specification: &'static str,
    price_unit: &'static str,
    quantity_unit: &'static str,
) -> BuiltIn {
    BuiltIn { word: word(code, en, zh), category, specification, price_unit, quantity_unit }
}

words! {
    /// The groups.
    pub CommodityCategory "commodity_category" "Category" "类别" {
        Grain "grain" "grain" "粮食";
        EdibleOil "edible_oil" "edible oil" "食用油";
        Meat "meat" "meat" "肉类";
        Egg "egg" "eggs" "蛋类";
        Dairy "dairy" "dairy" "奶类";
        Vegetable "vegetable" "vegetables" "蔬菜";
        VegetableIndex "vegetable_index" "average of vegetables" "蔬菜均价";
        SaltSugar "salt_sugar" "salt and sugar" "盐糖";
        Aquatic "aquatic" "fish" "水产";
        Fruit "fruit" "fruit" "水果";
        ConvenienceFood "convenience_food" "convenience food" "方便食品";
        Beverage "beverage" "drinking water" "饮用水";
        SideFood "side_food" "side food" "副食";
        EpidemicSupply "epidemic_supply" "epidemic supplies" "防疫物资";
        AgriInput "agri_input" "farm inputs" "农资";
        Livestock "livestock" "livestock and feed" "畜牧饲料";
    }
}

/// All of them.
pub static COMMODITIES: LazyLock<Vec<Commodity>> = LazyLock::new(|| CATALOGUE.iter().map(built_in).collect());

/// Other names that people write for one of the catalogue's own.
pub fn also(code: &str) -> &'static [&'static str] {
    ALSO.iter().find(|(own, _)| *own == code).map_or(&[], |(_, names)| *names)
}

fn built_in(row: &BuiltIn) -> Commodity {
    Commodity {
        code: row.word.code.into(),
        name_zh: row.word.label.zh.into(),
        name_en: row.word.label.en.into(),
        category: row.category,
        specification: row.specification.into(),
        price_unit: row.price_unit.into(),
        quantity_unit: row.quantity_unit.into(),
        also: also(row.word.code).iter().map(|name| Cow::Borrowed(*name)).collect(),
        packs: Vec::new(),
    }
}

/// Their codes and names, to which districts add their own.
pub static COMMODITY_WORDS: Vocabulary = Vocabulary::new("commodity", Text::new("Commodity", "商品"), &WORDS).open();

// Made by the compiler: an index out of bounds doesn't build.
#[allow(clippy::indexing_slicing)]
static WORDS: [Word; COUNT] = {
    let mut words = [CATALOGUE[0].word; COUNT];
    let mut index = 0;
    while index < COUNT {
        words[index] = CATALOGUE[index].word;
        index += 1;
    }
    words
};

const COUNT: usize = 61;
#[rustfmt::skip]
const CATALOGUE: [BuiltIn; COUNT] = [
    commodity("grain_rice_indica", "Indica rice", "籼米", CommodityCategory::Grain, "二级 散装", "元/500克", "kg"),
    commodity("grain_rice_japonica", "Japonica rice", "粳米", CommodityCategory::Grain, "二级", "元/500克", "kg"),
    commodity("grain_wheat_flour", "Wheat flour", "面粉", CommodityCategory::Grain, "特一粉/标准粉", "元/500克", "kg"),
    commodity("grain_noodles_dried", "Dried noodles", "挂面", CommodityCategory::Grain, "袋装", "元/500克", "kg"),
    commodity("oil_rapeseed", "Rapeseed oil", "菜籽油", CommodityCategory::EdibleOil, "桶装一级压榨 5L", "元/5升", "L"),
    commodity("oil_blend", "Blended cooking oil", "调和油", CommodityCategory::EdibleOil, "桶装一级 5L", "元/5升", "L"),
    commodity("oil_soybean", "Soybean oil", "大豆油", CommodityCategory::EdibleOil, "桶装一级 5L", "元/5升", "L"),
    commodity("oil_peanut", "Peanut oil", "花生油", CommodityCategory::EdibleOil, "桶装一级压榨 5L", "元/5升", "L"),
    commodity("meat_pork_hind_leg", "Pork hind leg, skin on", "猪肉(带皮后腿肉)", CommodityCategory::Meat, "鲜", "元/500克", "kg"),
    commodity("meat_pork_lean", "Lean pork", "猪肉(精瘦肉)", CommodityCategory::Meat, "鲜", "元/500克", "kg"),
    commodity("meat_pork_belly", "Pork belly", "猪肉(肋条肉)", CommodityCategory::Meat, "鲜", "元/500克", "kg"),
    commodity("meat_beef", "Beef", "牛肉", CommodityCategory::Meat, "鲜 腱子肉/去骨", "元/500克", "kg"),
    commodity("meat_mutton", "Mutton", "羊肉", CommodityCategory::Meat, "鲜 带骨", "元/500克", "kg"),
    commodity("meat_chicken_dressed", "Dressed chicken", "鸡肉(白条鸡)", CommodityCategory::Meat, "开膛 上等", "元/500克", "kg"),
    commodity("meat_duck_dressed", "Dressed duck", "鸭肉(白条鸭)", CommodityCategory::Meat, "开膛", "元/500克", "kg"),
    commodity("egg_chicken", "Hen eggs", "鸡蛋", CommodityCategory::Egg, "鸡场蛋 新鲜完整", "元/500克", "kg"),
    commodity("egg_duck", "Duck eggs", "鸭蛋", CommodityCategory::Egg, "新鲜完整", "元/500克", "kg"),
    commodity("milk_uht_250ml", "Milk", "牛奶", CommodityCategory::Dairy, "纯牛奶 盒装250ml", "元/盒", "box"),
    commodity("milk_powder", "Milk powder", "奶粉", CommodityCategory::Dairy, "听/袋装", "元/400克", "can"),
    commodity("veg_celery", "Celery", "芹菜", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_chinese_cabbage", "Chinese cabbage", "大白菜", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_bok_choy", "Bok choy / rape greens", "油菜", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_cucumber", "Cucumber", "黄瓜", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_radish", "White radish", "萝卜", CommodityCategory::Vegetable, "白萝卜 新鲜一级", "元/500克", "kg"),
    commodity("veg_tomato", "Tomato", "西红柿", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_potato", "Potato", "土豆", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_green_pepper", "Green pepper", "青椒", CommodityCategory::Vegetable, "柿子椒 新鲜一级", "元/500克", "kg"),
    commodity("veg_cabbage", "Cabbage", "圆白菜(莲白)", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_celtuce", "Celtuce / stem lettuce", "莴笋", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_green_bean", "Green bean", "四季豆", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_eggplant", "Eggplant", "茄子", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_carrot", "Carrot", "胡萝卜", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_cauliflower", "Cauliflower", "花菜", CommodityCategory::Vegetable, "白 新鲜一级", "元/500克", "kg"),
    commodity("veg_spinach", "Spinach", "菠菜", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_chives", "Chinese chives", "韭菜", CommodityCategory::Vegetable, "新鲜一级", "元/500克", "kg"),
    commodity("veg_average_11", "Vegetable average, 11 kinds", "蔬菜(11种均价)", CommodityCategory::VegetableIndex, "监测11种算术均价", "元/500克", "kg"),
    commodity("salt_edible", "Table salt", "食盐", CommodityCategory::SaltSugar, "加碘 400g", "元/400克", "bag"),
    commodity("sugar_white", "White sugar", "食糖", CommodityCategory::SaltSugar, "白砂糖", "元/500克", "kg"),
    commodity("aquatic_grass_carp", "Grass carp", "草鱼", CommodityCategory::Aquatic, "活 1kg左右", "元/500克", "kg"),
    commodity("aquatic_crucian_carp", "Crucian carp", "鲫鱼", CommodityCategory::Aquatic, "活 350g左右", "元/500克", "kg"),
    commodity("fruit_apple", "Apple", "苹果", CommodityCategory::Fruit, "红富士 一级", "元/500克", "kg"),
    commodity("fruit_banana", "Banana", "香蕉", CommodityCategory::Fruit, "国产 一级", "元/500克", "kg"),
    commodity("instant_noodles", "Instant noodles", "方便面", CommodityCategory::ConvenienceFood, "袋装/桶装", "元/袋", "pack"),
    commodity("water_bottled_550ml", "Bottled water", "瓶装饮用水", CommodityCategory::Beverage, "550ml", "元/瓶", "bottle"),
    commodity("side_food_tofu", "Tofu", "豆制品(豆腐)", CommodityCategory::SideFood, "鲜", "元/500克", "kg"),
    commodity("ppe_mask_medical_disposable", "Disposable medical mask", "一次性医用口罩", CommodityCategory::EpidemicSupply, "YY/T 0969", "元/个", "piece"),
    commodity("ppe_mask_gauze_12ply", "Gauze mask 12-ply", "脱脂纱布口罩", CommodityCategory::EpidemicSupply, "12层", "元/个", "piece"),
    commodity("disinfectant_alcohol_75", "75% ethanol", "75%酒精", CommodityCategory::EpidemicSupply, "500ml", "元/瓶", "bottle"),
    commodity("disinfectant_84", "84 sodium hypochlorite disinfectant", "84消毒液", CommodityCategory::EpidemicSupply, "有效氯5% 500ml", "元/瓶", "bottle"),
    commodity("thermometer_infrared", "Infrared forehead thermometer", "额温枪", CommodityCategory::EpidemicSupply, "非接触", "元/个", "piece"),
    commodity("agri_fertilizer_urea", "Urea", "尿素", CommodityCategory::AgriInput, "国产 含氮46%", "元/吨", "t"),
    commodity("agri_fertilizer_compound", "Compound fertiliser", "复合肥", CommodityCategory::AgriInput, "NPK 45%", "元/吨", "t"),
    commodity("agri_fertilizer_phosphate", "Superphosphate", "普通过磷酸钙", CommodityCategory::AgriInput, "P2O5 12%", "元/吨", "t"),
    commodity("agri_fertilizer_unspecified", "Fertiliser, kind not told", "化肥(未分品种)", CommodityCategory::AgriInput, "未写明品种", "元/吨", "t"),
    commodity("agri_pesticide", "Pesticide", "农药", CommodityCategory::AgriInput, "按件(整箱)计", "元/件", "item"),
    commodity("agri_seed", "Seed", "种子", CommodityCategory::AgriInput, "", "元/千克", "kg"),
    commodity("agri_film", "Agricultural film", "农膜", CommodityCategory::AgriInput, "", "元/千克", "kg"),
    commodity("livestock_live_hog", "Live hog", "生猪", CommodityCategory::Livestock, "三元出栏肥猪 收购价", "元/50千克", "kg"),
    commodity("livestock_piglet", "Piglet", "仔猪", CommodityCategory::Livestock, "25kg左右 收购价", "元/千克", "kg"),
    commodity("feed_maize", "Maize (feed)", "玉米", CommodityCategory::Livestock, "批发价", "元/千克", "kg"),
    commodity("feed_pig", "Pig feed", "猪饲料", CommodityCategory::Livestock, "育肥猪配合饲料", "元/千克", "kg"),
];

/// Names that people write for them. A district may say otherwise, and more.
#[rustfmt::skip]
const ALSO: &[(&str, &[&str])] = &[
    ("grain_rice_indica", &["大米", "米", "长粒米", "籼稻米"]),
    ("grain_rice_japonica", &["东北大米", "东北米", "珍珠米", "圆粒米"]),
    ("grain_wheat_flour", &["小麦粉", "灰面", "小麦面粉"]),
    ("grain_noodles_dried", &["面条", "干面条", "干面"]),
    ("oil_rapeseed", &["菜油", "清油", "菜子油"]),
    ("oil_blend", &["食用调和油", "调合油"]),
    ("oil_soybean", &["豆油", "黄豆油"]),
    ("oil_peanut", &["花生油(桶装)"]),
    ("meat_pork_hind_leg", &["猪肉", "带皮后腿肉", "后腿肉", "猪后腿", "猪后腿肉", "猪腿肉"]),
    ("meat_pork_lean", &["精瘦肉", "瘦肉", "猪瘦肉"]),
    ("meat_pork_belly", &["五花肉", "肋条肉", "猪五花肉", "猪肋条肉"]),
    ("meat_beef", &["牛腱子", "牛腱子肉", "鲜牛肉"]),
    ("meat_mutton", &["鲜羊肉", "带骨羊肉"]),
    ("meat_chicken_dressed", &["鸡肉", "白条鸡", "鸡"]),
    ("meat_duck_dressed", &["鸭肉", "白条鸭", "鸭", "鸭子"]),
    ("egg_chicken", &["鸡子", "鲜鸡蛋"]),
    ("egg_duck", &["鲜鸭蛋"]),
    ("milk_uht_250ml", &["纯牛奶", "盒装牛奶", "盒装纯牛奶"]),
    ("milk_powder", &["奶粉(听装)", "奶粉(袋装)"]),
    ("veg_celery", &["旱芹"]),
    ("veg_chinese_cabbage", &["白菜", "黄秧白", "黄芽白"]),
    ("veg_bok_choy", &["上海青", "瓢儿白", "青江菜"]),
    ("veg_cucumber", &["青瓜"]),
    ("veg_radish", &["白萝卜"]),
    ("veg_tomato", &["番茄", "蕃茄", "洋柿子"]),
    ("veg_potato", &["洋芋", "马铃薯", "土豆儿"]),
    ("veg_green_pepper", &["柿子椒", "菜椒", "甜椒", "灯笼椒"]),
    ("veg_cabbage", &["圆白菜", "莲白", "莲花白", "包菜", "卷心菜", "甘蓝", "包心菜"]),
    ("veg_celtuce", &["莴苣", "青笋"]),
    ("veg_green_bean", &["芸豆", "菜豆"]),
    ("veg_eggplant", &["茄"]),
    ("veg_carrot", &["红萝卜"]),
    ("veg_cauliflower", &["菜花", "花椰菜", "白花菜"]),
    ("veg_spinach", &["菠"]),
    ("veg_chives", &["韭"]),
    ("veg_average_11", &["蔬菜均价", "11种蔬菜均价"]),
    ("salt_edible", &["盐", "加碘盐", "食用盐", "碘盐"]),
    ("sugar_white", &["白糖", "白砂糖", "砂糖"]),
    ("aquatic_grass_carp", &["鲩鱼"]),
    ("aquatic_crucian_carp", &["鲫壳鱼"]),
    ("fruit_apple", &["红富士", "红富士苹果"]),
    ("fruit_banana", &["国产香蕉"]),
    ("instant_noodles", &["泡面", "速食面"]),
    ("water_bottled_550ml", &["饮用水", "瓶装水", "矿泉水", "纯净水"]),
    ("side_food_tofu", &["豆腐", "豆制品"]),
    ("ppe_mask_medical_disposable", &["口罩", "医用口罩", "一次性口罩"]),
    ("ppe_mask_gauze_12ply", &["纱布口罩"]),
    ("disinfectant_alcohol_75", &["酒精", "医用酒精", "消毒酒精", "75度酒精"]),
    ("disinfectant_84", &["84", "84消毒水", "消毒液"]),
    ("thermometer_infrared", &["红外额温枪", "红外线额温枪", "测温枪", "体温枪"]),
    ("agri_fertilizer_compound", &["复混肥", "三元复合肥"]),
    ("agri_fertilizer_phosphate", &["过磷酸钙", "普钙", "磷肥"]),
    ("agri_fertilizer_unspecified", &["化肥", "肥料"]),
    ("agri_film", &["地膜", "薄膜", "农用薄膜"]),
    ("livestock_live_hog", &["毛猪", "活猪", "肥猪"]),
    ("livestock_piglet", &["猪仔", "小猪", "猪崽"]),
    ("feed_maize", &["苞谷", "包谷"]),
    ("feed_pig", &["育肥猪饲料"]),
];
