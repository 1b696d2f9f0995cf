ALTER TABLE shift_attendances DROP COLUMN repeated;
