UPDATE inbox SET done = 1
FROM asked
WHERE inbox.client = asked.client AND inbox.batch = asked.batch AND inbox.message = asked.message AND inbox.done = 0
