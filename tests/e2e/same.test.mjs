// Native and wasm give the same bytes: the log of every scenario and every answer, over a simulated day.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { QUERY, ROOT, bundle, pullpath, story, worker } from './harness.mjs';

const folders = (...path) => readdirSync(join(ROOT, 'scenarios', ...path), { withFileTypes: true })
  .filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();

for (const id of folders()) {
  story(`the log of ${id} is the same in wasm`, {}, async (page, address) => {
    await page.goto(address);
    const ask = await worker(page);
    const { sources } = await bundle(page, id);
    const answers = [[], ...['solutions', 'wrong'].flatMap((group) => folders(id, group)).map((name) => ['--answer', name])];
    assert.ok(answers.length > 4);
    for (const answer of answers) {
      const run = (what) => pullpath('run', `scenarios/${id}`, ...answer, '--until', '24h', what);
      const attempt = JSON.parse(run('--attempt'));
      const opened = await ask({ ask: 'open', sources, attempt, query: QUERY });
      assert.equal(opened.answer, 'done', JSON.stringify(opened).slice(0, 500));
      const { text } = await ask({ ask: 'log' });
      assert.match(text, /attempt 1: /, 'somebody tried to start a container');
      assert.ok(text.split('\n').length > 50);
      assert.ok(text === run('--log'), `the log of ${id} ${answer.join(' ')} differs`);
    }
  });
}
