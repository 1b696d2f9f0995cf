//! Stories: each of the seven units lives some days of the epidemic with its own accounts alone, does what the district
//! tells of it, and reads what it did. Nothing is done for it by the command once it is set up.

mod babu;
mod commerce;
mod cooperative;
mod daxing;
mod education;
mod justice;
mod league;
