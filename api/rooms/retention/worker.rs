//! The worker that purges: what was ordered, and what policies say. Of any number of processes one at a time: a lease says
//! which. Only a process that has the owner's connection takes it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, Weak};
use std::time::Duration;

use chrono::NaiveDate;
use kit::problem::Problem;
use uuid::Uuid;

use super::retention_policies::{InForce, all_in_force};
use crate::integrity::owner::OwnerAddress;
use crate::integrity::purge::{self, Certificate, Order};
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::platform::divisions::each::in_each;
use crate::platform::leases::under_lease;

/// Name of the worker, and of its lease.
pub const NAME: &str = "purges";
/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(10);

/// Policies as they were carried out last: by district and kind, which one and before which day.
#[derive(Default)]
struct Kept(Mutex<BTreeMap<(String, String), (Uuid, NaiveDate)>>);

impl Extension for Kept {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Kept {
    fn is_done(&self, policy: &InForce) -> bool {
        let done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = done.get(&(policy.district_code.clone(), policy.kind.clone()));
        last == Some(&(policy.id, policy.before_on))
    }

    fn note(&self, policy: &InForce) {
        let mut done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        done.insert((policy.district_code.clone(), policy.kind.clone()), (policy.id, policy.before_on));
    }
}

/// Works until the service ends.
pub async fn work(core: Weak<Core>) {
    let holder = Uuid::new_v4();
    while let Some(core) = core.upgrade() {
        if let Err(problem) = work_once(&core, holder).await {
            tracing::warn!(%problem, "what was to be purged isn't; tried again in a moment");
        }
        drop(core);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn work_once(core: &Core, holder: Uuid) -> Result<(), Problem> {
    match core.ext::<OwnerAddress>().of_owner().await? {
        Some(_) => under_lease(core, NAME, holder, look_after(core)).await,
        None => tell_of_waiting(core).await,
    }
}

/// Says once that something waits for whoever has the owner's connection.
async fn tell_of_waiting(core: &Core) -> Result<(), Problem> {
    let waits = !purge::waiting(core).await?.is_empty() || !all_in_force(core).await?.is_empty();
    if waits && core.ext::<OwnerAddress>().is_first_warning() {
        tracing::warn!(
            "purges wait: this process signs in to the database as somebody else than the owner of its tables; \
             run `lianfang purge --ordered` as the owner"
        );
    }
    Ok(())
}

/// Carries out what was ordered and what policies in force say, whoever holds the lease: twice does no harm. A district whose
/// database is away stops no other.
///
/// # Errors
/// One of those that befell a district, once all were looked after.
pub async fn look_after(core: &Core) -> Result<(), Problem> {
    let Some(url) = core.ext::<OwnerAddress>().of_owner().await? else { return Ok(()) };
    let (ordered, policies) = (purge::waiting(core).await?, all_in_force(core).await?);
    let (ordered, policies) = (&ordered, &policies);
    in_each(core, |district_code| async move {
        let due = |policy: &&InForce| policy.district_code == district_code && !core.ext::<Kept>().is_done(policy);
        let due: Vec<&InForce> = policies.iter().filter(due).collect();
        if !ordered.contains(&district_code) && due.is_empty() {
            return Ok(());
        }
        in_district(core, url, &district_code, &due, &mut |_, _| {}).await.map(|_| ())
    })
    .await
}

/// Carries out what was ordered in a district and what policies in force say; its certificates. `progress` is told records
/// done and records in all.
pub async fn carry_out(
    core: &Core,
    url: &str,
    district_code: &str,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Vec<Certificate>, Problem> {
    let policies = all_in_force(core).await?;
    let own: Vec<&InForce> = policies.iter().filter(|policy| policy.district_code == district_code).collect();
    in_district(core, url, district_code, &own, progress).await
}

async fn in_district(
    core: &Core,
    url: &str,
    district_code: &str,
    policies: &[&InForce],
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Vec<Certificate>, Problem> {
    let mut made = purge::carry_out_ordered(core, url, district_code, progress).await?;
    for policy in policies {
        // A release that knows more kinds took the policy: it carries it out.
        let Some(kind) = core.kinds().kind(&policy.kind) else { continue };
        let policy_id = Some(policy.id);
        let order = Order { kind, before_on: policy.before_on, reason: reason(policy), by: None, policy_id };
        made.extend(purge::purge(core, url, district_code, &order, progress).await?);
        core.ext::<Kept>().note(policy);
    }
    made.iter().for_each(tell);
    Ok(made)
}

/// Reason that names a policy, for whoever reads the certificate.
fn reason(policy: &InForce) -> String {
    format!("留存期限 retention policy {}: {} d, {}", policy.id, policy.kept_days, policy.basis)
}

fn tell(certificate: &Certificate) {
    let (district_code, kind, records) = (&certificate.district_code, &certificate.kind, certificate.counts.records);
    tracing::info!(district_code, kind, records, id = %certificate.id, "personal data was purged");
}
