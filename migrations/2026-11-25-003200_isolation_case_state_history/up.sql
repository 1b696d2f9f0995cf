-- Figures as of a past day need to know how a case stood then.
ALTER TABLE isolation_cases ADD COLUMN state_history jsonb;
COMMENT ON COLUMN isolation_cases.state_history IS 'Each step with its state and when it happened, the oldest first; before the first the case was identified. NULL before any step, and of cases that an earlier release moved on';
