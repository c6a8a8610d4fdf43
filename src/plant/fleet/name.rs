//! Names that sound like the mountains of southern Hubei and are invented.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::base::Text;

const FIRST: [(&str, &str); 18] = [
    ("Yun", "云"),
    ("Shi", "石"),
    ("Qing", "清"),
    ("Long", "龙"),
    ("Shuang", "双"),
    ("Bai", "白"),
    ("Zhu", "竹"),
    ("Song", "松"),
    ("Mei", "梅"),
    ("Feng", "枫"),
    ("Gui", "桂"),
    ("Lan", "兰"),
    ("He", "荷"),
    ("Yan", "燕"),
    ("Lu", "鹿"),
    ("Jin", "金"),
    ("Hua", "花"),
    ("Xing", "星"),
];

const SECOND: [(&str, &str); 16] = [
    ("xi", "溪"),
    ("ping", "坪"),
    ("ling", "岭"),
    ("tang", "塘"),
    ("qiao", "桥"),
    ("chong", "冲"),
    ("wan", "湾"),
    ("quan", "泉"),
    ("po", "坡"),
    ("dong", "洞"),
    ("yan", "岩"),
    ("gang", "港"),
    ("yuan", "源"),
    ("keng", "坑"),
    ("tan", "潭"),
    ("fan", "畈"),
];

/// An invented name.
pub(super) fn draw(rng: &mut ChaCha8Rng) -> Text {
    let (en, zh) = FIRST[rng.random_range(0..FIRST.len())];
    let (more_en, more_zh) = SECOND[rng.random_range(0..SECOND.len())];
    Text { en: format!("{en}{more_en}"), zh: format!("{zh}{more_zh}") }
}
