// Every page opens, under any path, under the policy.

import assert from 'node:assert/strict';
import { BELOW, TOP, axeFindsNothing, story } from './harness.mjs';

const ROUTES = ['#/', '#/learn/image-pull-secrets', '#/play/default-serviceaccount', '#/play/thirteen-hour-token', '#/quiz/reading-a-failed-pull', '#/messages', '#/author', '#/progress', '#/nowhere'];

for (const [where, address] of [['at the top of a host', TOP], ['below a path, on a host that sends no policy', BELOW]]) {
  story(`every page opens ${where}`, { address }, async (page, address) => {
    for (const route of ROUTES) {
      await page.goto(address + route);
      const heading = page.getByRole('heading', { level: 1 });
      await heading.waitFor();
      assert.equal(await heading.count(), 1, route);
      assert.notEqual(await page.title(), '');
    }
  });
}

for (const colorScheme of ['light', 'dark']) {
  story(`axe finds nothing in ${colorScheme}`, { colorScheme }, async (page, address) => {
    for (const route of ROUTES) {
      await page.goto(address + route);
      await page.getByRole('heading', { level: 1 }).waitFor();
      if (route.startsWith('#/play/')) await page.getByRole('button', { name: 'Apply and run' }).waitFor();
      await axeFindsNothing(page, route);
    }
  });
}

for (const width of [1440, 1024, 390]) {
  story(`nothing is wider than ${width} pixels`, { viewport: { width, height: 900 } }, async (page, address) => {
    for (const route of ROUTES) {
      await page.goto(address + route);
      await page.getByRole('heading', { level: 1 }).waitFor();
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(over <= 0, `${route} is ${over} pixels too wide`);
    }
  });
}
