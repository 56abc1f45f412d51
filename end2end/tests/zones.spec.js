// Times in the zone of whoever looks: the same hits in three zones, over a change of clocks and in a half-hour zone. What
// the page says equals what is computed here from the hits that were sent.
import { expect, figure, logIn, ownServer, sendHits, setUp, settled, test } from './sendry.js';

const sendry = ownServer();

test.describe.configure({ mode: 'serial' });

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let account;
let sent;

/** The last change of clocks in a zone that is at least two weeks old. */
function change(zone) {
  const offset = (at) => new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at)
    .find((part) => part.type === 'timeZoneName').value;
  let at = Math.floor((Date.now() - 14 * DAY) / HOUR) * HOUR;
  while (offset(at) === offset(at - HOUR)) at -= HOUR;
  return at;
}

const CHANGE = change('America/New_York');
const [FROM, TO] = [CHANGE - 10 * DAY, CHANGE + 10 * DAY];

/** One hit just now; and one every seven minutes around the change of clocks. Every tenth of them fails. */
function hits() {
  const hit = (timestamp, i) => ({
    serviceName: 'clock', endpoint: '/time', method: 'GET', statusCode: i % 10 ? 200 : 500, latencyMs: 5, timestamp,
  });
  const around = Array.from({ length: Math.floor((24 * DAY) / (7 * 60_000)) }, (_, i) => hit(CHANGE + 12 * DAY - i * 7 * 60_000, i));
  return [hit(Date.now() - 60_000, 1), ...around];
}

/** What clocks in a zone show at a moment. */
function local(at, zone) {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone, hourCycle: 'h23', weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit',
  }).formatToParts(at);
  const part = (type) => parts.find((part) => part.type === type).value;
  return { day: `${part('weekday')} ${part('day')} ${part('month').slice(0, 3)}`, time: `${part('hour')}:${part('minute')}` };
}

/** Where local quarters of days begin, up to the whole UTC hour: as the docs say it. */
function quarters(from, to, zone) {
  const edges = [];
  let before = null;
  for (let at = Math.floor(from / HOUR) * HOUR - DAY; at < to; at += HOUR) {
    const { day, time } = local(at, zone);
    const quarter = `${day} ${Math.floor(Number(time.slice(0, 2)) / 6)}`;
    if (quarter !== before) edges.push(at);
    before = quarter;
  }
  return edges;
}

/** The rows of the table beneath a chart, newest first: name and numbers. */
async function table(page, id) {
  const card = page.locator(`#${id}`);
  await settled(page);
  await card.getByRole('button', { name: /show as table/i }).click();
  await expect(card.locator('tbody tr').first()).toBeVisible();
  return card.locator('tbody tr').evaluateAll((rows) =>
    rows.map((row) => ({
      name: row.querySelector('th').textContent,
      requests: Number(row.querySelector('td').textContent.replace(/\D/g, '')),
    })));
}

test('hits around a change of clocks are sent and counted', async () => {
  account = await setUp(sendry.url);
  // The change may be older than raw hits usually become.
  const limits = await fetch(`${sendry.url}/api/clients/${account.client}/limits`, {
    method: 'PUT', headers: { cookie: account.cookie, 'content-type': 'application/json' },
    body: JSON.stringify({ rawRetentionDays: 365 }),
  });
  expect(limits.status).toBe(200);
  sent = hits();
  for (let i = 0; i < sent.length; i += 2_000) await sendHits(sendry.url, account.key, sent.slice(i, i + 2_000));
  const counted = async () => {
    const reply = await fetch(`${sendry.url}/api/analytics/overview?range=364d`, { headers: { cookie: account.cookie } });
    return (await reply.json()).requests;
  };
  await expect.poll(counted).toBe(sent.length);
});

// New York's clocks change in the middle of it; India is off by half an hour.
for (const zone of ['UTC', 'America/New_York', 'Asia/Kolkata']) {
  test(`slots of ${zone} hold their hits, and their sum is the total`, async ({ page }) => {
    await logIn(page, sendry.url);
    const [from, to] = [FROM, TO];
    const span = `from=${new Date(from).toISOString().slice(0, 19)}Z&to=${new Date(to).toISOString().slice(0, 19)}Z`;
    await page.goto(`${sendry.url}/overview?${span}&tz=${encodeURIComponent(zone)}`);
    const inside = sent.filter((hit) => hit.timestamp >= from && hit.timestamp < to);
    await expect(figure(page, 'Requests')).toHaveAttribute('title', new RegExp(`^${inside.length.toLocaleString('en').replace(',', '.')} `));
    await expect(page.locator('.freshness .zone')).toHaveText(zone);

    const edges = quarters(from, to, zone).filter((edge, n, all) => (all[n + 1] ?? Infinity) > from);
    const rows = (await table(page, 'volume')).reverse();
    expect(rows.length).toBe(edges.length);
    for (const [n, row] of rows.entries()) {
      const [start, end] = [edges[n], edges[n + 1] ?? Infinity];
      const { day, time } = local(start, zone);
      expect(row.name, `slot ${n}`).toMatch(new RegExp(`^${day}, ${time}( [+-]\\S+)? – `));
      expect(row.requests, `${row.name}`).toBe(inside.filter((hit) => hit.timestamp >= start && hit.timestamp < end).length);
    }
    expect(rows.reduce((sum, row) => sum + row.requests, 0)).toBe(inside.length);
    const widths = new Set(edges.slice(1, -1).map((edge, n) => (edges[n + 2] - edge) / HOUR));
    expect(widths.size, 'only where clocks change one slot is an hour longer or shorter').toBe(zone === 'America/New_York' ? 2 : 1);
    await page.screenshot({ path: `artefacts/zone-${zone.replace('/', '-')}.png`, fullPage: true });
  });
}

test('a zone that is chosen holds for all pages, and a link that names one wins', async ({ browser }) => {
  const context = await browser.newContext({ timezoneId: 'Asia/Colombo' });
  const page = await context.newPage();
  await logIn(page, sendry.url);
  await page.goto(`${sendry.url}/overview?range=24h`);
  const zone = page.locator('.freshness .zone');
  await expect(zone).toHaveText('UTC');
  await page.getByRole('button', { name: 'Time zone and refreshing' }).click();
  await page.getByLabel('Time zone', { exact: true }).selectOption('Asia/Colombo');
  await expect(zone).toHaveText('Asia/Colombo');
  await expect(zone).toHaveAttribute('title', 'UTC+5:30');
  // Without any script the server says the same.
  await page.goto(`${sendry.url}/requests`);
  const newest = local(sent[0].timestamp, 'Asia/Colombo');
  await expect(page.locator('table.requests thead')).toContainText('Asia/Colombo');
  await expect(page.locator('table.requests tbody tr').first()).toContainText(newest.time);
  const html = await (await page.request.get(`${sendry.url}/overview`)).text();
  expect(html).toContain('data-zone="Asia/Colombo"');

  await page.goto(`${sendry.url}/overview?tz=Asia/Kolkata`);
  await expect(zone).toHaveText('Asia/Kolkata');
  await page.getByRole('button', { name: 'Time zone and refreshing' }).click();
  await page.getByLabel('Time zone', { exact: true }).selectOption('UTC');
  await expect(zone).toHaveText('UTC');
  expect(page.url()).not.toContain('tz=');
  await context.close();
});
