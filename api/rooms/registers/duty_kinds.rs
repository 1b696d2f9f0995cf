//! Duties of those who keep the registers: they settle them themselves.

use crate::rooms::duties::duty_kinds;
use crate::rooms::duties::settled_elsewhere;

duty_kinds! {
    /// All of them.
    pub const DUTY_KINDS;
    CLAIM_CHECK "claim_check" "check of what others claim about somebody" "核实他处申报的重点人员类别" [HealthCenter]
        settled_elsewhere;
    LOOKUP_CHECK "lookup_check" "check of whoever tries out documents" "核查试探证件号码的账号" [District]
        settled_elsewhere;
}
