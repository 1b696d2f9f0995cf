//! Looking for something in one district after another where one of their databases may be away.

use kit::catalogue::Code;
use kit::engine::Engine;
use kit::problem::Problem;

use crate::platform::core::Core;

/// Whether a district couldn't be asked. What is found in another one is found all the same; only where nothing is found
/// does it matter that one didn't answer.
#[derive(Debug)]
pub struct Away {
    engine: Engine,
    missed: Option<Problem>,
}

impl Away {
    /// None so far. On one server all districts are away together: the first tells it.
    pub fn new(core: &Core) -> Self {
        Self::on(core.database.engine())
    }

    fn on(engine: Engine) -> Self {
        Self { engine, missed: None }
    }

    /// The answer of a district; none where its database is away, which is kept in mind.
    ///
    /// # Errors
    /// Whatever else went wrong.
    pub fn pass<T>(&mut self, answer: Result<T, impl Into<Problem>>) -> Result<Option<T>, Problem> {
        match answer.map_err(Into::into) {
            Ok(answer) => Ok(Some(answer)),
            Err(problem) if problem.code() == Code::UNAVAILABLE && self.engine != Engine::OneServer => {
                self.missed = Some(problem);
                Ok(None)
            }
            Err(problem) => Err(problem),
        }
    }

    /// Nothing was found in those that answered.
    ///
    /// # Errors
    /// 503 where one didn't: it may be there.
    pub fn none_missed(self) -> Result<(), Problem> {
        self.missed.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_district_that_is_away_matters_only_where_nothing_is_found() {
        let unavailable = || Err::<i32, _>(Problem::unavailable(Code::UNAVAILABLE, 2, "away"));
        let several = Engine::SeveralServers { walled: false };
        let mut away = Away::on(several);
        assert_eq!(away.pass(Ok::<_, Problem>(7)).unwrap(), Some(7));
        assert_eq!(away.pass(unavailable()).unwrap(), None);
        assert_eq!(away.none_missed().unwrap_err().code(), Code::UNAVAILABLE);
        assert!(Away::on(several).pass(Err::<i32, _>(Problem::internal("defect"))).is_err());
        Away::on(several).none_missed().unwrap();
        assert!(Away::on(Engine::OneServer).pass(unavailable()).is_err(), "there all are away");
    }
}
