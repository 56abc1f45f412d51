-- Users are looked up by what `lower` makes of a name or an address, in the words that every SQL backend understands.
CREATE INDEX users_by_lower_username ON users (lower(username));
CREATE INDEX users_by_lower_email ON users (lower(email));
