//! Chapters of the reference: the service's own, then one a theme, in the order in which somebody meets them.

use kit::text::Text;

use super::routes::THEMES;
use crate::platform::http::Operation;
use crate::platform::http::document::Chapter;
use crate::records::Theme;

/// Tags of the service itself, by chapter.
const OWN: &[(Text, &[&str])] = &[
    (Text::new("Service", "服务"), &["service", "auth", "audit"]),
    (Text::new("Phones and files", "手机与文件"), &["sync", "changes", "imports", "exports"]),
    (Text::new("Figures", "数字"), &["stats"]),
    (Text::new("Words and areas", "词汇与区划"), &["vocabularies", "divisions"]),
];

/// Subjects of tags that are no kind of record.
const ABOUT: &[(&str, Text)] = &[
    (
        "api_keys",
        Text::new("Keys of programs: dashboards, scripts, partners.", "程序所用的密钥：看板、脚本、合作单位。"),
    ),
    ("audit", Text::new("Who read or tried what, for whoever answers for it.", "谁查看、尝试过什么，供负责人核查。")),
    ("auth", Text::new("Signing in and out, passwords, public keys of tokens.", "登录、退出、密码与令牌公钥。")),
    (
        "bulletins",
        Text::new(
            "The day's text of a unit, a town or the district, written from its records, before it is issued.",
            "由记录写成的单位、街道、全区简报，签发前的预览。",
        ),
    ),
    (
        "changes",
        Text::new(
            "Every change of a district in its order: pages, a stream, the newest number.",
            "全区每一次变更，按顺序分页或连续推送。",
        ),
    ),
    ("communities", Text::new("Who told of something; told to few, and audited.", "线索提供人，仅少数人可见并留痕。")),
    (
        "compounds",
        Text::new("A compound on one sheet, and where used masks wait.", "一院一表，以及废弃口罩未收的点位。"),
    ),
    (
        "divisions",
        Text::new(
            "Townships, villages and communities, by code, with their outlines.",
            "街道、乡镇、村、社区的区划代码与边界。",
        ),
    ),
    (
        "exports",
        Text::new(
            "Files with names in the clear, which somebody else has to allow.",
            "含明文个人信息的导出，须经他人批准。",
        ),
    ),
    (
        "imports",
        Text::new(
            "Sheets as clerks keep them: inspected, loaded, undone, faults row by row.",
            "按原样导入台账：预检、导入、撤销、逐行报错。",
        ),
    ),
    (
        "notifications",
        Text::new(
            "What somebody should know of: fevers, what was missed, handed over, gone up, in conflict.",
            "本人须知：发热、未完成、交接、上报、冲突。",
        ),
    ),
    (
        "observation_policies",
        Text::new(
            "How long and how closely people are observed at home, from which day on.",
            "居家观察的期限与要求，自何日起执行。",
        ),
    ),
    ("prevention", Text::new("How much was inspected, and what came of it.", "检查的覆盖与结果。")),
    (
        "purges",
        Text::new(
            "Personal data that was erased when its time was over, each purge with its certificate.",
            "到期清除的个人信息,每次清除均有证明。",
        ),
    ),
    ("service", Text::new("Whether it lives and is ready; this document.", "是否存活、就绪；本文档。")),
    (
        "stats",
        Text::new(
            "Figures by name, each with the records from which it was counted.",
            "按名称取数，每个数字都能追到其记录。",
        ),
    ),
    (
        "supply",
        Text::new(
            "Goods, their prices over days, alerts and who is behind with reports.",
            "商品、逐日价格、价格预警与未报单位。",
        ),
    ),
    (
        "sync",
        Text::new(
            "Phones that were away: what they wrote, what they missed, what is held or in conflict.",
            "离线手机的上传、下拉、待处理与冲突。",
        ),
    ),
    (
        "users",
        Text::new(
            "Accounts of people: roles over areas, organisations, passwords.",
            "人员账号：在何区划有何角色、所属单位、密码。",
        ),
    ),
    (
        "venues",
        Text::new("How many venues of each kind are open, closed or restricted.", "各类场所营业、停业、限制的数量。"),
    ),
    (
        "webhook_endpoints",
        Text::new(
            "Addresses of partners that are told of each change, in order, signed, until they take it.",
            "向合作系统按顺序推送变更，带签名，直至对方收妥。",
        ),
    ),
    ("vocabularies", Text::new("Words that fields take, in both languages.", "字段可取的词，中英文。")),
];

/// The chapters of these operations: each tag once, none without an operation.
pub fn chapters(operations: &[Operation]) -> Vec<Chapter> {
    let mut left: Vec<&'static str> = Vec::new();
    for operation in operations {
        if !left.contains(&operation.tag) {
            left.push(operation.tag);
        }
    }
    let mut take = |title: Text, tags: Vec<&'static str>| {
        let (own, others) = left.iter().partition(|tag| tags.contains(tag));
        left = others;
        let own: Vec<&'static str> = own;
        Chapter { title, tags: own.into_iter().map(|tag| (tag, about(tag))).collect() }
    };
    let mut chapters: Vec<Chapter> = OWN.iter().map(|(title, tags)| take(*title, tags.to_vec())).collect();
    chapters.extend(THEMES.iter().map(|theme| take(theme.title, tags(theme))));
    chapters.retain(|chapter| !chapter.tags.is_empty());
    chapters
}

/// Tags of a theme's own operations, and of its kinds.
fn tags(theme: &Theme) -> Vec<&'static str> {
    let own = (theme.operations)().into_iter().map(|operation| operation.tag);
    own.chain(theme.kinds.iter().map(|kind| kind.name)).collect()
}

fn about(tag: &str) -> String {
    if let Some((_, about)) = ABOUT.iter().find(|(name, _)| *name == tag) {
        return format!("{} {}", about.en, about.zh);
    }
    let kind = THEMES.iter().flat_map(|theme| theme.kinds).find(|kind| kind.name == tag);
    kind.map(|kind| format!("{} （{}）", kind.about, kind.label.zh)).unwrap_or_default()
}
