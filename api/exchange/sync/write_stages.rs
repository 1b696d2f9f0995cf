//! The order of a push. Items that have nothing to do with each other are written at once; one that names
//! what an earlier one wrote waits for it, and so does one that rules across rows judge beside an earlier one.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::item::Item;

/// Items being gathered to be written at once.
#[derive(Default)]
struct WriteStage {
    items: Vec<Item>,
    written: BTreeSet<Uuid>,
    /// Kind and operation of those that rules across rows judge. Creations of one kind stay in order when they
    /// are written together; nothing else does.
    judged: Option<(String, bool)>,
}

impl WriteStage {
    fn takes(&self, item: &Item, judged: Option<&(String, bool)>, is_kept: bool) -> bool {
        let named = item.mentioned().iter().any(|id| self.written.contains(id));
        let in_order = match (&self.judged, judged) {
            (Some(earlier), Some(item)) => earlier == item && item.1,
            _ => true,
        };
        // The void of a record that is kept while others name it waits for whatever may have named it.
        let waits = is_kept && item.op() == "void" && !self.items.is_empty();
        !named && in_order && !waits
    }

    fn push(&mut self, item: Item, judged: Option<(String, bool)>) {
        self.written.extend(item.brought());
        self.judged = self.judged.take().or(judged);
        self.items.push(item);
    }
}

/// The items in waves, each to be written before the next. Asks of a kind whether rules across rows judge it, and whether
/// it is kept while others name it.
pub fn write_stages(
    items: Vec<Item>,
    is_judged: impl Fn(&str) -> bool,
    is_kept: impl Fn(&str) -> bool,
) -> Vec<Vec<Item>> {
    let (mut write_stages, mut wave) = (Vec::new(), WriteStage::default());
    for item in items {
        let judged = is_judged(item.kind()).then(|| (item.kind().to_owned(), item.op() == "create"));
        if !wave.takes(&item, judged.as_ref(), is_kept(item.kind())) {
            write_stages.push(std::mem::take(&mut wave).items);
        }
        wave.push(item, judged);
    }
    write_stages.push(wave.items);
    write_stages
}
