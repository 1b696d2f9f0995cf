//! Statements of one district, told so in each of their parts.
//!
//! `d.district_code = r.district_code` says all there is to say to one server, where `r` is of one district. An engine
//! that spreads districts over several asks all of them what a sub-select asks for in such words, and refuses some: it
//! wants the district itself. So what a statement binds for one name is put in the place of that name's column wherever
//! another one is compared with it.

use std::collections::BTreeMap;

use super::engine::Engine;
use super::statement::{Bind, Piece, Statement};

/// A name of rows, a point and the column.
const COLUMN: &str = ".district_code";
/// The column compared with what follows.
const EQUALS: &str = ".district_code = ";

/// Districts that names of rows are bound to; none for a name that is bound to different districts.
#[derive(Default)]
struct Bound(BTreeMap<String, Option<String>>);

impl Bound {
    fn note(&mut self, name: &str, district_code: &str) {
        let of_name = self.0.entry(name.to_owned()).or_insert_with(|| Some(district_code.to_owned()));
        if of_name.as_deref() != Some(district_code) {
            *of_name = None;
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_deref()
    }
}

impl Statement {
    /// The statement as an engine takes it best.
    pub fn on(self, engine: Engine) -> Self {
        match engine {
            Engine::OneServer => self,
            Engine::SeveralServers { .. } => self.pinned(),
        }
    }

    fn pinned(mut self) -> Self {
        let mut bound = Bound::default();
        for (piece, next) in self.pieces.iter().zip(self.pieces.iter().skip(1)) {
            if let (Piece::Sql(sql), Piece::Bind(bind)) = (piece, next)
                && let Bind::Text(Some(district_code)) = &**bind
                && let Some(before) = sql.strip_suffix(EQUALS)
            {
                bound.note(last_name(before), district_code);
            }
        }
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for piece in self.pieces {
            match piece {
                Piece::Sql(sql) => pin(&sql, &mut bound, &mut pieces),
                Piece::Bind(_) => pieces.push(piece),
            }
        }
        self.pieces = pieces;
        self
    }
}

/// Takes a text apart at the columns whose values are known.
fn pin(sql: &str, bound: &mut Bound, pieces: &mut Vec<Piece>) {
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once(EQUALS) {
        let (left, right) = (last_name(before), first_name(after));
        let compared = after.strip_prefix(right).and_then(|behind| behind.strip_prefix(COLUMN));
        let of_right = bound.get(right).map(str::to_owned);
        let of_left = bound.get(left).map(str::to_owned);
        match (compared.filter(|behind| first_name(behind).is_empty()), of_right, of_left) {
            (Some(behind), Some(district_code), _) => {
                bound.note(left, &district_code);
                pieces.push(Piece::Sql(format!("{before}{EQUALS}")));
                pieces.push(Piece::Bind(Box::new(Bind::Text(Some(district_code)))));
                rest = behind;
            }
            // A name may be used again within, for other rows: both sides are told.
            (Some(behind), None, Some(district_code)) => {
                bound.note(right, &district_code);
                pieces.push(Piece::Sql(format!("{before}{EQUALS}")));
                pieces.push(Piece::Bind(Box::new(Bind::Text(Some(district_code.clone())))));
                pieces.push(Piece::Sql(format!(" AND {right}{EQUALS}")));
                pieces.push(Piece::Bind(Box::new(Bind::Text(Some(district_code)))));
                rest = behind;
            }
            _ => {
                pieces.push(Piece::Sql(format!("{before}{EQUALS}")));
                rest = after;
            }
        }
    }
    pieces.push(Piece::Sql(rest.to_owned()));
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn last_name(text: &str) -> &str {
    text.rfind(|letter| !is_of_name(letter))
        .map_or(text, |end| text.get(end..).unwrap_or_default().trim_start_matches(|letter| !is_of_name(letter)))
}

fn first_name(text: &str) -> &str {
    text.split(|letter| !is_of_name(letter)).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text, its values in their places.
    fn told(statement: &Statement) -> String {
        let told = |piece: &Piece| match piece {
            Piece::Sql(sql) => sql.clone(),
            Piece::Bind(bind) => match &**bind {
                Bind::Text(Some(text)) => format!("'{text}'"),
                _ => "?".to_owned(),
            },
        };
        statement.pieces.iter().map(told).collect()
    }

    fn on_several(statement: &Statement) -> String {
        told(&statement.clone().on(Engine::SeveralServers { walled: false }))
    }

    #[test]
    fn what_is_compared_with_a_row_of_one_district_names_the_district() {
        let statement = Statement::new("SELECT (SELECT max(d.at) FROM duties AS d WHERE d.district_code = c.district_code AND EXISTS (SELECT FROM places AS p WHERE p.district_code = d.district_code)) FROM cases AS c WHERE c.district_code = ")
            .text("511802")
            .sql(" AND c.state = ")
            .text("open");
        assert_eq!(
            on_several(&statement),
            "SELECT (SELECT max(d.at) FROM duties AS d WHERE d.district_code = '511802' AND EXISTS (SELECT FROM places AS p WHERE p.district_code = '511802')) FROM cases AS c WHERE c.district_code = '511802' AND c.state = 'open'"
        );
        assert_eq!(told(&statement.clone().on(Engine::OneServer)), told(&statement), "one server needs none of it");
    }

    #[test]
    fn the_other_side_is_named_as_well() {
        let joined = Statement::new("SELECT * FROM a JOIN b ON a.district_code = b.district_code, c WHERE c.x = b.district_code_of AND a.district_code = ").text("511802");
        assert_eq!(
            on_several(&joined),
            "SELECT * FROM a JOIN b ON a.district_code = '511802' AND b.district_code = '511802', c WHERE c.x = b.district_code_of AND a.district_code = '511802'"
        );
    }

    #[test]
    fn a_name_of_several_districts_or_none_stays() {
        let several = Statement::new("SELECT * FROM a WHERE (s.district_code = ")
            .text("511802")
            .sql(" OR s.district_code = ")
            .text("511803")
            .sql(") AND a.district_code = s.district_code");
        assert_eq!(on_several(&several), told(&several));
        let none = Statement::new("SELECT * FROM a JOIN b ON a.district_code = b.district_code WHERE district_code = ")
            .text("511802");
        assert_eq!(on_several(&none), told(&none));
    }
}
