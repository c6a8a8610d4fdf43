//! The limits of the model: what a waterworks does that the simulation of it does not follow.

use super::text::Lang;

/// Something outside the range of the model. The truth goes on, but it is no longer the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// The flow in a main changes at once (水锤).
    WaterHammer,
    /// Water passes a point with less pressure than the air has (负压).
    BelowZero,
    /// Pipes stand without water.
    DryPipes,
    /// Water flows where the model knows one direction only.
    Backflow,
    /// Faster than the loss formula was made for.
    FastWater,
    /// More pressure than pipes are made for.
    HighPressure,
    /// A pump gives more than its curve tells.
    PumpBeyondCurve,
    /// A pump runs and lifts nothing.
    PumpWithoutFlow,
    /// The solver found nothing.
    Unsolved,
    /// Water colder or warmer than the kinetics know.
    Temperature,
    /// The formula for Giardia is used at its end.
    GiardiaFormula,
    /// Raw water more turbid than clarification knows.
    RawTurbidity,
    /// More chlorine than the kinetics know.
    StrongChlorine,
    /// Water older than the kinetics know.
    OldWater,
}

/// One limit: its id, what people call it, and what to make of it.
struct Facts {
    limit: Limit,
    id: &'static str,
    /// English, Chinese.
    name: [&'static str; 2],
    sentence: [&'static str; 2],
}

impl Limit {
    /// How many there are.
    pub const COUNT: usize = FACTS.len();

    /// As files, tables and logs write them.
    pub const CHOICES: [(&'static str, Self); Self::COUNT] = {
        let mut choices = [("", Self::WaterHammer); Self::COUNT];
        let mut at = 0;
        while at < Self::COUNT {
            choices[at] = (FACTS[at].id, FACTS[at].limit);
            at += 1;
        }
        choices
    };

    /// As files, tables and logs write it.
    pub fn id(self) -> &'static str {
        FACTS[self as usize].id
    }

    /// A few words for people.
    pub fn name(self, lang: Lang) -> &'static str {
        pick(FACTS[self as usize].name, lang)
    }

    /// What the model leaves out there, and what that means.
    pub fn sentence(self, lang: Lang) -> &'static str {
        pick(FACTS[self as usize].sentence, lang)
    }
}

fn pick([en, zh]: [&'static str; 2], lang: Lang) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

/// Everything said of the limits, in the order of `Limit`.
const FACTS: [Facts; 14] = [
    Facts {
        limit: Limit::WaterHammer,
        id: "water-hammer",
        name: ["water hammer", "水锤"],
        sentence: [
            "the flow changes at once; the pressure wave is not computed",
            "流速突变；模型不计算压力波",
        ],
    },
    Facts {
        limit: Limit::BelowZero,
        id: "below-zero",
        name: ["pressure below the air's", "负压"],
        sentence: [
            "air and foreign water would come in, and below -10 m the column would break; \
                     here the pipe stays full",
            "管内应吸入空气和外水，低于-10 m时水柱断裂；模型中管道仍满流",
        ],
    },
    Facts {
        limit: Limit::DryPipes,
        id: "dry-pipes",
        name: ["dry pipes", "管道无水"],
        sentence: [
            "pipes empty and fill by a rule of thumb; no air is pushed out, and the water \
                     left in them stays where it is",
            "管道放空与充水按经验规则计算，不计排气，管内余水不动",
        ],
    },
    Facts {
        limit: Limit::Backflow,
        id: "backflow",
        name: ["backflow", "倒流"],
        sentence: [
            "water flows back through a meter that counts one way, or into a source, \
                     where it is lost",
            "水经单向计量的流量计倒流，或流回水源后不再计算",
        ],
    },
    Facts {
        limit: Limit::FastWater,
        id: "fast-water",
        name: ["very fast water", "流速过高"],
        sentence: [
            "losses by Hazen-Williams are too low at this speed",
            "在此流速下海曾-威廉公式算得的水头损失偏小",
        ],
    },
    Facts {
        limit: Limit::HighPressure,
        id: "high-pressure",
        name: ["pressure above the pipes' rating", "超过管道公称压力"],
        sentence: [
            "pipes may burst; here they burst only when the scenario says so",
            "管道可能爆裂；模型中只有情景规定才会爆管",
        ],
    },
    Facts {
        limit: Limit::PumpBeyondCurve,
        id: "pump-beyond-curve",
        name: ["pump beyond its curve", "水泵超出特性曲线"],
        sentence: [
            "head and power are drawn on beyond the last point; overload and cavitation \
                     are not computed",
            "扬程和功率为外推值；不计算过载与汽蚀",
        ],
    },
    Facts {
        limit: Limit::PumpWithoutFlow,
        id: "pump-without-flow",
        name: ["pump runs without flow", "水泵空转"],
        sentence: [
            "it would run hot or dry; here it waits unharmed",
            "水泵会过热或干转；模型中不会损坏",
        ],
    },
    Facts {
        limit: Limit::Unsolved,
        id: "unsolved",
        name: ["no solution", "水力无解"],
        sentence: [
            "the solver found no pressures; the last ones stand",
            "求解器未得出压力；沿用上一步结果",
        ],
    },
    Facts {
        limit: Limit::Temperature,
        id: "temperature",
        name: ["water temperature", "水温超出范围"],
        sentence: [
            "decay rates are known from 0 to 35 °C; no pipe freezes",
            "衰减系数仅适用于0～35 °C；模型不计冰冻",
        ],
    },
    Facts {
        limit: Limit::GiardiaFormula,
        id: "giardia-formula",
        name: ["Giardia formula at its end", "贾第虫灭活公式超出范围"],
        sentence: [
            "known from 0.5 to 25 °C and pH 6 to 9; the value at its end is told",
            "公式适用于0.5～25 °C、pH 6～9；超出时取端点值",
        ],
    },
    Facts {
        limit: Limit::RawTurbidity,
        id: "raw-turbidity",
        name: ["raw turbidity", "原水浑浊度超出范围"],
        sentence: [
            "above 1000 NTU flocs hinder each other and sludge fills the basins; this is \
                     not computed",
            "超过1000 NTU时絮体相互阻碍、泥渣淤积；模型不计算",
        ],
    },
    Facts {
        limit: Limit::StrongChlorine,
        id: "strong-chlorine",
        name: ["strong chlorine", "余氯过高"],
        sentence: [
            "decay rates are known up to 5 mg/L; by-products and corrosion are not computed",
            "衰减系数仅适用于5 mg/L以下；不计副产物与腐蚀",
        ],
    },
    Facts {
        limit: Limit::OldWater,
        id: "old-water",
        name: ["old water", "水龄过长"],
        sentence: [
            "after five days regrowth and nitrification matter; they are not computed",
            "五天以上微生物再生长和硝化不可忽略；模型不计算",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_id_at_its_own_place() {
        for (at, (id, limit)) in Limit::CHOICES.iter().enumerate() {
            assert_eq!((*limit as usize, limit.id()), (at, *id));
        }
    }

    #[test]
    fn the_page_lists_every_limit_with_what_is_said_of_it() {
        let page = include_str!("../docs/network.md");
        for (id, limit) in Limit::CHOICES {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{id}` |")));
            let row = row.unwrap_or_else(|| panic!("{id} has no row in network.md"));
            for text in [limit.name(Lang::En), limit.name(Lang::Zh), limit.sentence(Lang::En)] {
                assert!(row.contains(text), "{id}: {text:?} is not in {row}");
            }
        }
        let rows = page.lines().filter(|line| line.starts_with("| `"));
        assert_eq!(rows.count(), Limit::COUNT, "a row that is no limit");
    }
}
