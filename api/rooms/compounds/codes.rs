//! Codes that the rooms of `compounds` raise.

use kit::fault_codes;

fault_codes! {
    FAULTS;
    OVERLAPS_PARTNERSHIP "overlaps_partnership" "overlaps with the same partnership from {from} to {to}" "与 {from} 至 {to} 的同一结对重叠";
}
