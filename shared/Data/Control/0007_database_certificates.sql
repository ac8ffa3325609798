-- SHA-256 of the certificate that the database's server shows, in hexadecimal digits: no other one is accepted. Null where
-- the TLS mode alone decides.
ALTER TABLE databases ADD COLUMN certificate_sha256 text;
