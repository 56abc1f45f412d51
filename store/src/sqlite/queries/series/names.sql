SELECT asked.place
FROM asked CROSS JOIN series_names AS known
ON known.client = asked.client AND known.scope = asked.scope AND known.name = asked.name
