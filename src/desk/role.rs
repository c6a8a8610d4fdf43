//! Who may do what at the desk, by a token that stands in the link.

use serde::{Deserialize, Serialize};

/// What somebody is at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks on.
    Viewer,
    /// Answers alarms.
    Operator,
    /// Leads an exercise.
    Instructor,
    /// Judges those who answer.
    Evaluator,
}

impl Role {
    /// As files and pages write them.
    pub const CHOICES: [(&'static str, Self); 4] = [
        ("viewer", Self::Viewer),
        ("operator", Self::Operator),
        ("instructor", Self::Instructor),
        ("evaluator", Self::Evaluator),
    ];

    /// As files and pages write it.
    pub fn name(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, role)| *role == self).map_or("", |(name, _)| name)
    }

    /// May it answer alarms?
    pub fn may_answer(self) -> bool {
        matches!(self, Self::Operator | Self::Instructor)
    }
}

/// The token of each role; whoever knows one is it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens([(Role, String); 4]);

impl Tokens {
    /// Shortest token: 20 of the characters of a space's name are 100 bits.
    pub const LEAST: usize = 20;

    /// Draws one for each role.
    pub fn draw(mut one: impl FnMut() -> String) -> Self {
        Self(Role::CHOICES.map(|(_, role)| (role, one())))
    }

    /// Reads what `to_text` wrote; none when a role is missing or its token is too short.
    pub fn parse(text: &str) -> Option<Self> {
        let of = |name: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(' '));
            let found = lines.map(|(known, token)| (known, token.trim())).find(|it| it.0 == name);
            found.map(|(_, token)| token.to_owned()).filter(|token| token.len() >= Self::LEAST)
        };
        let tokens = Role::CHOICES.map(|(name, role)| (role, of(name).unwrap_or_default()));
        tokens.iter().all(|(_, token)| !token.is_empty()).then_some(Self(tokens))
    }

    /// A line for each role: its name and its token.
    pub fn to_text(&self) -> String {
        let lines = self.0.iter().map(|(role, token)| format!("{} {token}", role.name()));
        lines.chain([String::new()]).collect::<Vec<_>>().join("\n")
    }

    /// The token of a role.
    pub fn of(&self, role: Role) -> &str {
        self.0.iter().find(|(known, _)| *known == role).map_or("", |(_, token)| token)
    }

    /// Whose token it is; none: nobody's. Takes as long for a wrong one as for a right one.
    pub fn role(&self, token: &str) -> Option<Role> {
        let mut found = None;
        for (role, known) in &self.0 {
            if is_same(known.as_bytes(), token.as_bytes()) {
                found = Some(*role);
            }
        }
        found
    }
}

/// Are they the same? Takes as long for others of the same length.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differs = one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b));
    one.len() == other.len() && differs == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        let mut n = 0;
        Tokens::draw(|| {
            n += 1;
            format!("{n:0>26}")
        })
    }

    #[test]
    fn each_token_is_one_role_and_no_other_text_is_any() {
        let tokens = tokens();
        for (_, role) in Role::CHOICES {
            assert_eq!(tokens.role(tokens.of(role)), Some(role));
        }
        assert_eq!(tokens.role(""), None);
        assert_eq!(tokens.role(&tokens.of(Role::Viewer)[1..]), None);
    }

    #[test]
    fn tokens_come_back_as_they_were_written_and_broken_ones_not_at_all() {
        let tokens = tokens();
        assert_eq!(Tokens::parse(&tokens.to_text()), Some(tokens.clone()));
        assert_eq!(Tokens::parse(""), None);
        let short = tokens.to_text().replace(tokens.of(Role::Operator), "short");
        assert_eq!(Tokens::parse(&short), None);
    }

    #[test]
    fn operators_and_instructors_answer_and_others_look_on() {
        let may = Role::CHOICES.map(|(_, role)| role.may_answer());
        assert_eq!(may, [false, true, true, false]);
    }
}
