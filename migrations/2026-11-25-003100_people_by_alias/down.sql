DROP VIEW people_by_alias;
