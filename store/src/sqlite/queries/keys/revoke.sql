UPDATE keys SET revoked_at = coalesce(revoked_at, ?3) WHERE client = ?1 AND id = ?2
