SELECT batch FROM inbox WHERE client = $1 AND NOT done
