// The policy is there, it blocks, a test hears it, and page and worker know whether they belong together.

import assert from 'node:assert/strict';
import { BELOW, TOP, count, story, worker } from './harness.mjs';

const meta = (page, selector) => page.locator(`head meta[${selector}]`).getAttribute('content');

for (const [where, address] of [['at the top of a host', TOP], ['below a path, on a host that sends no policy', BELOW]]) {
  story(`the worker answers under the policy ${where}`, { address }, async (page, address) => {
    await page.goto(address);
    const build = await meta(page, 'name="pullpath-build"');
    const ask = await worker(page);
    const hello = await ask({ ask: 'hello', build });
    assert.deepEqual(hello, { answer: 'hello', build });
    const other = await ask({ ask: 'hello', build: 'another' });
    assert.deepEqual(other, { answer: 'wrong-build', build });
  });

  const forgiven = [/^policy: script-src-elem refused inline/, /violates the following Content Security Policy/];
  story(`what the policy forbids is blocked and heard ${where}`, { address, forgiven }, async (page, address) => {
    await page.goto(address);
    const outcome = await page.evaluate(async () => {
      const heard = new Promise((resolve) => document.addEventListener('securitypolicyviolation', resolve));
      const script = document.createElement('script');
      script.textContent = 'window.wasRun = true';
      document.body.append(script);
      return { directive: (await heard).violatedDirective, wasRun: window.wasRun === true };
    });
    assert.deepEqual(outcome, { directive: 'script-src-elem', wasRun: false });
  });
}

story('the worker is sent the policy of the page as a header', {}, async (page, address) => {
  await page.goto(address);
  const policy = await meta(page, 'http-equiv="Content-Security-Policy"');
  assert.match(policy, /script-src 'self' 'wasm-unsafe-eval' 'sha256-[A-Za-z0-9+/]{43}=';/);
  assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'/);
  const script = await meta(page, 'name="pullpath-worker"');
  const response = await page.request.get(new URL(script, address).href);
  assert.equal(response.headers()['content-security-policy'], policy);
  assert.equal(response.headers()['content-type'], 'text/javascript; charset=utf-8');
});

const broken = [/page error: .*unreachable|Uncaught|panicked/, /^console: /];
story('a worker that breaks is replaced, and the page goes on', { forgiven: broken }, async (page, address) => {
  // The first worker dies at its first request after the greeting; the second one is left alone.
  await page.addInitScript(() => {
    const Plain = window.Worker;
    window.workers = [];
    window.Worker = class extends Plain {
      constructor(...parts) {
        super(...parts);
        window.workers.push(this);
      }

      postMessage(text) {
        const isFirst = window.workers[0] === this;
        super.postMessage(isFirst && !text.includes('"hello"') ? 'this is no request' : text);
      }
    };
  });
  await page.goto(new URL('#/play/default-serviceaccount', address).href);
  await page.waitForFunction(() => window.workers.length === 2);
  // What is known so far is opened again; the page may ask the learner to try once more, but it lives.
  await count(page.getByRole('heading', { level: 1 }), 1);
});
