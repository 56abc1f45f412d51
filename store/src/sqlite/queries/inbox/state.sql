SELECT asked.place, inbox.message, inbox.done
FROM asked CROSS JOIN inbox ON inbox.client = asked.client AND inbox.batch = asked.batch
