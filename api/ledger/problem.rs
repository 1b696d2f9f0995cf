//! Problems that callers are told where an append wasn't written.

use kit::catalogue::Code;
use kit::faults::Fault;
use kit::problem::Problem;

use super::AppendError;

/// A fault with a problem of its own decides what the whole answer is, and perhaps says where to look; all else is the
/// content's fault.
fn refused(faults: Vec<Fault>) -> Problem {
    let own = faults.iter().find_map(|fault| Some((fault.code.problem()?, fault.value("location").map(str::to_owned))));
    match own {
        Some((code, Some(location))) => {
            Problem::of_faults(code, faults).with_header(actix_web::http::header::LOCATION, location)
        }
        Some((code, None)) => Problem::of_faults(code, faults),
        None => Problem::invalid(faults),
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict(_) => Code::WRITE_CONFLICT.into(),
            AppendError::Refused(faults) => refused(faults),
            AppendError::ClockMissing(_) => Self::unavailable(Code::LEDGER_UNAVAILABLE, 60, error),
            AppendError::Busy => Self::unavailable(Code::UNAVAILABLE, 1, error),
            AppendError::ReadOnly => Self::unavailable(Code::UNAVAILABLE, 5, error),
            AppendError::Full => Self::unavailable(Code::UNAVAILABLE, 60, error),
            AppendError::Unreachable(_) => Self::unavailable(Code::UNAVAILABLE, 2, error),
            AppendError::Failed(_) => Self::internal(error),
        }
    }
}
