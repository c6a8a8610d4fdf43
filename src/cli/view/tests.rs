//! Pictures, word for word, and what the builder makes of a monitor's state.

use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::build::{Builder, Wish};
use super::desk::{Deed, Desk, Key};
use super::draw::draw;
use super::model::{
    AlarmRow, EventRow, Level, Link, Overview, PlantRow, PumpRow, TankRow, Totals, Value, View,
    VillageRow, WorksRow, WorstAlarm,
};
use crate::alarms::command::{Action, Reply};
use crate::alarms::event::{AlarmChange, AlarmEvent, AlarmId, AlarmState, Priority};
use crate::base::limit::Limit;
use crate::base::text::Lang;
use crate::base::{Flag, PlantId, QualityTests, RuleId, Span, Stamp, TagId};
use crate::cli::library::Library;
use crate::ingest::Counters;
use crate::ingest::observation::{Observation, PlantIndex};
use crate::inspection::book::Book;
use crate::inspection::finding::Why;
use crate::ledger::record::{Entry, Record};
use crate::monitor::{PlantSnapshot, Snapshot, TagSnapshot};
use crate::plant::Plant;
use crate::plant::tags::TagIndex;
use crate::world::Outside;

fn calm(number: &str, unit: &'static str) -> Value {
    Value { number: number.to_owned(), unit, ..Value::default() }
}

fn village(name: &str, kpa: &str, share: f64) -> VillageRow {
    VillageRow {
        name: name.to_owned(),
        pressure: calm(kpa, "kPa"),
        needs: "98".to_owned(),
        share: Some(share),
        residual: calm("0.49", "mg/L"),
        turbidity: Value::default(),
    }
}

fn picture(lang: Lang) -> View {
    let zh = lang == Lang::Zh;
    let say = |en: &str, chinese: &str| if zh { chinese.to_owned() } else { en.to_owned() };
    let mut yunding = village(&say("Yunding", "云顶村"), "74.7", 0.76);
    yunding.pressure.level = Level::Medium;
    let mut chaping = village(&say("Chaping", "茶坪村"), "208", 2.1);
    chaping.pressure.age = Some("12m".to_owned());
    let why = say("97.2 kPa, needs 98.1", "97.2 kPa,需要 98.1");
    let title = say("Too little pressure for the houses", "服务水头不足");
    let event = EventRow {
        at: "12-05 06:43".to_owned(),
        what: if zh { "报警" } else { "ALARM" },
        text: format!("PIT-407 {title} · {why}"),
        level: Level::Medium,
        ..EventRow::default()
    };
    View {
        lang,
        title: say("Sanmen waterworks", "三门水厂"),
        clock: Some("12-05 07:07".to_owned()),
        speed: "1200×".to_owned(),
        link: Link::Connected,
        presence: Some(true),
        unsigned: false,
        progress: Some(0.07),
        villages: vec![village(&say("Suiyang", "随阳村"), "281", 2.1), chaping, yunding],
        works: vec![WorksRow {
            name: say("Finished turbidity", "出厂水浑浊度"),
            value: Value { level: Level::High, ..calm("1.23", "NTU") },
            trend: vec![0.3, 0.5, 0.9, 1.2],
            finished_quality: true,
        }],
        tanks: vec![TankRow {
            name: say("Clear well level", "清水池液位"),
            value: calm("2.35", "m"),
            share: 0.59,
        }],
        pumps: vec![PumpRow { name: "P-1".to_owned(), runs: Some(true) }],
        alarms: vec![AlarmRow {
            id: low_pressure(AlarmState::Unacknowledged).id,
            group: None,
            state: AlarmState::Unacknowledged,
            priority: Level::Medium,
            level: Level::Medium,
            since: "06:43".to_owned(),
            tag: "PIT-407".to_owned(),
            title,
            why,
            now: "74.7 kPa".to_owned(),
        }],
        events: [event].into(),
        health: say("messages 40", "消息 40"),
        ..View::default()
    }
}

fn drawn(view: &View, width: u16, height: u16) -> String {
    drawn_with(view, &Desk::default(), width, height)
}

fn drawn_with(view: &View, desk: &Desk, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("in memory");
    terminal.draw(|frame| draw(frame, view, desk)).expect("in memory");
    terminal.backend().to_string()
}

#[test]
fn the_picture_of_a_plant_in_a_wide_terminal() {
    insta::assert_snapshot!(drawn(&picture(Lang::En), 110, 30));
    insta::assert_snapshot!(drawn(&picture(Lang::Zh), 110, 30));
}

#[test]
fn the_picture_of_a_plant_in_a_narrow_terminal() {
    insta::assert_snapshot!(drawn(&picture(Lang::En), 80, 24));
    insta::assert_snapshot!(drawn(&picture(Lang::Zh), 80, 24));
}

#[test]
fn a_terminal_too_small_says_so_and_no_size_panics() {
    for (width, height) in [(1, 1), (79, 24), (80, 10), (20, 3)] {
        let text = drawn(&picture(Lang::En), width, height);
        assert!(!text.contains("Yunding"), "{text}");
    }
    assert!(drawn(&picture(Lang::En), 60, 10).contains("80×22"));
    for (width, height) in [(80, 22), (107, 22), (108, 22), (300, 100)] {
        let text = drawn(&picture(Lang::Zh), width, height);
        assert!(text.contains("97.2 kPa,"), "the reason stays at {width}×{height}: {text}");
    }
}

#[test]
fn alarms_without_room_are_counted_and_named() {
    let mut view = picture(Lang::En);
    let first = view.alarms[0].clone();
    view.alarms = (0..30).map(|n| AlarmRow { tag: format!("T-{n}"), ..first.clone() }).collect();
    let text = drawn(&view, 80, 24);
    assert!(text.contains("more:") && text.contains("Alarms · 30"), "{text}");
}

#[test]
fn a_flood_stands_above_the_alarms_and_takes_no_line_from_them() {
    let mut view = picture(Lang::En);
    let first = view.alarms[0].clone();
    view.alarms = (0..30).map(|n| AlarmRow { tag: format!("T-{n}"), ..first.clone() }).collect();
    view.flood = Some("06:40 · 30 alarms · first sanmen/service-pressure-low/PIT-407/1".to_owned());
    let text = drawn(&view, 80, 24);
    assert!(text.contains("FLOOD 06:40 · 30 alarms · first"), "{text}");
    assert!(text.contains("more:") && text.contains("Alarms · 30"), "{text}");
}

// ---- the desk

/// A picture with three alarms: a raised one, a gone one, a shelved one.
fn three_alarms() -> View {
    let mut view = picture(Lang::En);
    let row = |tag: &str, state, level| {
        let mut row = view.alarms[0].clone();
        row.id.tag = Some(TagId::new(tag).expect("a name"));
        AlarmRow { tag: tag.to_owned(), state, level, ..row }
    };
    view.alarms = vec![
        row("PIT-407", AlarmState::Unacknowledged, Level::Medium),
        row("PIT-406", AlarmState::ReturnedUnacknowledged, Level::Calm),
        row("PIT-405", AlarmState::Shelved, Level::Calm),
    ];
    view
}

fn press(desk: &mut Desk, view: &View, keys: &[Key]) -> Vec<Deed> {
    keys.iter().filter_map(|key| desk.press(*key, view, 10)).collect()
}

fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

#[test]
fn an_alarm_is_chosen_with_the_arrows_and_acknowledged() {
    let view = three_alarms();
    let mut desk = Desk::new("Li");
    assert_eq!(press(&mut desk, &view, &[Key::Char('a')]), [], "nothing is chosen");
    let deeds = press(&mut desk, &view, &[Key::Down, Key::Down, Key::Down, Key::Char('a')]);
    let [Deed::Ask(ask)] = &deeds[..] else { panic!("{deeds:?}") };
    assert_eq!(ask.alarm.to_string(), "sanmen/service-pressure-low/PIT-406/1");
    assert_eq!((ask.action, ask.by.name.as_str()), (Action::Acknowledge, "Li"));
    let done = Reply::Done { state: AlarmState::Normal };
    desk.hear(&ask.alarm, Some(&done), Lang::En);
    let text = drawn_with(&view, &desk, 110, 30);
    assert!(text.contains("›△ clear ! 06:43 PIT-406"), "{text}");
    assert!(text.contains(" PIT-406: normal "), "{text}");
}

#[test]
fn a_shelf_asks_for_minutes_and_a_reason() {
    let view = three_alarms();
    let mut desk = Desk::new("Li");
    let open = [Key::Down, Key::Char('s'), Key::Backspace, Key::Backspace];
    assert_eq!(press(&mut desk, &view, &open), []);
    let mut keys = typed("9q");
    keys.push(Key::Enter);
    keys.extend(typed("阀门检修 "));
    keys.push(Key::Enter);
    assert_eq!(press(&mut desk, &view, &keys), [], "a letter in a form ends no view");
    assert_eq!(desk.said, "for how many minutes?");
    let text = drawn_with(&view, &desk, 110, 30);
    assert!(text.contains("shelve PIT-407  9q▏  min"), "{text}");
    let deeds = press(&mut desk, &view, &[Key::Backspace, Key::Enter, Key::Enter]);
    let [Deed::Ask(ask)] = &deeds[..] else { panic!("{deeds:?}") };
    assert_eq!(ask.action, Action::Shelve(Span::minutes(9)));
    assert_eq!(ask.by.reason, "阀门检修");
    assert_eq!(desk.form, None);
    press(&mut desk, &view, &[Key::Char('s'), Key::Enter, Key::Enter]);
    assert_eq!(desk.said, "a reason is needed");
    press(&mut desk, &view, &[Key::Escape]);
    assert_eq!(desk.form, None, "escape leaves the form, not the view");
}

#[test]
fn what_is_set_aside_is_counted_always_and_listed_on_demand() {
    let view = three_alarms();
    let mut desk = Desk::new("Li");
    let text = drawn_with(&view, &desk, 80, 24);
    let title = " Alarms · 1 · unacknowledged 2 · shelved 1 · suppressed 0 ";
    assert!(text.contains(title) && !text.contains("PIT-405"), "{text}");
    let deeds = press(&mut desk, &view, &[Key::Char('o'), Key::Up, Key::Char('u')]);
    let [Deed::Ask(ask)] = &deeds[..] else { panic!("{deeds:?}") };
    assert_eq!(ask.action, Action::Unshelve);
    let text = drawn_with(&view, &desk, 80, 24);
    assert!(text.contains("PIT-405"), "{text}");
}

#[test]
fn alarms_that_belong_together_fold_to_one_line_that_counts_them() {
    let mut view = three_alarms();
    for row in &mut view.alarms {
        row.group = Some(low_pressure(AlarmState::Unacknowledged).id);
    }
    let mut desk = Desk::new("Li");
    assert_eq!(press(&mut desk, &view, &typed("og")), []);
    let text = drawn_with(&view, &desk, 110, 30);
    assert!(text.contains("PIT-407") && text.contains("+2 · "), "{text}");
    assert!(!text.contains("06:43 PIT-406"), "{text}");
    press(&mut desk, &view, &typed("g"));
    assert!(drawn_with(&view, &desk, 110, 30).contains("06:43 PIT-406"));
}

#[test]
fn the_chosen_alarm_is_on_the_screen_however_many_there_are() {
    let mut view = picture(Lang::En);
    let first = view.alarms[0].clone();
    view.alarms = (0..30)
        .map(|n| {
            let mut row = first.clone();
            row.tag = format!("T-{n}");
            row.id.tag = TagId::new(&row.tag).ok();
            row
        })
        .collect();
    let mut desk = Desk::new("Li");
    press(&mut desk, &view, &[Key::Up]);
    let text = drawn_with(&view, &desk, 80, 24);
    assert!(text.contains("›▲ medium! 06:43 T-29"), "{text}");
}

// ---- the builder

const NOON: i64 = 1_733_371_200_000; // 2024-12-05T04:00:00Z, noon at the plant

fn at(minute: i64) -> Stamp {
    Stamp::from_ms(NOON + minute * 60_000).expect("in range")
}

fn sanmen() -> (Arc<Plant>, Book) {
    let library = Library::default();
    (library.plant("sanmen").expect("compiled in"), library.book().expect("compiled in"))
}

/// A state at noon with these last readings: tag, value, minutes ago.
fn state(plant: &Plant, readings: &[(&str, f64, i64)], standing: Vec<AlarmEvent>) -> Snapshot {
    let tags = plant.instruments.iter().enumerate().map(|(index, instrument)| {
        let reading = readings.iter().find(|(tag, ..)| instrument.tag.id.as_str() == *tag);
        TagSnapshot {
            latest: reading.map(|(_, value, ago)| Observation {
                plant: PlantIndex(0),
                tag: TagIndex(index),
                observed_at: at(-ago),
                received_at: at(-ago),
                value: *value,
                flag: Flag::Good,
                tests: QualityTests::NONE,
            }),
            ..TagSnapshot::default()
        }
    });
    let plant = PlantSnapshot {
        id: plant.id.clone(),
        online: Some(true),
        heard_at: None,
        frontier: Some(at(0)),
        clock: None,
        exercise: None,
        signed: true,
        tags: tags.collect(),
        standing,
        shelves: Vec::new(),
        flood: None,
        counters: Counters::default(),
        refused: 0,
    };
    Snapshot { plants: vec![plant], ..Snapshot::default() }
}

fn low_pressure(state: AlarmState) -> AlarmEvent {
    AlarmEvent {
        id: AlarmId {
            plant: PlantId::new("sanmen").expect("a name"),
            rule: RuleId::new("service-pressure-low").expect("a name"),
            tag: Some(TagId::new("PIT-407").expect("a name")),
            n: 1,
        },
        at: at(-30),
        change: AlarmChange::Raised,
        state,
        priority: Priority::Medium,
        since: Some(at(-40)),
        title: "Too little pressure for the houses".to_owned(),
        source: String::new(),
        why: Why { value: Some(97.2), limit: Some(98.07), ..Why::default() },
        by: None,
        chattering: None,
        stop: None,
        group: None,
        labels: None,
        texts: None,
        exercise: None,
    }
}

#[test]
fn what_lies_outside_the_model_is_said_in_the_language_shown() {
    let (plant, book) = sanmen();
    let plants = [Arc::clone(&plant)];
    let mut builder = Builder::new(&plants, &book, None, None, Lang::En);
    let outside = Outside {
        limit: Limit::WaterHammer,
        first: at(0),
        last: at(0),
        lasted: Span::ZERO,
        place: Some("M-6".to_owned()),
        places: 7,
        value: 0.7,
        unit: "m/s",
        severity: 0.7,
    };
    let row = builder.outside(&plant.id, &outside).expect("a line");
    let said = "12-05 12:00  MODEL  water hammer · M-6 and 6 more, 0.70 m/s at once: pressure may \
                jump by 25 m (plastic) to 78 m (iron) · the flow changes at once; the pressure \
                wave is not computed";
    assert_eq!(row.to_string(), said);
    builder.wish(Wish::Language);
    let said = "12-05 12:00  模型  水锤 · M-6等7处，0.70 m/s：压力可能突变 25 m（塑料管）至 78 \
                m（铸铁管） · 流速突变；模型不计算压力波";
    assert_eq!(builder.view().events[0].to_string(), said);
}

#[test]
fn a_standing_alarm_colours_its_tap_and_a_cleared_one_does_not() {
    let (plant, book) = sanmen();
    let plants = [Arc::clone(&plant)];
    let mut builder = Builder::new(&plants, &book, None, None, Lang::En);
    let readings = [("PIT-407", 74.7, 1), ("PIT-401", 281.0, 1)];
    builder.snapshot(state(&plant, &readings, vec![low_pressure(AlarmState::Unacknowledged)]));
    let view = builder.view();
    let levels: Vec<Level> = view.villages.iter().map(|v| v.pressure.level).collect();
    assert_eq!(levels.iter().filter(|level| **level == Level::Medium).count(), 1);
    assert_eq!(view.villages[6].pressure.level, Level::Medium);
    assert_eq!(view.alarms[0].why, "97.2 kPa, needs 98.1");
    assert_eq!(view.alarms[0].now, "74.7 kPa");
    assert_eq!(view.active(), 1);

    let gone = low_pressure(AlarmState::ReturnedUnacknowledged);
    builder.snapshot(state(&plant, &readings, vec![gone]));
    assert_eq!(builder.view().villages[6].pressure.level, Level::Calm);
    assert_eq!(builder.view().active(), 0);
}

#[test]
fn an_old_reading_says_its_age_and_a_fresh_one_does_not() {
    let (plant, book) = sanmen();
    let plants = [Arc::clone(&plant)];
    let mut builder = Builder::new(&plants, &book, None, None, Lang::En);
    builder.snapshot(state(&plant, &[("PIT-407", 74.7, 12), ("PIT-401", 281.0, 3)], Vec::new()));
    let view = builder.view();
    assert_eq!(view.villages[6].pressure.age.as_deref(), Some("12m"));
    assert_eq!(view.villages[0].pressure.age, None);
    assert_eq!(view.villages[1].pressure.number, "–", "nothing has come yet");
    assert_eq!(view.villages[1].turbidity, Value::default(), "nothing is measured");
}

#[test]
fn a_doubtful_value_has_its_mark_and_one_that_failed_is_never_the_worst() {
    let (plant, book) = sanmen();
    let plants = [Arc::clone(&plant)];
    let mut builder = Builder::new(&plants, &book, None, None, Lang::En);
    let readings = [("PIT-401", 281.0, 1), ("AIT-401", 0.0, 1), ("AIT-411", 3.4e38, 1)];
    let mut snapshot = state(&plant, &readings, Vec::new());
    for (tag, flag) in
        [("PIT-401", Flag::Suspect), ("AIT-401", Flag::Fail), ("AIT-411", Flag::Fail)]
    {
        let at = plant.instruments.iter().position(|it| it.tag.id.as_str() == tag);
        let tag = &mut snapshot.plants[0].tags[at.expect("in the plant")];
        tag.latest.as_mut().expect("it has a reading").flag = flag;
    }
    builder.snapshot(snapshot);
    let village = &builder.view().villages[0];
    assert_eq!((village.pressure.number.as_str(), village.pressure.doubtful), ("?281", true));
    assert_eq!(
        (village.residual.number.as_str(), village.turbidity.number.as_str()),
        ("×0.00", "×")
    );
}

#[test]
fn a_works_of_chlorine_dioxide_shows_what_is_left_of_that() {
    let (_, book) = sanmen();
    let plants = [Library::default().plant("qingxi").expect("it ships")];
    let mut builder = Builder::new(&plants, &book, None, None, Lang::En);
    let readings = [("AIT-301", 0.31, 1), ("AIT-401", 0.05, 1)];
    builder.snapshot(state(&plants[0], &readings, Vec::new()));
    let view = builder.view();
    assert_eq!(view.villages[0].residual.number, "0.05");
    assert!(view.works.iter().any(|row| row.finished_quality && row.value.number == "0.31"));
    assert!(drawn(view, 120, 30).contains("ClO₂"));
}

#[test]
fn of_two_taps_the_one_with_the_least_left_is_shown() {
    let (plant, book) = sanmen();
    let mut plant = Plant::clone(&plant);
    let suiyang = plant.profile.villages[0].id.clone();
    let second = plant.instruments.iter_mut().find(|i| i.tag.id.as_str() == "PIT-402");
    let second = second.expect("in the plant");
    second.tag = Arc::new(crate::plant::tags::Tag {
        village: Some(suiyang),
        poll: Span::MINUTE,
        ..(*second.tag).clone()
    });
    let plants = [Arc::new(plant.clone())];
    let mut builder = Builder::new(&plants, &book, None, None, Lang::En);
    builder.snapshot(state(&plant, &[("PIT-401", 281.0, 1), ("PIT-402", 140.0, 1)], Vec::new()));
    assert_eq!(builder.view().villages[0].pressure.number, "140");
    builder.snapshot(state(&plant, &[("PIT-401", 281.0, 1)], Vec::new()));
    assert_eq!(builder.view().villages[0].pressure.number, "281", "silence is not the worst");
}

#[test]
fn another_language_says_everything_again() {
    let (plant, book) = sanmen();
    let plants = [Arc::clone(&plant)];
    let mut builder = Builder::new(&plants, &book, None, None, Lang::En);
    let alarm = low_pressure(AlarmState::Unacknowledged);
    builder.entry(&entry(&plant, Record::Alarm(alarm.clone())));
    builder.snapshot(state(&plant, &[], vec![alarm]));
    builder.wish(Wish::Language);
    let view = builder.view();
    assert_eq!(view.alarms[0].title, "服务水头不足");
    assert_eq!(
        view.events[0].to_string(),
        "12-05 11:30  报警  PIT-407 服务水头不足 · 97.2 kPa,需要 98.1"
    );
    assert_eq!(view.villages[6].name, "云顶村");
}

// ---- many plants

fn entry(plant: &Plant, record: Record) -> Entry {
    let (previous, hash) = (String::new(), String::new());
    Entry { plant: Some(plant.id.clone()), n: 1, record, previous, hash }
}

fn plant_row(name: &str, level: Level, concerned: u64) -> PlantRow {
    let worst = WorstAlarm {
        since: "06:43".to_owned(),
        title: "Turbid water leaves the plant".to_owned(),
        why: "5.21 NTU, limit 3.00".to_owned(),
    };
    PlantRow {
        name: name.to_owned(),
        county: "Tongshan".to_owned(),
        online: Some(true),
        level,
        people: 7_912,
        concerned,
        counts: if level == Level::Calm { [0; 3] } else { [12, 0, 1] },
        unanswered: 2,
        worst: (level > Level::Calm).then_some(worst),
    }
}

fn overview(lang: Lang) -> View {
    let mut rows = vec![plant_row("Yunxi waterworks", Level::High, 7_912)];
    rows.extend((0..20).map(|n| plant_row(&format!("Works {n}"), Level::Calm, 0)));
    rows[19].online = Some(false);
    rows[20].online = None;
    let totals = Totals {
        plants: 21,
        alarmed: 1,
        alarms: 13,
        online: 19,
        unsigned: 0,
        offline: 1,
        people: 166_152,
        concerned: 7_912,
    };
    let mut view = picture(lang);
    view.events[0].of = "Yunxi waterworks".to_owned();
    let overview = Some(Overview { rows, chosen: Some(1), totals });
    View { of_many: true, overview, title: "Xianning".to_owned(), ..view }
}

#[test]
fn the_picture_of_many_plants() {
    insta::assert_snapshot!(drawn(&overview(Lang::En), 80, 24));
    insta::assert_snapshot!(drawn(&overview(Lang::Zh), 120, 40));
}

#[test]
fn a_page_of_plants_is_the_one_with_the_chosen_plant() {
    let mut view = overview(Lang::En);
    let page = super::draw::plants_a_page(24);
    for row in 0..21 {
        if let Some(overview) = &mut view.overview {
            overview.chosen = Some(row);
        }
        let text = drawn(&view, 80, 24);
        let shown = text.lines().filter(|line| line.contains("Tongshan")).count();
        let first = row / page * page;
        assert_eq!(shown, page.min(21 - first), "{text}");
        assert!(text.contains(&format!(" {}–{} / 21", first + 1, first + shown)), "{text}");
    }
}

/// Sanmen and a copy of it in which nothing happens.
fn two() -> (Vec<Arc<Plant>>, Book) {
    let (plant, book) = sanmen();
    let mut other = Plant::clone(&plant);
    other.id = PlantId::new("other").expect("a name");
    (vec![Arc::new(other), plant], book)
}

fn state_of_two(plants: &[Arc<Plant>], standing: Vec<AlarmEvent>) -> Snapshot {
    let mut snapshot = state(&plants[0], &[], Vec::new());
    snapshot.plants.extend(state(&plants[1], &[("PIT-407", 74.7, 1)], standing).plants);
    snapshot
}

#[test]
fn the_plant_with_the_worst_alarm_comes_first_and_says_whom_it_concerns() {
    let (plants, book) = two();
    let mut builder = Builder::new(&plants, &book, None, None, Lang::En);
    builder.snapshot(state_of_two(&plants, vec![low_pressure(AlarmState::Unacknowledged)]));
    let overview = builder.view().overview.clone().expect("two plants are a list");
    let [first, second] = overview.rows.as_slice() else { panic!("two rows") };
    let yunding = plants[1].profile.villages[6].people;
    assert_eq!((first.level, first.concerned), (Level::Medium, u64::from(yunding)));
    assert_eq!(first.counts, [0, 1, 0]);
    assert_eq!((second.level, second.concerned), (Level::Calm, 0));
    assert_eq!((overview.totals.alarmed, overview.totals.online), (1, 2));
    assert_eq!(overview.totals.people, 32_000);
}

#[test]
fn a_chosen_plant_opens_stays_chosen_while_others_overtake_it_and_closes() {
    let (plants, book) = two();
    let mut builder = Builder::new(&plants, &book, None, None, Lang::En);
    builder.snapshot(state_of_two(&plants, Vec::new()));
    let chosen = |builder: &Builder<'_>| builder.view().overview.as_ref().and_then(|o| o.chosen);
    assert_eq!(chosen(&builder), None);
    builder.wish(Wish::Move(0));
    assert_eq!(chosen(&builder), Some(0), "the other plant");
    let alarm = low_pressure(AlarmState::Unacknowledged);
    let row = builder.entry(&entry(&plants[1], Record::Alarm(alarm.clone())));
    assert_eq!(row.expect("a line").of, "Sanmen waterworks");
    builder.snapshot(state_of_two(&plants, vec![alarm]));
    assert_eq!(chosen(&builder), Some(1), "it has been overtaken");
    builder.wish(Wish::Open);
    assert!(builder.view().overview.is_none());
    assert!(builder.view().alarms.is_empty() && builder.view().events.is_empty());
    builder.wish(Wish::Move(-9));
    assert_eq!(builder.view().alarms.len(), 1, "the neighbour above");
    assert_eq!(builder.view().events[0].of, "", "alone, it needs no name");
    builder.wish(Wish::Back);
    assert_eq!(chosen(&builder), Some(0));
}
