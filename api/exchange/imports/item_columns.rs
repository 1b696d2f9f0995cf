//! Columns that are items of a list: what was inspected with √ or × below it, who answers for something.

use kit::field::{Shape, Write};

use super::dictionary::Dictionary;
use super::header::ItemColumn;
use crate::exchange::files::columns::folded;
use crate::exchange::files::synonyms::of_word;

/// Words for those who answer for something, each before a shorter one that it begins with.
const ANSWERERS: [&str; 8] = ["包保责任人", "监管责任人", "级责任人", "责任人", "包保人", "负责人", "级", "干部"];

/// Words for somebody's phone.
const PHONES: [&str; 7] = ["电话", "联系电话", "手机", "手机号", "手机号码", "联系方式", "电话号码"];

impl Dictionary {
    /// An item of a list of two words each, by the first of them: 体温监测, with √ or × below it.
    pub(super) fn item(&self, name: &str) -> Option<ItemColumn> {
        let fields = self.kind.fields.iter().filter(|field| field.write != Write::Never);
        fields.into_iter().find_map(|list| {
            let Shape::List { of: Shape::Object(members), .. } = list.shape else { return None };
            let mut words = members.iter().filter(|member| member.required && matches!(member.shape, Shape::Word(_)));
            let (key, value) = (words.next()?, words.next()?);
            let Shape::Word(vocabulary) = key.shape else { return None };
            let word = vocabulary.words.iter().find(|word| {
                let also = of_word(vocabulary.name, word.code).any(|also| folded(also) == *name);
                folded(word.label.zh) == *name || word.code == name || also
            })?;
            Some(ItemColumn { list, key, code: word.code, value, pair: None })
        })
    }

    /// Somebody of a list of those who answer for something, by the word for what he is: 镇责任人, 镇责任人电话.
    pub(super) fn answerer(&self, name: &str) -> Option<ItemColumn> {
        let fields = self.kind.fields.iter().filter(|field| field.write != Write::Never);
        fields.into_iter().find_map(|list| {
            let Shape::List { of: Shape::Object(members), .. } = list.shape else { return None };
            let key = members.iter().find(|member| member.required && matches!(member.shape, Shape::Word(_)))?;
            let member = |name: &str| members.iter().find(|member| member.name == name);
            let (who, phone) = (member("name").filter(|member| member.required)?, member("phone")?);
            let Shape::Word(vocabulary) = key.shape else { return None };
            // 责任人及电话 holds both.
            let both = ["及", "和", "/", "、", "与"].iter().any(|sign| {
                name.split_once(sign).is_some_and(|(_, rest)| PHONES.iter().any(|phone| rest.starts_with(phone)))
            });
            let bare: String =
                name.chars().filter(|letter| !matches!(letter, '(' | ')' | '/' | '、' | '及' | '和' | '的')).collect();
            let list_name = folded(list.label.zh);
            let under = ["五级责任人", list_name.as_str()].into_iter().find_map(|title| bare.strip_prefix(title));
            let text = under.unwrap_or(&bare);
            let begins = |word: &kit::vocabulary::Word| {
                let names = of_word(vocabulary.name, word.code).map(folded).chain([folded(word.label.zh)]);
                let length = names.filter(|name| text.starts_with(name.as_str())).map(|name| name.len()).max()?;
                Some((length, word.code))
            };
            let (length, code) = vocabulary.words.iter().filter_map(begins).max_by_key(|(length, _)| *length)?;
            let rest = text.get(length..)?;
            let (rest, is_named) = ANSWERERS
                .iter()
                .find_map(|noun| rest.strip_prefix(noun))
                .map_or((rest, under.is_some()), |rest| (rest, true));
            let rest = rest.strip_prefix("姓名").map_or(rest, |rest| if rest.is_empty() { "姓名" } else { rest });
            match rest {
                "" if is_named => Some((who, Some(phone))),
                "姓名" => Some((who, Some(phone))),
                rest if PHONES.contains(&rest) => Some((if both { who } else { phone }, Some(phone))),
                _ => None,
            }
            .map(|(value, pair)| ItemColumn { list, key, code, value, pair })
        })
    }
}
