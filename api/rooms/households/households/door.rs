//! Doors (门牌) as people write them, brought to one form: `３栋 二单元501室`, `3幢2单元501` and `3-2-501` are one door.

use kit::text::{half_width, is_invisible};

/// A door in its one form; empty where nothing is left of it.
pub fn normalize_door(text: &str) -> String {
    let plain: String = text.chars().filter(|letter| !is_invisible(*letter)).map(half_width).collect();
    let plain = plain.to_lowercase().replace("号楼", "栋").replace("单元", "-");
    let mut door = String::new();
    let mut numeral = String::new();
    for letter in plain.chars().filter(|letter| !letter.is_whitespace()) {
        if is_numeral(letter) {
            numeral.push(letter);
            continue;
        }
        door.push_str(&number_of(&std::mem::take(&mut numeral)));
        match letter {
            '栋' | '幢' | '座' | '-' | '—' | '–' | '~' | '/' | '#' | '.' => push_separator(&mut door),
            other => door.push(other),
        }
    }
    door.push_str(&number_of(&numeral));
    door.trim_end_matches(['室', '号', '户', '-']).to_owned()
}

fn push_separator(door: &mut String) {
    if !door.is_empty() && !door.ends_with('-') {
        door.push('-');
    }
}

const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

fn digit(letter: char) -> Option<usize> {
    let letter = match letter {
        '〇' => '零',
        '两' => '二',
        other => other,
    };
    DIGITS.iter().position(|digit| *digit == letter)
}

fn is_numeral(letter: char) -> bool {
    digit(letter).is_some() || matches!(letter, '十' | '百')
}

/// A number in hanzi as figures: 十二 is 12, 二十 is 20, 五〇一 is 501, 三百零二 is 302.
fn number_of(numeral: &str) -> String {
    if !numeral.contains(['十', '百']) {
        return numeral.chars().filter_map(digit).map(|digit| digit.to_string()).collect();
    }
    let (mut sum, mut last) = (0, None);
    for letter in numeral.chars() {
        match letter {
            '百' => sum += last.take().unwrap_or(1) * 100,
            '十' => sum += last.take().unwrap_or(1) * 10,
            other => last = digit(other),
        }
    }
    (sum + last.unwrap_or(0)).to_string()
}

#[cfg(test)]
mod tests {
    use super::normalize_door;

    #[test]
    fn one_door_is_written_in_many_ways() {
        for written in
            ["３栋 二单元501室", "3幢2单元501", "3-2-501", "3号楼2单元501号", "三座二单元５０１户", "3#2-501"]
        {
            assert_eq!(normalize_door(written), "3-2-501", "{written}");
        }
        assert_eq!(normalize_door("十二栋三百零二"), "12-302");
        assert_eq!(normalize_door("二十一号"), "21");
        assert_eq!(normalize_door("A座1203室"), "a-1203");
        assert_ne!(normalize_door("3-2-501"), normalize_door("3-25-01"));
        assert_eq!(normalize_door(" 室 "), "");
    }
}
