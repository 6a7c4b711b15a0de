// What every end-to-end test shares: a real Chromium, the built site, and an ear for whatever goes wrong.
//
// `cargo xtask test e2e` serves the site twice and names the addresses in the environment.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { chromium } from 'playwright-core';

export const TOP = process.env.PULLPATH_URL ?? 'http://127.0.0.1:8080/';
export const BELOW = process.env.PULLPATH_BELOW_URL ?? TOP;
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let started;
function browser() {
  started ??= chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  return started;
}
after(async () => (await started)?.close());

/** A test with a page of its own. It fails on any policy violation, page error or console error. */
export function story(name, options, body) {
  test(name, { timeout: 120_000 }, async () => {
    const { address = TOP, forgiven = [], ...context } = options;
    const tab = await (await browser()).newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...context });
    const problems = [];
    const note = (text) => { if (!forgiven.some((pattern) => pattern.test(text))) problems.push(text); };
    await tab.exposeBinding('reportViolation', (_, text) => note(text));
    await tab.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) =>
      window.reportViolation(`policy: ${event.violatedDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`)));
    const page = await tab.newPage();
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => note(`page error: ${error}`));
    page.on('console', (message) => { if (message.type() === 'error') note(`console: ${message.text()}`); });
    page.on('response', (response) => { if (response.status() >= 400) note(`${response.status()} ${response.url()}`); });
    try {
      await body(page, address);
      assert.deepEqual(problems, []);
    } catch (error) {
      const shots = process.env.PULLPATH_SHOTS;
      if (shots) await page.screenshot({ path: join(shots, `${name.replace(/\W+/g, '-')}.png`) });
      if (problems.length) error.message += `\nThe page also said:\n${problems.join('\n')}`;
      throw error;
    } finally {
      await tab.close();
    }
  });
}

/** Runs the project's own command line; its exit code may be 0 or 1. */
export function pullpath(...words) {
  return pullpathIn(ROOT, ...words);
}

/** The same in another folder. */
export function pullpathIn(folder, ...words) {
  const cargo = ['run', '--quiet', '--manifest-path', join(ROOT, 'Cargo.toml'), '--package', 'pullpath', '--bin', 'pullpath', '--', ...words];
  try {
    return execFileSync('cargo', cargo, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 });
  } catch (error) {
    if (error.status === 1) return error.stdout;
    error.message += `\n${error.stdout}`;
    throw error;
  }
}

/** Fails if axe finds anything on the page as it stands. */
export async function axeFindsNothing(page, where) {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(', ')}`);
  assert.deepEqual(told, [], where);
}

/** Waits until there are exactly so many of it: a page that is still being drawn has fewer for a moment. */
export async function count(locator, wanted) {
  const end = Date.now() + 15_000;
  for (;;) {
    const found = await locator.count();
    if (found === wanted) return;
    if (Date.now() > end) assert.equal(found, wanted, `${locator}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Moves the focus with Tab alone until it is on what the locator means. */
export async function tabTo(page, locator, limit = 120) {
  const target = locator.first();
  await target.waitFor();
  for (let step = 0; step < limit; step += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return target;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab did not reach ${locator} in ${limit} steps`);
}

/** Reaches something by keyboard and presses it. */
export async function press(page, locator, key = 'Enter') {
  await tabTo(page, locator);
  await page.keyboard.press(key);
}

/** Talks to the worker that ships, as the page does. */
export async function worker(page) {
  await page.evaluate(() => {
    const name = document.querySelector('meta[name="pullpath-worker"]').content;
    const worker = new Worker(new URL(name, document.baseURI));
    let next = 1;
    const waiting = new Map();
    const ready = new Promise((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }) => {
        if (data === 'ready') return resolve();
        const { id, answer } = JSON.parse(data);
        // On the wire the name stands around the content; a test reads better with it inside.
        const [kind, content] = typeof answer === 'string' ? [answer] : Object.entries(answer)[0];
        if (kind !== 'progress') { waiting.get(id)({ answer: kind, ...content }); waiting.delete(id); }
      };
    });
    window.askWorker = async ({ ask: kind, ...content }) => {
      await ready;
      const ask = Object.keys(content).length ? { [kind]: content } : kind;
      const id = next;
      next += 1;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        worker.postMessage(JSON.stringify({ id, session: 'test', ask }));
      });
    };
  });
  return (ask) => page.evaluate((ask) => window.askWorker(ask), ask);
}

/** Fetches the bundle of a scenario from the site. */
export function bundle(page, id) {
  return page.evaluate(async (id) => {
    const at = (path) => fetch(new URL(path, document.baseURI)).then((response) => response.json());
    const index = await at('content/index.json');
    return at(`content/${index.scenarios.find((entry) => entry.id === id).bundle}`);
  }, id);
}

export const QUERY = { at_ms: null, selection: null, pull: null, window: null, whole: true };
