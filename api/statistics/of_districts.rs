//! Figures with the districts whose they are, each as of a change of its own.

use std::borrow::Cow;

use kit::problem::Problem;
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::answer::AsOf;
use super::districts::Summed;
use super::shown::DistrictAsOf;
use crate::platform::codes::NOT_FOUND;

/// Figures, of one district or added up.
#[derive(Serialize)]
pub struct OfDistricts<T> {
    /// The figures.
    #[serde(flatten)]
    pub figures: T,
    #[serde(flatten)]
    of: Districts,
}

/// The districts whose figures these are.
#[derive(Serialize, ToSchema)]
struct Districts {
    /// Counted as of this change; null where figures of several districts are added up.
    #[schema(required, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: Option<i64>,
    /// The districts whose figures these are, each as of a change of its own.
    #[schema(max_items = 4000)]
    districts: Vec<DistrictAsOf>,
}

impl<T> OfDistricts<T> {
    /// Figures as of these numbers, or of one for all.
    pub fn new(figures: T, as_of: AsOf, as_of_change_no: Option<i64>) -> Self {
        Self { figures, of: Districts { as_of_change_no, districts: as_of.0 } }
    }

    /// Text that changes with any of the numbers.
    pub fn version(&self) -> String {
        AsOf(self.of.districts.clone()).version()
    }
}

impl<T: Summed> OfDistricts<T> {
    /// Answers of several districts, added up.
    ///
    /// # Errors
    /// 404 where there is none.
    pub fn sum(told: Vec<(String, T)>, as_of: AsOf) -> Result<Self, Problem> {
        let mut told = told.into_iter().map(|(_, figures)| figures);
        let mut sum = told.next().ok_or(NOT_FOUND)?;
        told.for_each(|figures| sum.add(figures));
        sum.finish();
        Ok(Self::new(sum, as_of, None))
    }
}

impl<T: ToSchema> PartialSchema for OfDistricts<T> {
    fn schema() -> RefOr<Schema> {
        match (T::schema(), Districts::schema()) {
            (RefOr::T(Schema::Object(mut figures)), RefOr::T(Schema::Object(of))) => {
                figures.properties.extend(of.properties);
                figures.required.extend(of.required);
                figures.into()
            }
            (RefOr::T(Schema::AllOf(mut all)), of) => {
                all.items.push(of);
                RefOr::T(Schema::AllOf(all))
            }
            (figures, _) => figures,
        }
    }
}

/// Under the name of the figures.
impl<T: ToSchema> ToSchema for OfDistricts<T> {
    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
        Districts::schemas(schemas);
    }
}
