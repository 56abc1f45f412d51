-- Each worker comes here: whoever finds a row locked leaves it to the one who has it.
DELETE FROM workers WHERE ctid = ANY (ARRAY(SELECT ctid FROM workers WHERE seen_at < $1 FOR UPDATE SKIP LOCKED))
