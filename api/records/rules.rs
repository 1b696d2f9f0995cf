//! Rules that each kind decides itself.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use kit::catalogue::Code;
use kit::faults::{Fault, Faults};
use kit::field::Field;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::tree::Tree;
use kit::value::Value;
use ledger::Projection;
use ledger::decide::Decider;
use uuid::Uuid;

use super::conditions::Condition;
use super::context::Context;
use super::draft::Draft;
use super::envelope::Envelope;
use super::figure::Figure;
use super::in_use::NamedElsewhere;
use super::include::Beside;
use super::record::Record;
use super::scope::Follows;
use super::sheet_rows::{Book, SheetRow};
use super::warnings::Warning;
use super::wide::Wide;
use super::write_context::WriteContext;
use crate::platform::access::roles::{Actor, Role};
use crate::platform::privacy::blind::Indexer;
use crate::platform::privacy::keys::Keys;

/// Name and amount of something counted: units in the name (`disinfected_dm2`), integers only.
pub type Measure = (&'static str, i64);

/// An area and an organisation in it.
pub type Stood = (String, Option<Uuid>);

/// Measure that a record adds at another time than its own.
pub struct Move {
    /// Instant at which it is added.
    pub at: DateTime<Utc>,
    /// Measure added.
    pub measure: Measure,
    /// Area and organisation to which it is added; none for those of the record.
    pub stood: Option<Stood>,
}

/// A list of objects that are told apart by one of their members.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// The field that is the list.
    pub list: &'static str,
    /// The member of its items that no two share.
    pub key: &'static str,
}

/// A count of the work logs of those who write records of a kind.
#[derive(Debug)]
pub struct Logged {
    /// The count's name in a log: several kinds may add to one.
    pub counted: &'static str,
    /// By how much a row `r` of the kind adds to it, as SQL.
    pub amount: &'static str,
}

impl Logged {
    /// Each record counts once.
    pub const fn each(counted: &'static str) -> Self {
        Self { counted, amount: "1" }
    }
}

/// The fields by which a record names the one that it belongs to. Both are given at creation and stay.
#[derive(Debug)]
pub struct Belongs {
    /// The field that holds the kind's name.
    pub kind: &'static str,
    /// The field that holds the id.
    pub id: &'static str,
    /// The field in which the server keeps the case to which that record belongs, if to one.
    pub case: &'static str,
}

/// Whether a record is meant by what happened then, in a zone.
pub type Covers = fn(&Record, DateTime<Utc>, Tz) -> bool;

/// How people tell a record that another one names.
pub struct Told {
    /// Fields by which they do: a reference to somebody, or all of several.
    pub by: &'static [&'static str],
    /// Whether a record is meant by what happened then, of kinds of which somebody may have had several.
    pub at: Option<Covers>,
}

/// Which records a role sees, beside area and organisation.
#[derive(Clone, Copy, Debug)]
pub enum Narrowed {
    /// Those of which the caller himself is the assignee.
    Assigned,
    /// Those that a theme's own condition says.
    By(&'static Narrowing),
    /// Records that the caller himself wrote, unless his grant is of an organisation: that one's are his own.
    Recorded,
}

/// How a kind keeps who somebody or which something is, where that is the server's to derive: one may be known by several
/// ids.
#[derive(Debug)]
pub struct Identity {
    /// Column of the ids that clients gave to one whose id was derived.
    pub aliases: &'static str,
    /// Column that leads to the record of the same one, where two were found to be.
    pub merged_into: &'static str,
    /// Warning of a stored value that differs from what was submitted later; it stays, whatever is amended.
    pub differs: &'static Warning,
    /// How asking after one is noted, for the one kind whose records are people.
    pub watched: Option<&'static Watched>,
}

/// How it is noted that somebody asked who is known.
#[derive(Debug)]
pub struct Watched {
    /// Verb of a look-up: whoever did it may name him for a day, wherever he stands.
    pub looked_up: &'static str,
    /// Verb of a dry run.
    pub dry_run: &'static str,
}

/// Records of its area that a role sees, where it is a theme that says which.
#[derive(Debug)]
pub struct Narrowing {
    /// Which these are, for the page of roles.
    pub label: Text,
    /// ` AND` the row of that name is one of them.
    pub condition: fn(Statement, &str, &Actor) -> Statement,
}

/// Decisions of a kind. Pure: no IO; the time and the keys come in the context.
pub trait Rules: Sync {
    /// Checks across fields and of forms that a shape can't say. Values that were faulty are absent;
    /// ask `faults.touches` before calling something missing. May normalise values.
    fn check(&self, _draft: &mut Draft, _context: &Context<'_>, _faults: &mut Faults) {}

    /// How each record says to which other one it belongs, where that may be of any of several kinds
    /// ([`Kind::subjects`](super::Kind::subjects)): it stands where that one does and is seen by whoever sees that one.
    fn belongs_to(&self) -> Option<&'static Belongs> {
        None
    }

    /// References of the referenced records that its rules must follow: pairs of a reference of its own and one of the
    /// record it names. Records found stand among the references under the name of the latter, whoever may see them.
    fn through(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Checks that need the records which the references name (`draft.references`).
    fn check_references(&self, _draft: &mut Draft, _context: &Context<'_>, _faults: &mut Faults) {}

    /// How it keeps which one a record is, where the server derives that: people, households.
    fn identity(&self) -> Option<&'static Identity> {
        None
    }

    /// The id that the record's content gives it, where identity is the server's to derive.
    fn identify(&self, _draft: &Draft, _context: &Context<'_>) -> Option<Uuid> {
        None
    }

    /// Whether a known record under the derived id is what the draft tells of. Where it isn't, as a household that moved
    /// away from its door, the draft's own id follows from that one.
    fn is_same(&self, _known: &Record, _draft: &Draft, _context: &Context<'_>) -> bool {
        true
    }

    /// Query for facts of earlier records that rules need before these drafts of a district are judged.
    fn recollection(&self, _drafts: &[&Draft], _context: &Context<'_>) -> Option<Statement> {
        None
    }

    /// Notes in the drafts (`draft.recalled`) what those rows say of them.
    fn recollect(&self, _drafts: &mut [&mut Draft], _rows: Vec<Row>, _context: &Context<'_>) {}

    /// Sets the fields that the server adds, and notes warnings. Runs again after each amendment.
    fn judge(&self, _draft: &mut Draft, _context: &Context<'_>) {}

    /// Whether it stands from the moment it is known, as registers and plans do, whenever what it tells of happens.
    fn stands_when_known(&self) -> bool {
        false
    }

    /// Whether its rules across rows must admit what lies ahead, too: two of a kind can't stand even then. They are told
    /// by the value `awaited`, and let nothing follow.
    fn admits_awaited(&self) -> bool {
        false
    }

    /// When all that a record tells has happened; before that it proves and counts as nothing.
    fn happens_at(&self, draft: &Draft, _context: &Context<'_>) -> Option<DateTime<Utc>> {
        draft.values.instant("occurred_at")
    }

    /// Members (dotted names; of several with `|` between them the first that is there) that make two rows of a file
    /// the same record where they have no id. Somebody given inline stands under the name of his id. The whole row
    /// where none is named, or where one is empty.
    fn natural_key(&self) -> &'static [&'static str] {
        &[]
    }

    /// Columns that only sheets have: they say in one place what a form asks for in several, or what is but compared.
    fn sheet_fields(&self) -> &'static [Field] {
        &[]
    }

    /// Puts what a sheet says into the members that mean it: one column may say two things.
    fn tidy_sheet(&self, _row: &mut SheetRow<'_>) {}

    /// Form of sheets of it whose rows share a record, where there are any.
    fn book(&self) -> Option<&'static Book> {
        None
    }

    /// Its list whose items are told apart by one member: files may give an item a row, and phones that changed
    /// different items don't clash.
    fn lines(&self) -> Option<Lines> {
        None
    }

    /// Items of one of its lists as a cell tells them in words (`大米10斤、口罩5个`), on a day; what can't be read stays text.
    /// None where the list isn't told so.
    fn items_in_words(&self, _list: &str, _text: &str, _on: NaiveDate) -> Option<Vec<Tree>> {
        None
    }

    /// How people tell a record of it that another one names, where it has no name of its own.
    fn told(&self) -> Option<&'static Told> {
        None
    }

    /// How people keep it in sheets with a column for each day or thing, where they do.
    fn wide(&self) -> Option<&'static Wide> {
        None
    }

    /// Whether its records are words of an open vocabulary: then its rules ask for those that there are.
    fn defines_words(&self) -> bool {
        false
    }

    /// Fields that say something of another one's value, each after that one: where an amendment gives the one anew,
    /// what stood of the other doesn't hold any more.
    fn companions(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Rows kept beside each record, for reading.
    fn projection(&self) -> Option<&'static Projection> {
        None
    }

    /// Columns of blind indexes, in the table beside the fields.
    fn blind_columns(&self) -> &'static [&'static str] {
        &[]
    }

    /// The blind indexes' values with a key, one a column. Those of a kind whose figures tell things apart by them
    /// ([`Self::counted_as`]) are made by [`Indexer::index_apart`].
    fn blind_values(&self, _record: &Record, _keys: &Keys, _indexer: &Indexer) -> Vec<Value> {
        Vec::new()
    }

    /// Values that a purge leaves in the columns of the blind indexes so that figures go on counting what was sealed,
    /// where the kind has such figures: nobody finds anything by them. None where the columns are emptied.
    fn counted_as(&self) -> Option<fn(&Record, &Keys) -> Vec<Value>> {
        None
    }

    /// The rules across rows that a change must pass, where there are any: then it takes the decide path.
    fn decider(
        &self,
        _former: Option<&Record>,
        _next: &Record,
        _scribe: &Arc<WriteContext>,
    ) -> Option<Arc<dyn Decider>> {
        None
    }

    /// Further rules across rows, asked after its own decider: what else follows from a change. Most refuse nothing; a
    /// kind whose followers do, as the stock that its items come out of, says so by `judged_across_rows`.
    fn followers(
        &self,
        _former: Option<&Record>,
        _next: &Record,
        _scribe: &Arc<WriteContext>,
    ) -> Vec<Arc<dyn Decider>> {
        Vec::new()
    }

    /// Whether there are rules that refuse: what a phone hands in of these kinds is taken one after the other.
    fn judged_across_rows(&self) -> bool {
        false
    }

    /// Problems that a creation or restoration may be answered with where rules across rows refuse it, beside a fault of
    /// content ([`FaultDescription::answered_with`](kit::catalogue::FaultDescription::answered_with)).
    fn conflicts(&self) -> &'static [Code] {
        &[]
    }

    /// Gives way where rules across rows refused a creation, so that it can be taken after all: `true` where
    /// the draft was changed. What is written already gives way only by a warning.
    fn relax_on_conflict(&self, _draft: &mut Draft, _faults: &[Fault]) -> bool {
        false
    }

    /// Whether what came this way gives way at all: a phone can't be asked again, a form on a screen can.
    fn relaxes_for(&self, _source: &str) -> bool {
        true
    }

    /// Which records of its area a role sees, where that is fewer than all.
    fn narrowed(&self, _role: Role) -> Option<Narrowed> {
        None
    }

    /// Whether whoever answers for what a record is about is told plainly who that is.
    fn plain_to_assignee(&self) -> bool {
        false
    }

    /// How a record is told beside others that name it.
    fn beside(&self) -> Option<&'static Beside> {
        None
    }

    /// Whether phones carry only those of their own area, of a kind that everybody of the district may name.
    fn pulled_by_area(&self) -> bool {
        false
    }

    /// The column that names the place a record is about, for whoever watches that place.
    fn place_column(&self) -> Option<&'static str> {
        None
    }

    /// The field that names another organisation whose people read a record as if it were their own.
    fn shared_with(&self) -> Option<&'static str> {
        None
    }

    /// Takes a creation although rules across rows refused it for what this caller can't read: `true` where the draft
    /// was changed so that it is taken. What he can't read must not decide what he is told.
    fn overlook(&self, _actor: &Actor, _draft: &mut Draft, _faults: &[Fault]) -> bool {
        false
    }

    /// Roles that may write this very draft, where they are fewer than those that write the kind.
    fn writers(&self, _draft: &Draft) -> Option<&'static [Role]> {
        None
    }

    /// Roles that may void records of the kind and restore them, where they are fewer than those that write it.
    fn voiders(&self) -> Option<&'static [Role]> {
        None
    }

    /// Roles that may void this very record: those that may void any, else those that may write it.
    fn voiders_of(&self, record: &Draft) -> Option<&'static [Role]> {
        self.voiders().or_else(|| self.writers(record))
    }

    /// Roles that take it back by undoing the import that made it: those that may void it, unless said otherwise.
    fn undoers(&self, record: &Draft) -> Option<&'static [Role]> {
        self.voiders_of(record)
    }

    /// Whether it judges others: then nobody writes it for somebody whom bureaus supervise.
    fn judges_others(&self) -> bool {
        false
    }

    /// Whether this very caller may write this draft, beyond his roles.
    fn permits(&self, _actor: &Actor, _draft: &Draft) -> bool {
        true
    }

    /// Measures that a record adds to the rollups of its day, area and place.
    fn measures(&self, _record: &Record) -> Vec<Measure> {
        Vec::new()
    }

    /// Measures that it adds or takes away at other times than its own, at each of its steps.
    fn moves(&self, _record: &Record) -> Vec<Move> {
        Vec::new()
    }

    /// Parameters of its list that are no column's.
    fn conditions(&self) -> &'static [Condition] {
        &[]
    }

    /// A column of which a past state can be listed by.
    fn stood_on(&self) -> Option<&'static StoodOn> {
        None
    }

    /// Parameters by which its figures can be narrowed: those are counted from the rows themselves, within bounds.
    fn narrowed_by(&self) -> &'static [Condition] {
        &[]
    }

    /// How a field that is counted from other records ([`Field::counted`]) is read beside a row `r`, as SQL.
    fn counted(&self, _field: &str) -> String {
        "NULL::bigint".to_owned()
    }

    /// Things that a record counts once beside people, however many records name them: figure and id of each.
    fn distinct(&self, _record: &Record, _keys: &Keys) -> Vec<(&'static str, Uuid)> {
        Vec::new()
    }

    /// The same of a row `r` as SQL, by the name of the figure; NULL where the row names none.
    fn distinct_rows(&self, _figure: &str) -> &'static str {
        "NULL"
    }

    /// Whether its records move from area to area and leave their past behind.
    fn moves_on(&self) -> bool {
        false
    }

    /// Where a record stood and counted at an instant, for kinds whose records move on and leave their past behind; none for
    /// where it stands.
    fn stood_at(&self, _record: &Record, _at: DateTime<Utc>) -> Option<Stood> {
        None
    }

    /// Where else than where a record stands somebody is answerable for it, for a while: what belongs to it may be
    /// recorded there too.
    fn stands_too(&self, _record: &Record) -> Vec<Stood> {
        Vec::new()
    }

    /// An amendment moves the record from where it stood; the draft's values have the new area already.
    fn moved(&self, _draft: &mut Draft, _former: &Envelope, _context: &Context<'_>) {}

    /// How the kind follows cases of isolation, where it does.
    fn follows(&self) -> Option<Follows> {
        None
    }

    /// Figures that show its measures; kinds without any have none of their own.
    fn figures(&self) -> &'static [Figure] {
        &[]
    }

    /// Counts in its author's work log to which a record of it adds, where it is a piece of work.
    fn logged(&self) -> &'static [Logged] {
        &[]
    }

    /// Roles that are told its figures, where some that read its records see but a part of them.
    fn figure_readers(&self) -> Option<&'static [Role]> {
        None
    }

    /// Whether it is kept while others name it: an entry of a register isn't voided while records that stand name it.
    fn stays_while_named(&self) -> bool {
        false
    }

    /// Further sources that name its entries, beside references of records.
    fn named_elsewhere(&self) -> &'static [NamedElsewhere] {
        &[]
    }

    /// The person a record counts, for kinds that count distinct persons beside events.
    fn person(&self, _record: &Record) -> Option<Uuid> {
        None
    }

    /// The same of a row `r` as SQL, for kinds that count distinct persons.
    fn person_rows(&self) -> &'static str {
        "r.person_id"
    }

    /// The record that this one leads to, being the same person.
    fn pointer(&self, _record: &Record) -> Option<Uuid> {
        None
    }

    /// For kinds with derived ids: what a known record gains from what this caller submitted once more.
    /// `None` where there is nothing new.
    fn reconcile(&self, _known: &Record, _draft: &mut Draft, _: &Context<'_>, _actor: &Actor) -> Option<Record> {
        None
    }
}

/// How records are listed by what a column said at the end of a day.
pub struct StoodOn {
    /// The column.
    pub column: &'static str,
    /// The parameter that names the day.
    pub parameter: &'static Field,
    /// ` AND` record `r` stood so before an instant; of no word, that it had none.
    pub condition: fn(Statement, Option<&str>, DateTime<Utc>) -> Statement,
}

/// A kind whose identity and checks are those of its fields alone.
pub struct NoRules;

impl Rules for NoRules {}
