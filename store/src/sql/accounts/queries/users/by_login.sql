-- Where one user's name is another's e-mail address, the address wins: nobody can take it over by such a name.
SELECT id, username, email, super_admin, password_hash, disabled
FROM users
WHERE lower(username) = $1 OR lower(email) = $1
ORDER BY lower(email) = $1 DESC
LIMIT 1
