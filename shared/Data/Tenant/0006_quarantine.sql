-- What is in quarantine is shown newest first, and leaves when it has become points after all.
CREATE INDEX quarantine_by_time ON fleet.quarantine (customer_id, received_at, device_id, digest);
GRANT DELETE ON fleet.quarantine TO "$tenants$";
