//! Kinds of reports, and what each asks of the records.

use kit::words;

words! {
    /// Kinds of reports.
    pub ReportKind "report_kind" "Kind of report" "报告类别" {
        EpidemicDaily "epidemic_daily" "epidemic, daily" "疫情日报";
        ScreeningDaily "screening_daily" "surveys, daily" "排查日报";
        ObservationDaily "observation_daily" "observation at home, daily" "居家观察日报";
        GateDaily "gate_daily" "gates, daily" "出入日报";
        SupplyPriceDaily "supply_price_daily" "supply and prices, daily" "保供稳价日报";
        DisputeDaily "dispute_daily" "disputes of the epidemic, daily" "涉疫纠纷日报";
        CorrectionsDaily "corrections_daily" "community corrections, daily" "社区矫正日报";
        StockWeekly "stock_weekly" "farm supplies, weekly" "农资储备";
        DisinfectionDaily "disinfection_daily" "disinfection, daily" "消杀日报";
        Bulletin "bulletin" "bulletin" "综合简报";
    }
}

impl ReportKind {
    /// Figures of kinds that it asks, each as `kind.figure`; a kind alone stands for all of its figures that add up. What
    /// no kind declares isn't asked.
    pub const fn asks(self) -> &'static [&'static str] {
        match self {
            Self::EpidemicDaily => &[
                "screenings.screened",
                "screenings.abnormal",
                "survey_visits.survey_visits",
                "temperature_readings.temperature_readings",
                "temperature_readings.fevers",
                "disinfections.disinfections",
                "publicity_activities.copies",
            ],
            Self::ScreeningDaily => &["survey_visits"],
            Self::ObservationDaily => &[
                "isolation_cases.isolation_cases",
                "temperature_readings.temperature_readings",
                "temperature_readings.fevers",
                "follow_up_visits.follow_up_visits",
                "spot_checks.spot_checks",
                "violations.violations",
            ],
            Self::GateDaily => &[
                "screenings.screened",
                "screenings.screened_in",
                "screenings.screened_out",
                "screenings.abnormal",
                "gate_tallies",
            ],
            Self::SupplyPriceDaily => &["supply_reports", "price_observations", "enforcement_actions"],
            Self::DisputeDaily => &["disputes"],
            Self::CorrectionsDaily => &["corrections_checks"],
            Self::StockWeekly => &["stock_movements"],
            Self::DisinfectionDaily => &["disinfections"],
            Self::Bulletin => &[],
        }
    }

    /// Days of which it tells, its own the last.
    pub const fn days(self) -> u64 {
        match self {
            Self::StockWeekly => 7,
            _ => 1,
        }
    }
}
