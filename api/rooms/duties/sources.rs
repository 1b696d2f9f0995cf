//! Sources of duties: what each theme expects of whom. A theme that brings a duty declares it in its own folder and
//! stands here with one line.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use kit::problem::Problem;
use ledger::decide::Claim;
use uuid::Uuid;

use super::kinds::DutyKind;
use super::wire::{DutyLine, SUBJECT_ID};
use crate::platform::core::Core;
use crate::records::write_context::WriteContext;
use crate::records::{Kind, Record};
use crate::rooms::checkpoints;
use crate::rooms::communities;
use crate::rooms::compounds;
use crate::rooms::households;
use crate::rooms::justice;
use crate::rooms::observation;
use crate::rooms::registers;
use crate::rooms::reporting;
use crate::rooms::supervision;
use crate::rooms::supply;
use crate::rooms::venues;
use crate::rooms::volunteers;

/// Every source. The worker goes through them in this order.
pub const SOURCES: &[&DutySource] = &[
    &observation::DUTY_SOURCE,
    &checkpoints::DUTY_SOURCE,
    &supply::DUTY_SOURCE,
    &volunteers::DUTY_SOURCE,
    &registers::DUTY_SOURCE,
    &households::DUTY_SOURCE,
    &compounds::DUTY_SOURCE,
    &venues::DUTY_SOURCE,
    &supervision::DUTY_SOURCE,
    &communities::DUTY_SOURCE,
    &justice::DUTY_SOURCE,
    &reporting::DUTY_SOURCE,
];

/// Number of kinds of all sources.
pub const COUNT: usize = {
    let (mut rest, mut count) = (SOURCES, 0);
    while let [source, others @ ..] = rest {
        count += source.kinds.len();
        rest = others;
    }
    count
};

/// A theme's part in the duties.
pub struct DutySource {
    /// Kinds of duties that it declares.
    pub kinds: &'static [DutyKind],
    /// Those of them that a fever asks for: whoever answers for one is told at once.
    pub fevers: &'static [DutyKind],
    /// Step that plans ahead in a district.
    pub plan: Option<Step>,
    /// Step that asks for more after others' duties were found missed.
    pub after_missed: Option<Step>,
    /// How it is known who answers for what its duties are about.
    pub answerers: Option<Answerers>,
    /// Accounts of the lines of its duties where they are looked up by area and not by subject: by duty and line.
    pub accounts: Option<AccountsOf>,
}

/// A step of the worker in a district of which the code is given. Twice does no harm.
pub type Step = for<'a> fn(&'a Core, &'a str) -> BoxFuture<'a, Result<(), Problem>>;

/// Accounts that answer for what duties are about, by subject, or by the duty itself, and line.
pub type Accounts = BTreeMap<(Uuid, DutyLine), Uuid>;

/// Looks up accounts in a district, of the subjects that duties are about.
pub type AccountsOf = for<'a> fn(&'a Core, &'a str, &'a [Record]) -> BoxFuture<'a, Result<Accounts, Problem>>;

/// Those who answer for subjects of a kind: supervisors of a case.
pub struct Answerers {
    /// Kind of the subjects.
    pub subject: &'static Kind,
    /// Active accounts by subject and line, of the subjects that the duties are about.
    pub accounts: AccountsOf,
    /// Asks under the lock to give the duties about a subject to who answers for them now; `by` is whose doing it is.
    pub give_on: fn(&Arc<WriteContext>, subject_id: Uuid, by: Uuid) -> Claim,
}

impl DutySource {
    /// A source that has nothing yet.
    pub const NOTHING: Self =
        Self { kinds: &[], fevers: &[], plan: None, after_missed: None, answerers: None, accounts: None };
}

/// Whether a fever asks for duties of a kind.
pub fn is_of_fever(kind: DutyKind) -> bool {
    SOURCES.iter().any(|source| source.fevers.contains(&kind))
}

/// All who answer for subjects.
pub fn answerers() -> impl Iterator<Item = &'static Answerers> {
    SOURCES.iter().filter_map(|source| source.answerers.as_ref())
}

/// Accounts that answer for what duties are about, whichever theme knows them.
pub async fn accounts(core: &Core, district_code: &str, duties: &[Record]) -> Result<Accounts, Problem> {
    let mut all = Accounts::new();
    for answerers in answerers() {
        all.extend((answerers.accounts)(core, district_code, duties).await?);
    }
    for accounts in SOURCES.iter().filter_map(|source| source.accounts) {
        all.extend(accounts(core, district_code, duties).await?);
    }
    Ok(all)
}

/// The account of a line of a duty.
pub fn account(accounts: &Accounts, duty: &Record, line: DutyLine) -> Option<Uuid> {
    let own = accounts.get(&(duty.envelope.id, line));
    own.or_else(|| accounts.get(&(duty.values.get(&SUBJECT_ID)?, line))).copied()
}
