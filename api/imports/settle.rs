//! What a row came to.

use uuid::Uuid;

use super::job::Job;
use crate::kit::catalogue::Code;
use crate::kit::etag::IfMatch;
use crate::kit::problem::Problem;
use crate::kit::tree::Tree;
use crate::records::create::{Created, Outcome};
use crate::records::{amend, read};

impl Job {
    /// Counts an outcome. A record that is there with other content is left, or amended by the row.
    pub(super) async fn settle(&mut self, tree: &Tree, outcome: Outcome) -> Result<(), Problem> {
        match outcome {
            Ok(Created::New(record)) => {
                self.counts.created += 1;
                let number = record.envelope.change_no;
                let (first, last) = self.numbers.unwrap_or((number, number));
                self.numbers = Some((first.min(number), last.max(number)));
            }
            Ok(Created::Same(_)) => self.counts.same += 1,
            Ok(Created::Known(record, _))
                if record.envelope.revised_by == self.actor.user_id && record.envelope.revision > 1 =>
            {
                self.counts.revised += 1;
            }
            Ok(Created::Known(..)) => self.counts.same += 1,
            // Only checked: it would be new.
            Err(problem) if self.options.validate_only && problem.code() == Code::NotFound => self.counts.created += 1,
            Err(problem) if problem.code() == Code::RecordExists && self.options.revise => self.revise(tree).await?,
            Err(problem) if problem.code() == Code::RecordExists => self.counts.skipped += 1,
            Err(problem) => return Err(problem),
        }
        Ok(())
    }

    async fn revise(&mut self, tree: &Tree) -> Result<(), Problem> {
        let Some(Tree::Text(id)) = tree.member("id") else { return Err(Code::NotFound.into()) };
        let id = Uuid::try_parse(id).map_err(|_| Problem::new(Code::NotFound))?;
        let current = read::find(&self.service, &self.actor, self.kind, id).await?;
        if self.options.validate_only {
            self.counts.revised += 1;
            return Ok(());
        }
        let fixed = |name: &str| {
            let field = self.kind.body_fields().into_iter().find(|field| field.name == name);
            field.is_some_and(|field| {
                field.write != crate::kit::field::Write::Always
                    || matches!(field.shape, crate::kit::field::Shape::Inline(_))
            })
        };
        let patch = match tree {
            Tree::Object(members) => Tree::Object(members.iter().filter(|(name, _)| !fixed(name)).cloned().collect()),
            other => other.clone(),
        };
        let if_match = IfMatch::Any;
        let amended = amend::amend(&self.service, &self.actor, self.kind, id, &if_match, &patch).await?;
        match amended.envelope.revision == current.envelope.revision {
            true => self.counts.same += 1,
            false => self.counts.revised += 1,
        }
        Ok(())
    }
}
