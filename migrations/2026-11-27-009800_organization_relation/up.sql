-- What an organisation is to the unit with which it works: 参股企业.
ALTER TABLE organizations ADD COLUMN relation text;
