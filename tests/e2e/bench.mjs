// How much is transferred before home can be used, and how fast the engine is in the browser: one edit of
// thirteen-hour-token, applied, run, graded thirteen hours ahead. `cargo xtask bench` runs it on the built site.
// One line each: name, minimum, median, maximum in microseconds, or three times the bytes.

import { chromium } from 'playwright-core';
import { QUERY, TOP, bundle, worker } from './harness.mjs';

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });

/** The bytes on the wire until home is complete and its links work, without what comes in the background. */
async function home() {
  const tab = await browser.newContext();
  const page = await tab.newPage();
  // Home must not need it, so it never comes.
  await page.route(/\/(room|worker|editor)-/, (route) => route.abort());
  const network = await tab.newCDPSession(page);
  await network.send('Network.enable');
  let bytes = 0;
  network.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await page.goto(TOP);
  await page.locator('.cards .scenario').first().waitFor();
  await page.getByRole('link', { name: 'Progress' }).click();
  await page.getByRole('heading', { name: 'Progress' }).waitFor();
  await tab.close();
  return bytes;
}
const bytes = await home();
console.log(['bytes of home', bytes, bytes, bytes].join('\t'));

const page = await browser.newPage();
await page.goto(TOP);
const { sources } = await bundle(page, 'thirteen-hour-token');
const ask = await worker(page);
const text = `${sources['files/node-role.yaml']}    - arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly\n`;
const times = [];
for (let round = 0; round < 16; round += 1) {
  await ask({ ask: 'open', sources, attempt: null, query: QUERY });
  await ask({ ask: 'act', action: { do: 'edit', file: 'node-role.yaml', text }, query: QUERY });
  await ask({ ask: 'act', action: { do: 'apply' }, query: QUERY });
  times.push(await page.evaluate(async (query) => {
    const began = performance.now();
    const { view } = await window.askWorker({ ask: 'act', action: { do: 'run' }, query });
    if (!view.goals.passed) throw new Error('the edit solves the scenario');
    return performance.now() - began;
  }, QUERY));
}
await browser.close();
const sorted = times.slice(1).sort((one, other) => one - other).map((time) => Math.round(time * 1000));
console.log(['in the browser: run and grade one edit, with the view', sorted[0], sorted[7], sorted[14]].join('\t'));
