// Every page opens, under any path, under the policy.

import assert from 'node:assert/strict';
import { BELOW, TOP, axeFindsNothing, story } from './harness.mjs';

/** Each page with its heading: after a change of the address the page before it still stands there for a moment. */
const ROUTES = [
  ['#/', 'See the path of every pull'],
  ['#/learn/image-pull-secrets', 'How a node pulls an image'],
  ['#/play/default-serviceaccount', 'The ServiceAccount nobody asked for'],
  ['#/play/thirteen-hour-token', 'The thirteen-hour-old token'],
  ['#/quiz/reading-a-failed-pull', 'Reading a failed pull'],
  ['#/messages', 'What does this message mean?'],
  ['#/author', 'Author'],
  ['#/progress', 'Progress'],
  ['#/nowhere', '404: the name resolves, the page does not exist'],
];

/** Goes to a page and waits until it is that one. */
async function open(page, address, [route, name]) {
  await page.goto(address + route);
  await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  if (route.startsWith('#/play/')) {
    // Where one pane is shown at a time it is there and hidden.
    await page.getByRole('button', { name: 'Apply and run', includeHidden: true }).waitFor({ state: 'attached' });
  }
}

for (const [where, address] of [['at the top of a host', TOP], ['below a path, on a host that sends no policy', BELOW]]) {
  story(`every page opens ${where}`, { address }, async (page, address) => {
    for (const entry of ROUTES) {
      await open(page, address, entry);
      assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, entry[0]);
      assert.notEqual(await page.title(), '');
    }
  });
}

for (const colorScheme of ['light', 'dark']) {
  story(`axe finds nothing in ${colorScheme}`, { colorScheme }, async (page, address) => {
    for (const entry of ROUTES) {
      await open(page, address, entry);
      await axeFindsNothing(page, entry[0]);
    }
  });
}

for (const width of [1440, 1024, 390]) {
  story(`nothing is wider than ${width} pixels`, { viewport: { width, height: 900 } }, async (page, address) => {
    for (const entry of ROUTES) {
      await open(page, address, entry);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(over <= 0, `${entry[0]} is ${over} pixels too wide`);
    }
  });
}
