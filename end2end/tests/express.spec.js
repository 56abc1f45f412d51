// A real Express application with the middleware of the README: exactly its requests are on the dashboard.
import { application } from '../monitored/app.js';
import { expect, figure, logIn, ownServer, setUp, test } from './sendry.js';

const sendry = ownServer();

test('exactly the requests of a real application are on the dashboard', async ({ page }) => {
  const { key } = await setUp(sendry.url);
  const app = application({ apiKey: key, endpoint: `${sendry.url}/api/hit`, serviceName: 'order-service' });
  const server = await new Promise((listening) => {
    const server = app.listen(0, '127.0.0.1', () => listening(server));
  });
  const base = `http://127.0.0.1:${server.address().port}`;
  const sent = { ok: 0, notFound: 0, failed: 0 };
  for (let i = 0; i < 40; i += 1) {
    expect((await fetch(`${base}/orders`)).status).toBe(200);
    expect((await fetch(`${base}/orders/${i}`)).status).toBe(200);
    sent.ok += 2;
    if (i % 4 === 0) {
      expect((await fetch(`${base}/orders`, { method: 'POST' })).status).toBe(201);
      expect((await fetch(`${base}/orders/${1000 + i}`)).status).toBe(404);
      expect((await fetch(`${base}/nowhere-${i}`)).status).toBe(404);
      sent.ok += 1;
      sent.notFound += 2;
    }
    if (i % 8 === 0) {
      expect((await fetch(`${base}/broken`)).status).toBe(500);
      sent.failed += 1;
    }
  }
  const total = sent.ok + sent.notFound + sent.failed;

  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview?range=1h`);
  await expect(figure(page, 'Requests')).toHaveText(String(total));
  const exact = `${sent.notFound + sent.failed} of ${total} requests`;
  await expect(figure(page, 'Error rate')).toHaveAttribute('title', exact);

  // The same by the API, to the status code and the route.
  const api = async (path) => (await page.request.get(`${sendry.url}/api/analytics/${path}?range=1h`)).json();
  const overview = await api('overview');
  expect(overview).toMatchObject({
    requests: total,
    clientErrors: sent.notFound,
    serverErrors: sent.failed,
    services: 1,
  });
  const { endpoints } = await api('endpoints');
  const counts = Object.fromEntries(endpoints.map((row) => [`${row.method} ${row.endpoint}`, row.requests]));
  expect(counts['GET /orders']).toBe(40);
  expect(counts['GET /orders/:id']).toBe(50);
  expect(counts['POST /orders']).toBe(10);
  expect(counts['GET /broken']).toBe(5);
  await new Promise((closed) => server.close(closed));
});
