DROP TABLE publicity_activities;
