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
  await page.route(/\/(room|worker|desk|editor)-/, (route) => route.abort());
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
// A goal in 50 drawn worlds of a scenario with ten Pods: the first run draws the worlds, too.
const { sources: many } = await bundle(page, 'default-serviceaccount');
many['scenario.yaml'] = many['scenario.yaml'].replace('    within: 7m', '    within: 7m\n    worlds: 50');
many['files/deployment.yaml'] = many['files/deployment.yaml'].replace('replicas: 3', 'replicas: 10');
const mended = many['files/deployment.yaml'].replace('    spec:\n', '    spec:\n      serviceAccountName: payment-api-sa\n');
const worlds = [];
for (let round = 0; round < 8; round += 1) {
  await ask({ ask: 'open', sources: many, attempt: null, query: QUERY });
  await ask({ ask: 'act', action: { do: 'edit', file: 'deployment.yaml', text: mended }, query: QUERY });
  await ask({ ask: 'act', action: { do: 'apply' }, query: QUERY });
  worlds.push(await page.evaluate(async (query) => {
    const began = performance.now();
    const { view } = await window.askWorker({ ask: 'act', action: { do: 'run' }, query });
    if (!view.goals.passed) throw new Error('the edit solves the scenario in every world');
    return performance.now() - began;
  }, QUERY));
}
await browser.close();
const slowest = worlds.slice(1).sort((one, other) => one - other).map((time) => Math.round(time * 1000));
console.log(['in the browser: 50 worlds of a scenario with 10 Pods, drawn, played and judged', slowest[0], slowest[3], slowest[6]].join('\t'));
const sorted = times.slice(1).sort((one, other) => one - other).map((time) => Math.round(time * 1000));
console.log(['in the browser: run and grade one edit, with the view', sorted[0], sorted[7], sorted[14]].join('\t'));
