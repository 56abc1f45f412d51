SELECT id, username, email, super_admin, password_hash, disabled FROM users WHERE id = $1
