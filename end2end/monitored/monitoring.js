// Reports each request to Sendry after its response has gone out. Never waits, never throws, has no dependency.
export function monitoring({ apiKey, endpoint, serviceName }) {
  return (req, res, next) => {
    const start = process.hrtime.bigint();
    res.on('finish', () => {
      const hit = {
        serviceName,
        endpoint: req.route ? req.baseUrl + req.route.path : req.path,
        method: req.method,
        statusCode: res.statusCode,
        latencyMs: Number(process.hrtime.bigint() - start) / 1e6,
      };
      fetch(endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
        body: JSON.stringify(hit),
        signal: AbortSignal.timeout(3000),
      }).catch(() => {});
    });
    next();
  };
}
