-- Until there was a state for it, an operation whose orchestration had died was closed as failed, with its move or failover in the
-- middle: every other way to fail ends those first. As died, it can be taken up again.
UPDATE operations o SET state = 'died'
WHERE o.state = 'failed' AND (
    EXISTS (SELECT FROM moves m WHERE m.operation_id = o.id AND m.ended_at IS NULL)
    OR EXISTS (SELECT FROM failovers f WHERE f.operation_id = o.id AND f.ended_at IS NULL));
