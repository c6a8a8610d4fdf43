//! The texts of `plant.toml`, `network.inp` and the conditions.

use std::fmt::Write as _;

use super::Draft;
use super::works::{START_M, STOP_M};
use crate::base::Text;
use crate::plant::inp;
use crate::plant::profile::SourceKind;

/// Names of the conditions, in their files' order.
pub(super) const CONDITIONS: [&str; 3] = ["aged", "normal", "renewed"];

/// What a kind of source gives on a usual day, and what its water takes up `[D]`, after the raw
/// turbidities of `[S39a]`.
struct Usual {
    turbidity_ntu: f64,
    conductivity_us_per_cm: f64,
    temperature_deg_c: f64,
    instant_demand_mg_per_l: f64,
}

fn usual(source: SourceKind) -> Usual {
    let (turbidity_ntu, conductivity_us_per_cm, temperature_deg_c, instant_demand_mg_per_l) =
        match source {
            SourceKind::River => (20.0, 160.0, 10.0, 0.4),
            SourceKind::Reservoir => (8.0, 150.0, 11.0, 0.4),
            SourceKind::Spring => (2.0, 220.0, 14.0, 0.2),
            SourceKind::Well => (1.0, 380.0, 17.0, 0.2),
        };
    Usual { turbidity_ntu, conductivity_us_per_cm, temperature_deg_c, instant_demand_mg_per_l }
}

/// As files write it.
pub(super) fn source_word(source: SourceKind) -> &'static str {
    let found = SourceKind::CHOICES.iter().find(|(_, kind)| *kind == source);
    found.map_or("river", |(word, _)| word)
}

/// A TOML basic string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Both languages as an inline table.
pub(super) fn both(text: &Text) -> String {
    format!("{{ en = {}, zh = {} }}", quoted(&text.en), quoted(&text.zh))
}

/// At most four digits, without an exponent.
pub(super) fn short(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// `network.inp`, its guesses as title lines.
pub(super) fn network(draft: &Draft) -> String {
    let mut title = draft.network.title.clone();
    title.truncate(20);
    title.push(format!("{} {}", draft.title.en, draft.title.zh));
    title.push(draft.fiction.en.clone());
    // A title line that looks like a section would end the title.
    title.retain(|line| !line.trim_start().starts_with('['));
    inp::write(&draft.network, &title)
}

/// `plant.toml`.
pub(super) fn plant(draft: &Draft) -> String {
    let mut text = format!("# {}\n# {}\n", draft.fiction.en, draft.fiction.zh);
    if !draft.guesses.is_empty() {
        text.push_str("#\n# Guessed, for you to edit:\n");
    }
    for guess in &draft.guesses {
        let _ = writeln!(text, "# - {guess}");
    }
    let people: u32 = draft.villages.iter().map(|village| village.people).sum();
    let _ = write!(
        text,
        "\ntitle = {}\ncounty = {}\nutc_offset = \"+08:00\"\ndesign_capacity_m3_per_day = {}\n\
         population = {people}\nsource = \"{}\"\ndisinfectant = \"free-chlorine\"\n\
         fiction = {}\n\
         \n# Villages. `taps`: junctions where people draw water; the last is the far end.\n",
        both(&draft.title),
        both(&draft.county),
        short(draft.capacity_m3_per_day),
        source_word(draft.source),
        both(&draft.fiction),
    );
    for village in &draft.villages {
        let taps = village.taps.iter().map(|tap| quoted(&draft.network.nodes[tap.0].id));
        let taps: Vec<String> = taps.collect();
        let _ = write!(
            text,
            "\n[[village]]\nid = \"{}\"\ntitle = {}\nfiction = true\npeople = {}\nstoreys = {}\n\
             taps = [{}]\n",
            village.id,
            both(&village.title),
            village.people,
            village.storeys,
            taps.join(", "),
        );
    }
    text.push_str(&train(draft));
    text
}

/// `[train]` and its tables, sized by the capacity.
fn train(draft: &Draft) -> String {
    let node = |at: usize| quoted(&draft.network.nodes[at].id);
    let production = quoted(&draft.network.links[draft.works.production.0].id);
    let per_hour = draft.capacity_m3_per_day / 24.0;
    let usual = usual(draft.source);
    let dose = usual.instant_demand_mg_per_l + 0.6;
    // Two weeks of the average day, as in the Sanmen plant `[D]`.
    let drum_l = (draft.capacity_m3_per_day / 1.5 * dose / 100.0 * 14.0).clamp(20.0, 90_000.0);
    format!(
        "\n[train]\noutlet = {}\nproduction = {production}\nclear_well = {}\n\
         capacity_m3_per_h = {}\nstart_level_m = {START_M}\nstop_level_m = {STOP_M}\n\
         baffling_factor = 0.5               # T10/T: 0.1 unbaffled to 0.7 good [M]\n\
         \n[train.raw]                         # a usual day of such a source [D]\n\
         turbidity_ntu = {}\nconductivity_us_per_cm = {}\ntemperature_deg_c = {}\n\
         \n[train.filters]\npassage = 0.008\noverload_ntu = 150\n\
         overload_passage_per_ntu = 0.00002\nfloor_ntu = 0.15\nvolume_m3 = {}\n\
         \n[train.dosing]\nid = \"DP-1\"\ndose_mg_per_l = {}\ninstant_demand_mg_per_l = {}\n\
         stock_g_per_l = 100\ndrum_l = {}\ndrum_height_m = 0.9\ninitial_share = 0.8\n\
         refill_below_share = 0.25\n",
        node(draft.works.outlet.0),
        node(draft.works.clear_well.0),
        short(per_hour),
        usual.turbidity_ntu,
        usual.conductivity_us_per_cm,
        usual.temperature_deg_c,
        short((per_hour * 1.5).max(0.5)),
        short(dose),
        usual.instant_demand_mg_per_l,
        short(drum_l),
    )
}

/// The conditions, as the Sanmen plant has them: path and text.
pub(super) fn conditions(draft: &Draft) -> Vec<(String, String)> {
    // Roughness, pump head, leakage, wall decay, filter passage; figures of the Sanmen plant.
    let wear = [(0.6, 0.85, 2.5, 3.0, 3.0), (1.0, 1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 0.5, 1.0, 0.8)];
    let about = [
        "Seven years without renewal 七年未改造",
        "As the network file has it 正常状态",
        "After a renewal 改造之后",
    ];
    let all = CONDITIONS.iter().zip(wear).zip(about);
    all.map(|((name, (roughness, head, leakage, wall, passage)), about)| {
        let leakage = short(draft.leakage_m3_per_h * leakage);
        let text = format!(
            "# {about}; every figure is FICTION 数值虚构.\n\nroughness_factor = {roughness}\n\
             pump_head_factor = {head}\nleakage_m3_per_h_at_20_m = {leakage}\n\
             wall_decay_factor = {wall}\nfilter_passage_factor = {passage}\n"
        );
        (format!("conditions/{name}.toml"), text)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_is_one_toml_string() {
        assert_eq!(quoted("a \"b\" \\ c\nd"), "\"a \\\"b\\\" \\\\ c d\"");
        let read: toml::Table =
            toml::from_str(&format!("x = {}", quoted("\\\"'#\t"))).expect("one");
        assert_eq!(read["x"].as_str(), Some("\\\"'# "));
    }

    #[test]
    fn short_numbers_keep_four_digits() {
        assert_eq!(short(1_234.56), 1_235.0);
        assert_eq!(short(0.000_123_456), 0.000_123_5);
    }
}
