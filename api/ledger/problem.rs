//! Problems that callers are told where an append wasn't written.

use kit::catalogue::{Code, FaultCode};
use kit::faults::Fault;
use kit::problem::Problem;

use super::AppendError;

/// A report that is there already is a conflict that says where; all else is the content's fault.
fn refused(faults: Vec<Fault>) -> Problem {
    if faults.iter().any(|fault| fault.code == FaultCode::InUse) {
        return Problem::of_faults(Code::InUse, faults);
    }
    let met = faults.iter().find(|fault| fault.code == FaultCode::ReportExists);
    let location = met.and_then(|fault| fault.values.iter().find(|(name, _)| *name == "location"));
    match location.map(|(_, location)| location.clone()) {
        Some(location) => {
            Problem::of_faults(Code::ReportExists, faults).with_header(actix_web::http::header::LOCATION, location)
        }
        None => Problem::invalid(faults),
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict(_) => Code::WriteConflict.into(),
            AppendError::Refused(faults) => refused(faults),
            AppendError::ClockMissing(_) => Self::unavailable(Code::LedgerUnavailable, 60, error),
            AppendError::Busy => Self::unavailable(Code::Unavailable, 1, error),
            AppendError::Full => Self::unavailable(Code::Unavailable, 60, error),
            AppendError::Unreachable(_) => Self::unavailable(Code::Unavailable, 2, error),
            AppendError::Failed(_) => Self::internal(error),
        }
    }
}
