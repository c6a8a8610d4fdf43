//! People with a link of their own: its token says who they are, so that what they do bears their
//! name, and nobody does anything in it but they.

use std::fmt;

use sha2::{Digest, Sha256};

use super::role::{Role, Tokens, is_same};
use crate::base::hex::hex;
use crate::base::text::is_unseen;

/// Longest name, in characters.
pub const NAME_MAX: usize = 60;

/// People with links of their own, at most.
pub const PEOPLE_MAX: usize = 200;

/// Somebody with a link of their own.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    name: String,
    role: Role,
    token: String,
}

impl fmt::Debug for Person {
    /// Without the token: what is printed of people is none of their keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl Person {
    /// What they are called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What they are.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The token of their link.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// How pages name the invitation: 12 digits that tell nothing of the token, and that another
    /// token of the same person has not.
    pub fn id(&self) -> String {
        hex(&Sha256::digest(self.token.as_bytes())[..6])
    }
}

/// Somebody who is to have a link of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// What they are called.
    pub name: String,
    /// What they are.
    pub role: Role,
}

impl Invited {
    /// Reads `NAME` or `NAME:ROLE`; without a role, an operator: who is trained. Errors: it is no
    /// name, or no role.
    pub fn parse(text: &str) -> Result<Self, NotInvited> {
        let (name, role) = text.rsplit_once(':').unwrap_or((text, Role::Operator.name()));
        let known = Role::CHOICES.iter().find(|(known, _)| *known == role.trim());
        let (_, role) = known.ok_or_else(|| NotInvited::Role(role.trim().to_owned()))?;
        Ok(Self { name: checked(name)?, role: *role })
    }
}

/// Why somebody gets no link of their own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotInvited {
    /// Nobody is called so.
    #[error("a name has 1 to {NAME_MAX} characters, all of them to be seen, and no colon")]
    Name,
    /// There is no such role.
    #[error("{0:?} is no role: operator, instructor, evaluator or viewer")]
    Role(String),
    /// They are something else already.
    #[error("{0} has a link as {role} already: revoke it first", role = .1.name())]
    Otherwise(String, Role),
    /// There are too many.
    #[error("{PEOPLE_MAX} people have links of their own: revoke one first")]
    Full,
}

/// A name without what stands around it. Errors: nothing of it can be seen, or not all, or it is
/// too long.
fn checked(name: &str) -> Result<String, NotInvited> {
    let name = name.trim();
    let is_name = is_name(name) && !name.contains(':');
    is_name.then(|| name.to_owned()).ok_or(NotInvited::Name)
}

/// Can somebody be called so: is it neither empty nor too long, and can all of it be seen? What
/// turns the direction of a line, or has no width, would make one name look like another.
pub fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.chars().count())
        && !name.trim().is_empty()
        && !name.contains(is_unseen)
}

/// Names that people would take for the same.
fn is_alike(one: &str, other: &str) -> bool {
    let folded = |name: &str| {
        let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
        words.join(" ")
    };
    folded(one) == folded(other)
}

/// Who has a link of their own, in the order in which they were invited.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roll(Vec<Person>);

impl Roll {
    /// Reads what `to_text` wrote; none when a line of it is none of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let person = |line: &str| {
            let (role, rest) = line.split_once(' ')?;
            let (token, name) = rest.split_once(' ')?;
            let (_, role) = Role::CHOICES.into_iter().find(|(known, _)| *known == role)?;
            let name = checked(name).ok().filter(|_| token.len() >= Tokens::LEAST)?;
            Some(Person { name, role, token: token.to_owned() })
        };
        text.lines().map(person).collect::<Option<Vec<Person>>>().map(Self)
    }

    /// A line for each: role, token, name.
    pub fn to_text(&self) -> String {
        let line = |it: &Person| format!("{} {} {}\n", it.role.name(), it.token, it.name);
        self.0.iter().map(line).collect()
    }

    /// Everybody on it.
    pub fn people(&self) -> &[Person] {
        &self.0
    }

    /// Puts somebody on it, with a token that `draw` gives; whoever is on it as that already keeps
    /// theirs. Errors: they are something else, it is no name, or it is full.
    pub fn invite(
        &mut self,
        Invited { name, role }: &Invited,
        draw: impl FnOnce() -> String,
    ) -> Result<&Person, NotInvited> {
        let name = checked(name)?;
        if let Some(at) = self.0.iter().position(|person| is_alike(&person.name, &name)) {
            let known = &self.0[at];
            let is_same = known.role == *role;
            let other = || NotInvited::Otherwise(known.name.clone(), known.role);
            return is_same.then_some(known).ok_or_else(other);
        }
        if self.0.len() >= PEOPLE_MAX {
            return Err(NotInvited::Full);
        }
        let at = self.0.len();
        self.0.push(Person { name, role: *role, token: draw() });
        Ok(&self.0[at])
    }

    /// Takes somebody off it: their link leads nowhere from now on. False: they are not on it.
    pub fn revoke(&mut self, id: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|person| person.id() != id);
        self.0.len() < before
    }

    /// Whose invitation it is.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.0.iter().find(|person| person.id() == id)
    }

    /// Whose token it is. Takes as long for a wrong one as for a right one.
    pub fn holder(&self, token: &str) -> Option<&Person> {
        let mut found = None;
        for person in &self.0 {
            if is_same(person.token.as_bytes(), token.as_bytes()) {
                found = Some(person);
            }
        }
        found
    }

    /// Whose name it is: nobody else may use it, nor one that looks like it.
    pub fn owner(&self, name: &str) -> Option<&Person> {
        self.0.iter().find(|person| is_alike(&person.name, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invited(text: &str) -> Invited {
        Invited::parse(text).expect("valid")
    }

    fn roll() -> Roll {
        let mut roll = Roll::default();
        for (n, text) in ["李明", "Wang Fang:evaluator"].into_iter().enumerate() {
            roll.invite(&invited(text), || format!("{n:0>26}")).expect("there is room");
        }
        roll
    }

    #[test]
    fn a_token_is_one_person_with_one_role_until_it_is_revoked() {
        let mut roll = roll();
        let [li, wang] = [0, 1].map(|n| format!("{n:0>26}"));
        let holder = |roll: &Roll, token: &str| roll.holder(token).cloned();
        let known = holder(&roll, &li).expect("invited");
        assert_eq!((known.name(), known.role()), ("李明", Role::Operator));
        assert_eq!(holder(&roll, &wang).map(|it| it.role()), Some(Role::Evaluator));
        assert_eq!(holder(&roll, "").or(holder(&roll, &li[1..])), None);
        assert!(roll.revoke(&known.id()) && !roll.revoke(&known.id()));
        assert_eq!((holder(&roll, &li), roll.people().len()), (None, 1));
        // Invited again, they have another link.
        let again = roll.invite(&invited("李明"), || "x".repeat(26)).expect("there is room");
        assert_ne!(again.id(), known.id());
    }

    #[test]
    fn who_is_invited_twice_keeps_their_link_and_is_nothing_else_besides() {
        let mut roll = roll();
        let before = roll.clone();
        let same = roll.invite(&invited(" wang  FANG:evaluator"), String::new);
        assert_eq!(same.map(|it| it.token().to_owned()), Ok(format!("{:0>26}", 1)));
        let other = roll.invite(&invited("Wang Fang:instructor"), String::new).cloned();
        let why = NotInvited::Otherwise("Wang Fang".to_owned(), Role::Evaluator);
        assert_eq!((other, roll), (Err(why), before));
    }

    #[test]
    fn a_name_belongs_to_one_person_however_it_is_written() {
        let roll = roll();
        for name in ["李明", " wang fang", "WANG\u{3000}Fang"] {
            assert!(roll.owner(name).is_some(), "{name}");
        }
        assert!(roll.owner("Wang").or(roll.owner("")).is_none());
        for name in ["", "  ", "a\nb", "a\u{202e}b", "Li\u{200b}", &"x".repeat(NAME_MAX + 1)] {
            assert!(!is_name(name), "{name:?}");
            assert_eq!(Invited::parse(name), Err(NotInvited::Name), "{name:?}");
        }
        assert_eq!(Invited::parse("Li:king"), Err(NotInvited::Role("king".to_owned())));
        assert_eq!(Invited::parse("a:b:viewer"), Err(NotInvited::Name));
    }

    #[test]
    fn a_roll_comes_back_as_it_was_written_and_a_broken_one_not_at_all() {
        let roll = roll();
        assert_eq!(Roll::parse(&roll.to_text()), Some(roll.clone()));
        assert_eq!(Roll::parse(""), Some(Roll::default()));
        for broken in ["operator short Li\n", "king 00000000000000000000000000 Li\n", "x"] {
            assert_eq!(Roll::parse(&(roll.to_text() + broken)), None, "{broken}");
        }
    }

    #[test]
    fn it_holds_so_many_and_prints_no_token() {
        let mut roll = Roll::default();
        for n in 0..PEOPLE_MAX {
            let name = Invited { name: format!("p{n}"), role: Role::Operator };
            roll.invite(&name, || format!("{n:0>26}")).expect("there is room");
        }
        assert_eq!(roll.invite(&invited("one more"), String::new), Err(NotInvited::Full));
        let printed = format!("{roll:?}");
        assert!(printed.contains("p7") && !printed.contains("000"), "{printed}");
    }
}
