//! A week with the roster, as an organiser and as a volunteer live it.
