//! Duties of a shift: the roster settles them, for no single record proves that a post is manned.

use crate::rooms::duties::duty_kinds;
use crate::rooms::duties::settled_elsewhere;

duty_kinds! {
    /// All of them.
    pub const DUTY_KINDS;
    SHIFT_FILLING "shift_filling" "filling of a shift" "班次排满" [Organizer] settled_elsewhere;
    MANNED_POST "manned_post" "manned post" "岗位到齐" [Organizer] settled_elsewhere;
    SHIFT_ATTENDANCE "shift_attendance" "coming to a shift" "按时到岗" [Volunteer] settled_elsewhere;
}
