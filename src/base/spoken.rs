//! What is measured, where and how well, in Chinese running text.

use crate::base::analyte::{Analyte, Analytes};
use crate::base::sampling::SamplingPoint;
use crate::base::text::Lang;
use crate::base::units::Quantity;
use crate::base::{Flag, QualityTest, QualityTests};

impl Quantity {
    /// In Chinese, by the words of GB 5749-2022 where it has them.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Pressure => "水压",
            Self::Flow => "流量",
            Self::Level => "液位",
            Self::FreeChlorine => "游离氯",
            Self::TotalChlorine => "总氯",
            Self::ChlorineDioxide => "二氧化氯",
            Self::Ozone => "臭氧",
            Self::Turbidity => "浑浊度",
            Self::Conductivity => "电导率",
            Self::Temperature => "水温",
            Self::Ph => "pH",
            Self::Ammonia => "氨(以N计)",
            Self::CodMn => "高锰酸盐指数",
            Self::State => "状态",
            Self::Energy => "电能",
            Self::Voltage => "电压",
        }
    }
}

impl Analyte {
    /// In Chinese, by the words of GB 5749-2022.
    pub fn zh(self) -> &'static str {
        match self {
            Self::EColi => "大肠埃希氏菌",
            Self::TotalColiforms => "总大肠菌群",
            Self::ColonyCount => "菌落总数",
            Self::FreeChlorine => "游离氯",
            Self::TotalChlorine => "总氯",
            Self::Turbidity => "浑浊度",
            Self::Colour => "色度",
            Self::Ph => "pH",
            Self::CodMn => "高锰酸盐指数",
            Self::Ammonia => "氨(以N计)",
            Self::Iron => "铁",
            Self::Manganese => "锰",
            Self::Aluminium => "铝",
            Self::Arsenic => "砷",
            Self::Chloroform => "三氯甲烷",
            Self::Trihalomethanes => "三卤甲烷",
            Self::Chlorite => "亚氯酸盐",
            Self::Chlorate => "氯酸盐",
            Self::ChlorineDioxide => "二氧化氯",
            Self::Ozone => "臭氧",
            Self::Cadmium => "镉",
            Self::ChromiumVi => "铬(六价)",
            Self::Lead => "铅",
            Self::Mercury => "汞",
            Self::Cyanide => "氰化物",
            Self::Fluoride => "氟化物",
            Self::Nitrate => "硝酸盐(以N计)",
            Self::Dibromochloromethane => "一氯二溴甲烷",
            Self::Bromodichloromethane => "二氯一溴甲烷",
            Self::Bromoform => "三溴甲烷",
            Self::DichloroaceticAcid => "二氯乙酸",
            Self::TrichloroaceticAcid => "三氯乙酸",
            Self::Bromate => "溴酸盐",
            Self::Copper => "铜",
            Self::Zinc => "锌",
            Self::Chloride => "氯化物",
            Self::Sulphate => "硫酸盐",
            Self::DissolvedSolids => "溶解性总固体",
            Self::Hardness => "总硬度(以CaCO₃计)",
            Self::GrossAlpha => "总α放射性",
            Self::GrossBeta => "总β放射性",
        }
    }

    /// Its name in running text.
    pub fn spoken_in(self, lang: Lang) -> &'static str {
        lang.pick(self.spoken(), self.zh())
    }
}

impl Analytes {
    /// As people say them.
    pub fn spoken_in(self, lang: Lang) -> String {
        let all = self.iter().map(|it| it.spoken_in(lang));
        all.collect::<Vec<_>>().join(lang.pick(", ", "、"))
    }
}

impl SamplingPoint {
    /// In Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::RawWater => "原水",
            Self::Process => "厂内工艺水",
            Self::FinishedWater => "出厂水",
            Self::Network => "管网水",
            Self::TapWater => "末梢水",
        }
    }

    /// In running text.
    pub fn spoken_in(self, lang: Lang) -> &'static str {
        lang.pick(self.spoken(), self.zh())
    }
}

impl QualityTest {
    /// In Chinese, as a test is called.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Timing => "时序",
            Self::Syntax => "格式",
            Self::GrossRange => "量程",
            Self::Climatology => "季节范围",
            Self::Spike => "尖峰",
            Self::RateOfChange => "变化率",
            Self::FlatLine => "平直",
            Self::AttenuatedSignal => "信号衰减",
            Self::Multivariate => "多变量",
            Self::Neighbour => "邻近站",
        }
    }

    /// The word of the records, or the Chinese one.
    pub fn name_in(self, lang: Lang) -> &'static str {
        lang.pick(self.name(), self.zh())
    }
}

impl QualityTests {
    /// Their names, one after the other.
    pub fn names_in(self, lang: Lang) -> String {
        let names = self.iter().map(|it| it.name_in(lang));
        names.collect::<Vec<_>>().join(lang.pick(", ", "、"))
    }
}

impl Flag {
    /// The word of rule files, or the Chinese one.
    pub fn name_in(self, lang: Lang) -> &'static str {
        let zh = match self {
            Self::Good => "良好",
            Self::NotEvaluated => "未评估",
            Self::Suspect => "可疑",
            Self::Fail => "失效",
            Self::Missing => "缺测",
        };
        lang.pick(self.name(), zh)
    }
}
