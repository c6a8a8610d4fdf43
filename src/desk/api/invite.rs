//! Links of an exercise, for whoever leads it: one of each role, and one of each person who has
//! been invited by name.

use std::future::{Future, pending};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Extension;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::answer::wants_json;
use super::{Refusal, Served, Shared, json_of};
use crate::desk::person::{Invited, NAME_MAX, Person, Roll, is_name};
use crate::desk::role::Role;

/// Keeps the roll, so that links go on working after a restart. Errors: why it cannot, for people.
pub type Keep = Box<dyn Fn(&Roll) -> Result<(), String> + Send + Sync>;

/// Draws a token.
pub type Draw = Box<dyn Fn() -> String + Send + Sync>;

/// The link with a token, and the same as a QR code, SVG.
pub type Lead = Box<dyn Fn(&str) -> (String, Option<String>) + Send + Sync>;

/// Who has a link of their own, while it changes.
pub struct People {
    roll: watch::Sender<Roll>,
    /// Held while it is changed.
    changing: Mutex<()>,
    keep: Keep,
    draw: Draw,
    lead: Lead,
}

impl People {
    /// As kept so far.
    pub fn new(roll: Roll, keep: Keep, draw: Draw, lead: Lead) -> Self {
        let (roll, _) = watch::channel(roll);
        Self { roll, changing: Mutex::default(), keep, draw, lead }
    }

    /// Invites somebody; gives their link, and the same as a QR code. Errors, in words: they are
    /// not invited, and nothing is changed.
    pub fn invite(&self, invited: &Invited) -> Result<(String, Option<String>), String> {
        self.change(|roll| {
            let person = roll.invite(invited, || (self.draw)());
            person.map(|it| (self.lead)(it.token())).map_err(|why| why.to_string())
        })
    }

    /// Takes an invitation back; false: there is none. Errors: the disk has not taken it.
    fn revoke(&self, id: &str) -> Result<bool, String> {
        self.change(|roll| Ok(roll.revoke(id)))
    }

    /// Changes the roll; it counts once it is kept.
    fn change<T>(&self, make: impl FnOnce(&mut Roll) -> Result<T, String>) -> Result<T, String> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut roll = self.roll.borrow().clone();
        let made = make(&mut roll)?;
        if roll != *self.roll.borrow() {
            (self.keep)(&roll)?;
            self.roll.send_replace(roll);
        }
        Ok(made)
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// As what.
    pub(super) role: Role,
    /// Who; none: whoever has the link that all of a role share.
    pub(super) person: Option<Person>,
}

impl Served {
    /// Who has this token.
    pub(super) fn caller(&self, token: &str) -> Option<Caller> {
        let shared = self.desk.tokens.role(token).map(|role| Caller { role, person: None });
        shared.or_else(|| {
            let roll = self.desk.people.as_ref()?.roll.borrow();
            let person = roll.holder(token)?.clone();
            Some(Caller { role: person.role(), person: Some(person) })
        })
    }

    /// In whose name something is done that is said to be done by `said`. Errors: it is somebody
    /// else's, or no name.
    pub(super) fn doer(&self, caller: &Caller, said: &str) -> Result<String, Refusal> {
        let said = said.trim();
        if let Some(own) = caller.person.as_ref().map(Person::name) {
            let text = format!("this link is {own}'s: nothing is done by it in another name");
            let is_own = said.is_empty() || said == own;
            let refused = || Refusal::new(StatusCode::FORBIDDEN, text);
            return is_own.then(|| own.to_owned()).ok_or_else(refused);
        }
        if !is_name(said) {
            let text = format!("say who you are in {NAME_MAX} characters, all of them to be seen");
            return Err(Refusal::wrong(text));
        }
        let roll = self.desk.people.as_ref().map(|people| people.roll.borrow());
        match roll.as_ref().and_then(|roll| roll.owner(said)) {
            None => Ok(said.to_owned()),
            Some(owner) => {
                let name = owner.name();
                let text = format!("{name} has a link of their own: come in by it, or as another");
                Err(Refusal::new(StatusCode::FORBIDDEN, text))
            }
        }
    }

    /// Has the link of whoever asks been revoked?
    pub(super) fn is_revoked(&self, caller: &Caller) -> bool {
        let own = caller.person.as_ref().zip(self.desk.people.as_ref());
        own.is_some_and(|(own, people)| people.roll.borrow().person(&own.id()).is_none())
    }

    /// Comes when the link of whoever asks has been revoked; never for one that a role shares.
    pub(super) fn revoked(&self, caller: &Caller) -> impl Future<Output = ()> + Send + use<> {
        let id = caller.person.as_ref().map(Person::id);
        let roll = self.desk.people.as_ref().map(|people| people.roll.subscribe());
        async move {
            let Some((id, mut roll)) = id.zip(roll) else { return pending().await };
            if roll.wait_for(|roll| roll.person(&id).is_none()).await.is_err() {
                pending::<()>().await; // the desk ends, and tells so itself
            }
        }
    }
}

/// Whoever leads an exercise hands out its links; each of them is a key.
fn leads(role: Role) -> Result<(), Refusal> {
    let text = "only an instructor hands out links";
    let refused = || Refusal::new(StatusCode::FORBIDDEN, text);
    (role == Role::Instructor).then_some(()).ok_or_else(refused)
}

/// For whoever leads, if people can be invited here.
fn people(served: &Shared, role: Role) -> Result<Arc<People>, Refusal> {
    leads(role)?;
    let none = || Refusal::new(StatusCode::NOT_FOUND, "no exercise is played here");
    served.0.desk.people.clone().ok_or_else(none)
}

/// The links of all roles and people, and whether other machines reach the desk.
fn all(served: &Served) -> Response {
    let invitations = &served.desk.invitations;
    let links = invitations.all.iter().map(|it| json!({ "role": it.role.name(), "link": it.link }));
    let links: Vec<Value> = links.collect();
    let own = |people: &Arc<People>| {
        let roll = people.roll.borrow();
        let one = |it: &Person| {
            let (link, _) = (people.lead)(it.token());
            json!({ "id": it.id(), "name": it.name(), "role": it.role(), "link": link })
        };
        roll.people().iter().map(one).collect::<Vec<Value>>()
    };
    let people = served.desk.people.as_ref().map(own).unwrap_or_default();
    let by_others = invitations.by_others;
    json_of(StatusCode::OK, &json!({ "by_others": by_others, "links": links, "people": people }))
}

/// The same, for whoever leads.
pub(super) async fn invitations(
    served: Shared,
    Extension(role): Extension<Role>,
) -> Result<Response, Refusal> {
    leads(role)?;
    Ok(all(&served))
}

/// Whom to invite.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    role: Role,
}

/// Invites somebody by name; asked again, it is the same link.
pub(super) async fn invite(
    served: Shared,
    Extension(role): Extension<Role>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Refusal> {
    let people = people(&served, role)?;
    wants_json(&headers)?;
    let Wanted { name, role } = serde_json::from_str(&body).map_err(Refusal::wrong)?;
    let invited = Invited { name, role };
    // It waits for the disk.
    let invited = tokio::task::spawn_blocking(move || people.invite(&invited).map(drop)).await;
    let refused = |why| Refusal::new(StatusCode::CONFLICT, why);
    invited.map_err(Refusal::ours)?.map_err(refused)?;
    Ok(all(&served))
}

/// Takes an invitation back: its link leads nowhere from now on.
pub(super) async fn revoke(
    served: Shared,
    Extension(role): Extension<Role>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let people = people(&served, role)?;
    let revoked = tokio::task::spawn_blocking(move || people.revoke(&id)).await;
    if revoked.map_err(Refusal::ours)?.map_err(Refusal::ours)? {
        return Ok(all(&served));
    }
    Err(Refusal::new(StatusCode::NOT_FOUND, "there is no such invitation, or no more"))
}

fn svg(picture: Option<String>) -> Result<Response, Refusal> {
    let none = || Refusal::new(StatusCode::NOT_FOUND, "nobody is invited so, or no exercise is");
    let picture = picture.ok_or_else(none)?;
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, picture).into_response())
}

/// The link of a role as a QR code.
pub(super) async fn of_role(
    served: Shared,
    Extension(role): Extension<Role>,
    Path(wanted): Path<String>,
) -> Result<Response, Refusal> {
    leads(role)?;
    let found = served.0.desk.invitations.all.iter().find(|it| it.role.name() == wanted);
    svg(found.and_then(|it| it.picture.clone()))
}

/// The link of a person as a QR code.
pub(super) async fn of_person(
    served: Shared,
    Extension(role): Extension<Role>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let people = people(&served, role)?;
    let token = people.roll.borrow().person(&id).map(|it| it.token().to_owned());
    svg(token.and_then(|token| (people.lead)(&token).1))
}
