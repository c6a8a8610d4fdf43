//! A plant in an exercise, live: paced by two time bases, ordered about and befallen by what its
//! people and its script want.

use crate::base::time::wall_now;
use crate::exercise::live::LiveError;
use crate::exercise::live::company::{Company, Voices};
use crate::exercise::live::drill::{Drill, Left};
use crate::exercise::live::orders::Orders;
use crate::exercise::live::simulate::{Aside, CLOCK, Progress, carry_out, enough, say_all};
use crate::exercise::live::stop::Stop;
use crate::exercise::session::{Effect, Session};
use crate::simulator::orders::NotDone;

/// Answers of people to alarms: they go where answers from pages go.
pub type Answers = tokio::sync::mpsc::UnboundedSender<crate::alarms::command::Command>;

/// Runs one plant until the exercise's end, its instructor's or a stop; gives the session back.
/// Every message is the broker's before it returns.
pub async fn conduct(
    mut company: Company,
    mut voices: Voices,
    mut drill: Drill,
    (aside, mut orders, answers): (Aside, Orders, Answers),
    stop: Stop,
) -> Result<Session, LiveError> {
    let step = company.step_length();
    let mut left = Left::whole(step, wall_now());
    let mut clock_due = wall_now();
    while !company.is_over() && !drill.is_done() && !stop.is_set() {
        wait_for_step(&mut company, &voices, &mut drill, (&mut orders, &answers), &mut left, &stop)
            .await?;
        if stop.is_set() || drill.is_done() {
            break;
        }
        let said = company.step().await?;
        let (now, wall) = (company.now(), wall_now());
        let speed = drill.speed().unwrap_or(1.0);
        let clock = (wall >= clock_due).then(|| company.clock(wall, speed)).flatten();
        if clock.is_some() {
            clock_due = wall + CLOCK;
        }
        voices = say_all(voices, clock.into_iter().chain(said), &stop).await?;
        if let Some((truth, at_tags)) = company.truth() {
            drill.step((truth, at_tags), company.outside(), step);
        }
        carry_effects(&mut company, &mut drill, &answers);
        aside.say_outside(company.new_outside()).await;
        let finished = company.is_over();
        let _ = aside.progress.send(Progress { now, finished, speed: None });
    }
    // Stopped before its end, it may go on another time, and elsewhere when it is left.
    let over = company.is_over() || drill.is_ended();
    let session = if over { drill.finish() } else { drill.leave() };
    let now = company.now();
    let _ = aside.progress.send(Progress { now, finished: true, speed: None });
    let voices = say_all(voices, company.close(), &stop).await?;
    voices.drain_until(|| enough(stop.clone())).await?;
    Ok(session)
}

/// Waits until the next step is due, and does meanwhile what people want.
async fn wait_for_step(
    company: &mut Company,
    voices: &Voices,
    drill: &mut Drill,
    (orders, answers): (&mut Orders, &Answers),
    left: &mut Left,
    stop: &Stop,
) -> Result<(), LiveError> {
    let mut clock_due = wall_now() + CLOCK;
    loop {
        let speed = drill.speed();
        let due = left.due(speed).map_or(clock_due, |due| due.min(clock_due));
        let mut given = None;
        tokio::select! {
            _ = stop.or_until(due) => {}
            () = drill.wake() => {}
            order = orders.next() => given = Some(order),
        }
        let wall = wall_now();
        drill.pass(left.pass(wall, speed));
        if let Some(given) = given {
            carry_out(given, company, (orders, voices), stop).await?;
        }
        carry_effects(company, drill, answers);
        if stop.is_set() || drill.is_done() || (speed.is_some() && left.take_step()) {
            return Ok(());
        }
        if wall >= clock_due {
            // A long step must not look like silence.
            clock_due = wall + CLOCK;
            if let Some(clock) = company.clock(wall, speed.unwrap_or(FROZEN)) {
                voices.say(clock).await?;
            }
        }
    }
}

/// What clock messages say of the speed while time stands: listeners let it run on when nothing is
/// said, and this is as good as standing.
const FROZEN: f64 = 0.001;

/// Does to the plant what the exercise wants, and asks of alarms what people want.
fn carry_effects(company: &mut Company, drill: &mut Drill, answers: &Answers) {
    for effect in drill.effects() {
        let done = match effect {
            Effect::Happen(injection) => company.happen(injection),
            Effect::End(id) => {
                company.end(&id);
                Ok(())
            }
            Effect::Answer(command) => {
                let _ = answers.send(command); // the monitor may have ended
                Ok(())
            }
            Effect::Order(..) => Ok(()), // sent on its way already
        };
        if let Err(NotDone(why)) = done {
            tracing::warn!("the exercise cannot do it: {why}");
        }
    }
}
