//! Causes that a trainee may name, as `family/kind`: a closed list, the same in every exercise, so
//! that the list gives nothing away.

/// A cause: its code and what people call it, in English and Chinese.
pub type Cause = (&'static str, &'static str, &'static str);

/// Every cause.
pub const CAUSES: [Cause; 20] = [
    ("source/turbidity", "Turbid raw water", "原水浑浊"),
    ("source/pollution", "Polluted raw water", "原水污染"),
    ("source/low", "Too little raw water", "水源不足"),
    ("treatment/coagulation", "Coagulation fails", "混凝失效"),
    ("treatment/filters", "Filters let it through", "滤池穿透"),
    ("dosing/no-flow", "The dosing pump turns and pumps nothing", "加药泵空转无流量"),
    ("dosing/stopped", "The dosing stands", "加药停止"),
    ("dosing/too-much", "Too much is dosed", "投加过量"),
    ("dosing/stock", "The stock is weak or empty", "药液失效或用尽"),
    ("pump/trip", "A pump has tripped", "水泵跳闸"),
    ("pump/worn", "The works is worn out", "设备老化能力不足"),
    ("network/burst", "A main has burst", "管道爆裂"),
    ("network/valve", "A valve stands wrong", "阀门误关或误开"),
    ("network/intrusion", "Foreign water comes in", "外来水侵入"),
    ("demand/high", "People draw much", "用水高峰"),
    ("power/mains", "The mains are off", "市电停电"),
    ("sensor/drift", "A sensor drifts", "仪表漂移"),
    ("sensor/stuck", "A sensor is stuck", "仪表卡死"),
    ("telemetry/silent", "The gateway or its link is silent", "网关或链路中断"),
    ("data/forged", "Somebody forges messages", "伪造数据"),
];

/// The cause of this code.
pub fn cause(code: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|(known, ..)| *known == code)
}

/// How near a named cause is to the right one: 1 exact, 0.5 the same family, 0 neither.
pub fn nearness(named: &str, right: &str) -> f64 {
    let family = |code: &str| code.split('/').next().map(str::to_owned);
    match named == right {
        true => 1.0,
        false if family(named) == family(right) => 0.5,
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_family_is_half_right() {
        assert_eq!(nearness("sensor/drift", "sensor/drift"), 1.0);
        assert_eq!(nearness("sensor/stuck", "sensor/drift"), 0.5);
        assert_eq!(nearness("dosing/stock", "sensor/drift"), 0.0);
    }
}
