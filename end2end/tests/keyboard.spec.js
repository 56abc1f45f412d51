// By keyboard alone: whoever has no mouse gets everywhere, always sees where they are, and never falls off the page.
import { expect, ADMIN, ownServer, sendHits, setUp, settled, test } from './sendry.js';

const sendry = ownServer();

test.describe.configure({ mode: 'serial' });

/** An hour of a quiet shop in which paying fails. */
function hits() {
  const now = Date.now();
  const hit = (i, method, endpoint, statusCode, more = {}) => ({
    serviceName: 'shop', endpoint, method, statusCode, latencyMs: 8 + (i % 40), timestamp: now - 60_000 - ((i * 7919) % 600_000), ...more,
  });
  return [
    ...Array.from({ length: 300 }, (_, i) => hit(i, 'GET', '/products/:id', 200)),
    ...Array.from({ length: 60 }, (_, i) => hit(i, 'POST', '/orders', 201)),
    ...Array.from({ length: 20 }, (_, i) => hit(i, 'POST', '/orders', 503, { error: 'payment timed out' })),
  ];
}

test.beforeAll(async () => {
  const account = await setUp(sendry.url);
  await sendHits(sendry.url, account.key, hits());
  const counted = async () => {
    const reply = await fetch(`${sendry.url}/api/analytics/overview?range=1h`, { headers: { cookie: account.cookie } });
    return (await reply.json()).requests;
  };
  await expect.poll(counted).toBe(380);
});

/** Where the focus is, and whether one sees it there. */
const focus = (page) => page.evaluate(() => {
  const element = document.activeElement;
  if (!element || element === document.body) return { lost: true, name: 'the body' };
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height / 2, 20)];
  const top = document.elementFromPoint(x, y);
  return {
    lost: false,
    name: `${element.tagName.toLowerCase()} ${(element.getAttribute('aria-label') || element.textContent || element.id).trim().slice(0, 40)}`,
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    inside: box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
    uncovered: Boolean(top && (element.contains(top) || top.contains(element) || top.closest('label')?.contains(element))),
  };
});

const SEEN = { lost: false, ring: true, inside: true, uncovered: true };

/** The focus is on something, and stays there while a page is drawn. */
async function kept(page, after) {
  await settled(page);
  await expect.poll(async () => (await focus(page)).lost, { message: `the focus is lost after ${after}` }).toBe(false);
}

/** Tabs until the focus is on what `wanted` finds. */
async function tabTo(page, wanted, most = 80) {
  for (let i = 0; i < most; i += 1) {
    if (await wanted.evaluateAll((found) => found.includes(document.activeElement))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead there within ${most}; it ended on ${(await focus(page)).name}`);
}

async function logInByKeys(page) {
  await page.goto(`${sendry.url}/login`);
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeEnabled();
  await tabTo(page, page.getByRole('textbox', { name: /^User name/ }));
  await page.keyboard.type(ADMIN.username);
  await tabTo(page, page.getByLabel('Password'));
  await page.keyboard.type(ADMIN.password);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/overview/);
}

/** Opens a page and waits until it listens to keys. */
async function open(page, address) {
  await page.goto(sendry.url + address);
  await page.waitForFunction(() => performance.getEntriesByName('sendry-alive').length > 0);
}

test('from signing in to the failing request, by Tab and Enter', async ({ page }) => {
  await logInByKeys(page);
  await open(page, '/overview?range=1h');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  expect(await focus(page)).toMatchObject(SEEN);
  await page.screenshot({ path: 'artefacts/keyboard-skip.png' });
  await page.keyboard.press('Enter');
  await expect(page.locator('#main')).toBeFocused();

  await tabTo(page, page.locator('#changes').getByRole('link', { name: '/orders' }));
  expect(await focus(page)).toMatchObject(SEEN);
  await page.screenshot({ path: 'artefacts/keyboard-focus.png' });
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/endpoint\?/);
  await kept(page, 'going to another page');

  await tabTo(page, page.locator('table.failures').getByRole('link', { name: 'payment timed out' }));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/requests\?.*sel=/);
  const heading = page.getByRole('heading', { name: 'Request', exact: true });
  await expect(heading).toBeVisible();
  await kept(page, 'opening a request');
  await page.keyboard.press('j');
  await expect(page.locator('.requests tbody tr').nth(1)).toHaveClass(/is-chosen/);
  await kept(page, 'walking on');
  await page.keyboard.press('Escape');
  await expect(heading).toHaveCount(0);
  await expect(page.locator('.requests tbody tr').nth(1).getByRole('link').first()).toBeFocused();
  expect(await focus(page)).toMatchObject(SEEN);
  await page.keyboard.press('Enter');
  await expect(heading).toBeFocused();
  await tabTo(page, page.getByRole('link', { name: 'Close', exact: true }));
  await page.keyboard.press('Enter');
  await expect(heading).toHaveCount(0);
  await expect(page.locator('.requests tbody tr').nth(1).getByRole('link').first()).toBeFocused();
});

test('every stop of the Tab key is seen', async ({ page }) => {
  await logInByKeys(page);
  for (const address of ['/overview?range=1h', '/requests?range=1h', '/settings/limits', '/settings/keys', '/pipeline']) {
    await open(page, address);
      const hidden = [];
    const names = [];
    for (let i = 0; i < 150; i += 1) {
      await page.keyboard.press('Tab');
      const at = await focus(page);
      if (at.lost) break;
      names.push(at.name);
      if (!(at.ring && at.inside && at.uncovered)) hidden.push(at);
    }
    expect(names.length, address).toBeGreaterThan(15);
    expect(hidden, address).toEqual([]);
  }
});

test('the palette leads anywhere and gives the focus back', async ({ page }) => {
  await logInByKeys(page);
  await open(page, '/overview?range=1h');
  const filter = page.getByRole('button', { name: 'Filter' });
  await tabTo(page, filter);
  const field = page.getByRole('combobox', { name: /service, endpoint/ });
  await page.keyboard.press('Control+k');
  await expect(field).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(filter).toBeFocused();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('post orders');
  await expect(page.locator('.palette-option[aria-selected=true]')).toContainText('/orders');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/endpoint\?/);
  await kept(page, 'the palette has led to another page');
  await page.keyboard.press('Tab');
  expect(await focus(page)).toMatchObject(SEEN);
});

test('no key drops the focus', async ({ page }) => {
  await logInByKeys(page);
  await open(page, '/overview?range=1h');
  await tabTo(page, page.getByRole('link', { name: '6h', exact: true }));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/range=6h/);
  await kept(page, 'another range');
  await page.keyboard.press('/');
  await expect(page.locator('#filter-service')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Filter' })).toBeFocused();
  await page.keyboard.press('t');
  await expect(page.locator('#range-last')).toBeFocused();
  await page.keyboard.press('Escape');
  await kept(page, 'the form of the range is closed');
  await page.keyboard.press('/');
  await page.keyboard.type('shop');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/service=shop/);
  await kept(page, 'a filter is applied');
  await tabTo(page, page.locator('.filters .filter'));
  await page.keyboard.press('Enter');
  await expect(page).not.toHaveURL(/service=shop/);
  await kept(page, 'a filter is taken away');
  await tabTo(page, page.locator('table.endpoints').getByRole('button', { name: /p95/i }));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/sort=p95/);
  await kept(page, 'sorting');
  await tabTo(page, page.locator('#volume').getByRole('button', { name: /show as table/i }));
  await page.keyboard.press('Enter');
  await kept(page, 'a chart has become a table');
  await page.keyboard.press('?');
  await page.keyboard.press('Escape');
  await kept(page, 'the dialog of keys is closed');

  for (const [second, address] of [['r', /\/requests/], ['l', /\/live/], ['p', /\/pipeline/], ['s', /\/settings\/keys/], ['o', /\/overview/]]) {
    await page.keyboard.press('g');
    await page.keyboard.press(second);
    await expect(page).toHaveURL(address);
    await kept(page, `g ${second}`);
  }
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await expect(page.locator('.requests tbody tr')).toHaveCount(50);
  await tabTo(page, page.getByRole('link', { name: 'Older' }), 120);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/cursor=/);
  await kept(page, 'an older page of the log');
});
