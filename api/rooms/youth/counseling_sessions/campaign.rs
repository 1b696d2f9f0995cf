//! Names of campaigns: what a poster says, not what somebody told.

/// Characters of a name at most.
const LONGEST: usize = 20;

/// Numerals in hanzi: an age, a day, a number of a class.
const NUMERALS: &str = "〇零一二三四五六七八九十百两";
/// Marks that stand within a name.
const MARKS: &str = "、·“”‘’《》「」-— ";

/// Whether a text can be a campaign's name: short, without figures and without what ends a sentence.
pub fn is_name(text: &str) -> bool {
    let is_of_name = |letter: char| letter.is_alphabetic() && !NUMERALS.contains(letter) || MARKS.contains(letter);
    text.chars().count() <= LONGEST && text.chars().all(is_of_name)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_story_is_no_name() {
        for name in ["疫情防控、从心出发", "“心”暖行动", "Listen to you"] {
            assert!(is_name(name), "{name}");
        }
        for story in [
            "来访者13岁",
            "十三岁女生失眠",
            "她说爸爸在隔离，很害怕。",
            "15400000001",
            "来访者称父亲在武汉隔离多日自己整夜睡不着觉",
        ] {
            assert!(!is_name(story), "{story}");
        }
    }
}
