//! Writing the appends of one district: what rules across rows admit of them, as few statements as can be, and what
//! each of them came to.

use std::collections::BTreeSet;

use chrono::DateTime;
use diesel_async::AsyncPgConnection;
use kit::engine::Engine;
use kit::row::Row;
use kit::statement::Statement;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::decision::{Decision, decide};
use super::flight::{self, Prepared, Step};
use super::merge::merge;
use super::{Append, AppendError, Families, Receipt, newcomers, presences, statement};

/// Outcome of an append: its receipt, or why rules refused it.
pub(super) type Outcome = Result<Receipt, AppendError>;

/// Outcomes in the order of the appends, and the newest number of the district where it took one.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub outcomes: Vec<Outcome>,
    pub last_no: Option<i64>,
}

/// Appends of a district, made into statements that need no answer in between.
pub(super) struct Plan {
    district_code: String,
    /// Statements in their order, with the transaction around them where there are several.
    pub steps: Vec<Step>,
    /// Count of numbers that the appends take, and after which answer that is told; likewise of what follows them.
    numbered: Vec<(usize, i64)>,
    /// Numbers of each append; none where it is refused.
    appends: Vec<Result<i64, AppendError>>,
}

impl Plan {
    /// Plans appends about which no rules are asked.
    pub(super) fn of(appends: &[&Append], families: &Families, engine: Engine) -> Self {
        let appends: Vec<(usize, &Append)> = appends.iter().copied().enumerate().collect();
        let mut plan = Self::decided(&appends, Decision::default(), families, engine);
        if plan.steps.len() > 1 {
            plan.steps.insert(0, Step::Begin);
            plan.steps.push(Step::Commit);
        }
        plan
    }

    fn decided(
        appends: &[(usize, &Append)],
        Decision { mut refused, following }: Decision,
        families: &Families,
        engine: Engine,
    ) -> Self {
        let district_code = district_of(appends);
        let admitted: Vec<&Append> =
            appends.iter().filter(|(index, _)| !refused.contains_key(index)).map(|(_, append)| *append).collect();
        let (beside, after) = part(&admitted, following);
        let mut plan = Self {
            district_code: district_code.to_owned(),
            steps: Vec::new(),
            numbered: Vec::new(),
            appends: appends
                .iter()
                .map(|(index, append)| refused.remove(index).map_or(Ok(append.numbers), Err))
                .collect(),
        };
        plan.write(merge(district_code, admitted.into_iter().chain(&beside)), families, engine);
        plan.write(merge(district_code, &after), families, engine);
        plan
    }

    /// Goes on with an append, if there is anything of it.
    fn write(&mut self, mut append: Append, families: &Families, engine: Engine) {
        if append.numbers == 0 {
            return;
        }
        let arrived = newcomers::take(&mut append, families);
        let digest = append.changes.iter().fold(Sha256::new(), |hash, change| hash.chain_update(change.digest));
        self.numbered.push((self.steps.len(), append.numbers));
        let written = statement::of_append(&append, &digest.finalize().into(), &arrived, engine);
        let settled = presences::settle(&append.district_code, &append.tallies, families, engine);
        self.steps.extend(written.into_iter().chain(settled).map(Step::run));
    }

    /// Reads what came of it.
    pub(super) fn read(self, answers: Vec<Vec<Row>>) -> Result<Written, AppendError> {
        let mut answers: Vec<Option<Row>> = answers.into_iter().map(|rows| rows.into_iter().next()).collect();
        let mut receipts = Vec::new();
        for (place, numbers) in &self.numbered {
            let row = answers.get_mut(*place).and_then(Option::take);
            let taken = row.and_then(|mut row| Some((row.integer("first_no")?, row.instant("at")?)));
            let (first_no, recorded_at) = taken.ok_or_else(|| AppendError::ClockMissing(self.district_code.clone()))?;
            receipts.push((Receipt { first_no, recorded_at }, first_no + numbers - 1));
        }
        // Only asked, and nothing follows: there is no number to tell.
        let nothing = Receipt { first_no: 0, recorded_at: DateTime::UNIX_EPOCH };
        let Receipt { mut first_no, recorded_at } = receipts.first().map_or(nothing, |(receipt, _)| *receipt);
        let outcomes = self.appends.into_iter().map(|append| {
            append.map(|numbers| {
                let receipt = Receipt { first_no, recorded_at };
                first_no += numbers;
                receipt
            })
        });
        Ok(Written { outcomes: outcomes.collect(), last_no: receipts.last().map(|(_, last_no)| *last_no) })
    }
}

/// The district of appends that share one.
fn district_of<'a>(appends: &[(usize, &'a Append)]) -> &'a str {
    appends.first().map_or("", |(_, append)| append.district_code.as_str())
}

/// Parts what follows into what may stand in one statement with the appends, and what revises a row of theirs.
fn part(admitted: &[&Append], following: Vec<Append>) -> (Vec<Append>, Vec<Append>) {
    let rows: BTreeSet<(&str, Uuid)> =
        admitted.iter().flat_map(|append| &append.changes).map(|change| (change.table.name, change.id)).collect();
    let meets = |append: &Append| append.changes.iter().any(|change| rows.contains(&(change.table.name, change.id)));
    following.into_iter().partition(|append| !meets(append))
}

/// Writes appends about which rules across rows are asked: under the lock of the district's clock, in one transaction.
pub(super) async fn decide_and_write(
    connection: &AsyncPgConnection,
    prepared: &mut Prepared,
    (families, engine): (&Families, Engine),
    appends: &[&Append],
) -> Result<Written, AppendError> {
    let appends: Vec<(usize, &Append)> = appends.iter().copied().enumerate().collect();
    let district_code = district_of(&appends);
    let lock = Statement::new("SELECT last_no FROM district_clocks WHERE district_code = ")
        .text(district_code)
        .sql(" FOR UPDATE");
    let locked = flight::send(connection, prepared, vec![Step::Begin, Step::run(lock)]).await?;
    let decision = if locked.iter().all(Vec::is_empty) {
        Err(AppendError::ClockMissing(district_code.to_owned()))
    } else {
        decide(&mut &*connection, district_code, &appends, engine).await
    };
    let decision = match decision {
        Ok(decision) => decision,
        Err(error) => {
            flight::undo(connection).await?;
            return Err(error);
        }
    };
    let mut plan = Plan::decided(&appends, decision, families, engine);
    plan.steps.push(Step::Commit);
    let answers = flight::send(connection, prepared, std::mem::take(&mut plan.steps)).await?;
    plan.read(answers)
}
