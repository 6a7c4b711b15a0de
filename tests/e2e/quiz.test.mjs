// Quizzes and hand-ins: what is answered and edited in the browser is graded on the command line to the same record.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT, axeFindsNothing, count, press, pullpath, pullpathIn, story, tabTo } from './harness.mjs';

const BANK = 'reading-a-failed-pull';
const check = (page) => page.getByRole('button', { name: 'Check', exact: true });
const onward = (page) => page.getByRole('button', { name: /Next question|To the result/ });
const result = (page) => page.locator('.asked .result');
const says = (page, text) => page.getByText(text).first().waitFor();

/** Presses a radio button or checkbox by its words: with Tab and the arrow keys alone. */
async function choose(page, name) {
  const wanted = page.locator('.asked').getByLabel(name);
  if ((await wanted.getAttribute('type')) === 'checkbox') {
    await tabTo(page, wanted);
    return page.keyboard.press('Space');
  }
  const all = page.locator('.asked input[type=radio]');
  await tabTo(page, all);
  await page.keyboard.press('Space');
  for (let step = 0; step < await all.count(); step += 1) {
    if (await wanted.isChecked()) return;
    await page.keyboard.press('ArrowDown');
  }
  throw new Error(`the arrow keys did not reach ${name}`);
}

/** Checks, waits for the result to have the focus, and goes on. */
async function submit(page, word) {
  await press(page, check(page));
  await result(page).getByText(word).waitFor();
  await page.waitForFunction(() => document.activeElement?.classList.contains('result'));
}

async function next(page) {
  await press(page, onward(page));
}

/** Puts the rows into the order in which they begin with these words, with the buttons. */
async function order(page, words) {
  const rows = page.locator('.order-row .order-words');
  for (const [place, begin] of words.entries()) {
    for (let step = 0; step < words.length; step += 1) {
      const at = (await rows.allTextContents()).findIndex((text) => text.startsWith(begin));
      if (at === place) break;
      await press(page, page.getByRole('button', { name: `Move up: ${begin}` }));
      await rows.filter({ hasText: begin }).and(rows.nth(at - 1)).waitFor();
    }
    assert.ok((await rows.nth(place).textContent()).startsWith(begin));
  }
}

const STEPS = ['The API server', 'The scheduler', 'The kubelet', 'The runtime', 'The container'];

/** Answers the bank: four questions rightly, two wrongly, with the keyboard alone. */
async function answerBank(page, address) {
  await page.goto(`${address}#/quiz/${BANK}`);
  await page.locator('.asked').waitFor();
  await axeFindsNothing(page, 'an order, before the answer');
  await order(page, STEPS);
  await submit(page, 'Right.');
  await axeFindsNothing(page, 'an order, after the answer');
  await next(page);
  await axeFindsNothing(page, 'a manifest, before the answer');
  await choose(page, /name: registry-login/);
  await submit(page, 'Not quite.');
  await result(page).getByText('It is the name that the Pod has in its list.').waitFor();
  await axeFindsNothing(page, 'a manifest, after the answer');
  await next(page);
  await choose(page, /A container restarts/);
  await choose(page, /The token in the pull secret expires/);
  await submit(page, 'Not quite.');
  await page.locator('.marked').filter({ hasText: 'A Pod is replaced' }).getByText('On a new one somebody must ask.').waitFor();
  await axeFindsNothing(page, 'several options, after the answer');
  await next(page);
  await choose(page, /then show ErrImagePull and ImagePullBackOff/);
  await submit(page, 'Right.');
  await next(page);
  await tabTo(page, page.getByLabel('Your answer'));
  await page.keyboard.type('  failed ');
  await page.keyboard.press('Enter');
  await result(page).getByText('Right.').waitFor();
  await next(page);
  await choose(page, 'No credential at all.');
  await submit(page, 'Right.');
  await next(page);
  await page.locator('.score').getByText('4 of 7 points').waitFor();
}

/** Mends the first scenario by an edit. */
async function mend(page, address) {
  await page.goto(`${address}#/play/default-serviceaccount`);
  const editor = page.locator('.cm-content');
  await page.getByRole('tab', { name: /^deployment\.yaml/ }).click();
  const line = editor.getByText('containers:', { exact: true }).first();
  await line.click();
  await page.keyboard.press('Home');
  await page.keyboard.type('serviceAccountName: payment-api-sa\n');
  await page.keyboard.press('Control+Enter');
  await says(page, 'All goals are met');
}

/** Exports on the progress page; gives the hand-in and the record as they were downloaded. */
async function exported(page, address, { number, name }) {
  await page.goto(`${address}#/progress`);
  await page.getByLabel('Your number').fill(number);
  await page.getByLabel('Your name').fill(name);
  const [handIn] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export the hand-in' }).click()]);
  await page.getByRole('button', { name: 'Download the record' }).waitFor();
  const [record] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download the record' }).click()]);
  return { file: handIn.suggestedFilename(), handIn: readFileSync(await handIn.path(), 'utf8'), record: readFileSync(await record.path(), 'utf8') };
}

/** The part of the native report that is the record, as text. */
function native(content, file) {
  const report = JSON.parse(pullpath('grade', file, '--content', content, '--format', 'json'));
  assert.equal(report.results.length, 1);
  const { items, learner, max_points, outcome, points, problems } = report.results[0];
  assert.deepEqual(problems, []);
  return `${JSON.stringify({ items, learner, max_points, outcome, points }, null, 2)}\n`;
}

async function inFolder(body) {
  const folder = mkdtempSync(join(tmpdir(), 'pullpath-'));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

story('answers and edits are graded natively to the same record', {}, async (page, address) => {
  await inFolder(async (folder) => {
    await answerBank(page, address);
    await axeFindsNothing(page, 'the result of a quiz');
    await mend(page, address);
    const { file, handIn, record } = await exported(page, address, { number: 's 17', name: 'Ada Lovelace' });
    await axeFindsNothing(page, 'the progress page with a record');
    assert.equal(file, 'hand-in-s-17.json');
    const path = join(folder, file);
    writeFileSync(path, handIn);
    assert.equal(record, native(ROOT, path));
    const { items, points, max_points } = JSON.parse(record);
    assert.deepEqual(items.map((item) => [item.id, item.points]), [['default-serviceaccount', 100], [BANK, 4]]);
    assert.deepEqual([points, max_points], [104, 107]);

    // Taken in elsewhere it comes to the same, and can be gone on with.
    await page.evaluate(() => localStorage.clear());
    await page.goto(`${address}#/`);
    await page.reload();
    await page.goto(`${address}#/progress`);
    await says(page, 'Nothing yet.');
    await page.locator('input[type=file]').setInputFiles(path);
    await page.getByRole('heading', { name: 'Hand-in of Ada Lovelace s 17' }).waitFor();
    await says(page, '104 of 107 points');
    await page.getByRole('button', { name: 'Add it to the progress of this browser' }).click();
    await page.getByRole('region', { name: 'Results' }).getByText('4 of 7').waitFor();
    const again = await exported(page, address, { number: 's 17', name: 'Ada Lovelace' });
    assert.equal(again.handIn, handIn);
    assert.equal(again.record, record);
    await page.goto(`${address}#/quiz/${BANK}`);
    await page.locator('.score').getByText('4 of 7 points').waitFor();
  });
});

/** Solves a scenario that asks two questions. */
async function solveBoth(page, address) {
  await page.goto(`${address}#/play/list-hides-list`);
  await page.getByRole('tab', { name: /^deployment\.yaml/ }).click();
  await page.getByText('2 questions follow when the goals are met.').waitFor();
  await page.locator('.cm-content').getByText('partner-login').click();
  await page.keyboard.press('End');
  await page.keyboard.insertText('\n        - name: ecr-login');
  await page.keyboard.press('Control+Enter');
  await says(page, 'All goals are met');
}

story('a scenario asks when it is solved, and its grade counts the answers', {}, async (page, address) => {
  await inFolder(async (folder) => {
    await solveBoth(page, address);
    const cards = page.locator('.posed .asked');
    const [first, second] = [cards.first(), cards.last()];
    await choose(page, /then show ErrImagePull and ImagePullBackOff/);
    await press(page, first.getByRole('button', { name: 'Check', exact: true }));
    await first.getByText('Right.').waitFor();
    await page.waitForFunction(() => document.activeElement?.classList.contains('result'));
    await page.locator('.goals .points').getByText('110 of 120 points').waitFor();
    // As it is shuffled, it is not right.
    await press(page, second.getByRole('button', { name: 'Check', exact: true }));
    await second.getByText('Not quite.').waitFor();
    await axeFindsNothing(page, 'a workbench with questions');
    const { file, handIn, record } = await exported(page, address, { number: 's 18', name: '' });
    const path = join(folder, file);
    writeFileSync(path, handIn);
    assert.equal(record, native(ROOT, path));
    const checks = JSON.parse(record).items[0].checks.map(({ id, points }) => [id, points]);
    assert.deepEqual(checks.slice(-2), [['only-the-account', 10], ['in-order', 0]]);

    // Answers belong to the attempt: they are there again, and gone when it is started over.
    await page.goto(`${address}#/play/list-hides-list`);
    await page.reload();
    await first.getByText('Right.').waitFor();
    await page.getByRole('button', { name: 'Start over' }).click();
    await page.getByText('2 questions follow when the goals are met.').waitFor();
  });
});

story('answers are kept, and the wrong ones can be given again', {}, async (page, address) => {
  await answerBank(page, address);
  await page.reload();
  await page.locator('.score').getByText('4 of 7 points').waitFor();
  await page.getByRole('button', { name: 'Answer the wrong ones again' }).click();
  await choose(page, /type: Opaque/);
  await submit(page, 'Right.');
  await next(page);
  await choose(page, /A container restarts/);
  await choose(page, /A Pod is replaced/);
  await submit(page, 'Right.');
  await next(page);
  await page.locator('.score').getByText('7 of 7 points').waitFor();
  await page.goto(`${address}#/`);
  await says(page, 'passed, 7 of 7 points');
  // Both goes are handed in; the better one counts.
  const { handIn, record } = await exported(page, address, { number: '', name: 'Bo' });
  assert.equal(JSON.parse(handIn).quizzes.length, 2);
  assert.equal(JSON.parse(record).items[0].attempts, 2);
});

story('all questions at once, with a mouse', {}, async (page, address) => {
  await page.goto(`${address}#/quiz/${BANK}`);
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await count(page.locator('.asked'), 6);
  const rows = page.locator('.order-row');
  for (const [place, begin] of STEPS.entries()) {
    const row = rows.filter({ hasText: begin });
    if (!(await rows.nth(place).textContent()).includes(begin)) await row.dragTo(rows.nth(place));
    await rows.filter({ hasText: begin }).and(rows.nth(place)).waitFor();
  }
  const card = page.locator('.asked').first();
  await check(card).click();
  await card.getByText('Right.').waitFor();
  await page.getByRole('button', { name: 'Question 1: right' }).waitFor();
});

story('questions of a quiz stand in a lesson', {}, async (page, address) => {
  await page.goto(`${address}#/learn/image-pull-secrets`);
  const card = page.locator('.excerpt .asked').first();
  await card.getByLabel('Your answer').fill('Opaque');
  await check(card).click();
  await card.getByText('Not quite.').waitFor();
  await page.goto(`${address}#/quiz/image-pull-secrets`);
  await page.getByRole('button', { name: /^Question \d: wrong$/ }).waitFor();
});

story('files that cannot be taken in are told', {}, async (page, address) => {
  await inFolder(async (folder) => {
    await page.goto(`${address}#/quiz/image-pull-secrets`);
    await page.getByLabel('Your answer').fill('kubernetes.io/dockerconfigjson');
    await check(page).click();
    await result(page).getByText('Right.').waitFor();
    const { handIn } = await exported(page, address, { number: 's1', name: '' });
    const tampered = handIn.replace('"s1"', '"s2"');
    assert.notEqual(tampered, handIn);
    for (const [name, text, code] of [
      ['tampered.json', tampered, 'tampered'],
      ['truncated.json', handIn.slice(0, handIn.length / 2), 'truncated'],
      ['foreign.json', '{"name": "package", "version": "1.0.0"}', 'not-a-hand-in'],
      ['newer.json', handIn.replace('"format": 1', '"format": 99'), 'newer-format'],
    ]) {
      const path = join(folder, name);
      writeFileSync(path, text);
      await page.locator('input[type=file]').setInputFiles(path);
      await says(page, 'This file cannot be taken in.');
      await page.locator('.problem .tag').getByText(code).waitFor();
      await page.locator('.problem').getByText(name).first().waitFor();
    }
  });
});

/** Does what `docs/authoring.md` says, as `tests/authoring.rs` does. */
function followTutorial(folder) {
  const text = readFileSync(join(ROOT, 'docs/authoring.md'), 'utf8');
  for (const [, kind, path, body] of text.matchAll(/^```(\w+) ?(.*)\n([\s\S]*?)^```$/gm)) {
    const file = join(folder, path);
    if (kind === 'diff') {
      let patched = readFileSync(file, 'utf8');
      for (const [, taken, put] of body.matchAll(/((?:^-.*\n)+)((?:^\+.*\n)+)/gm)) {
        const plain = (lines) => lines.replace(/^[-+]/gm, '');
        assert.ok(patched.includes(plain(taken)), taken);
        patched = patched.replace(plain(taken), () => plain(put));
      }
      writeFileSync(file, patched);
    } else if (kind === 'sh' && path === '') {
      for (const line of body.split('\n').filter((line) => line.startsWith('pullpath new'))) pullpathIn(folder, ...line.split(' ').slice(1));
    } else if (path) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, body);
    }
  }
}

story("the tutorial's scenario plays in the page, and grades the same natively", {}, async (page, address) => {
  await inFolder(async (folder) => {
    followTutorial(folder);
    const bundles = join(folder, 'bundles');
    pullpathIn(folder, 'bundle', '--out', bundles);
    // The site with the author's content in the place of ours.
    await page.route('**/content/*.json', (route) => route.fulfill({ path: join(bundles, new URL(route.request().url()).pathname.split('/').pop()) }));
    await page.goto(address);
    await page.locator('a[href="#/quiz/late-night"]').waitFor();
    await page.goto(`${address}#/play/late-night`);
    await page.getByRole('button', { name: 'Apply and run' }).waitFor();
    // The second way of the tutorial: the list goes onto the account, and the Pods are made again.
    await page.getByRole('tab', { name: /^account\.yaml/ }).click();
    await page.locator('.cm-content').getByText('namespace').waitFor();
    await page.locator('.cm-content').click();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText('imagePullSecrets:\n  - name: registry-login\n');
    await page.keyboard.press('Control+Enter');
    await page.locator('.goal').getByText('missed').first().waitFor();
    await page.locator('.card[aria-label^="Deployment web"]').click();
    await page.getByRole('button', { name: 'Restart rollout' }).click();
    await page.keyboard.press('Control+Shift+Enter');
    await says(page, 'All goals are met');
    await page.goto(`${address}#/quiz/late-night`);
    await page.getByText('From its ServiceAccount').click();
    await check(page).click();
    await result(page).getByText('Right.').waitFor();
    const { file, handIn, record } = await exported(page, address, { number: 's1', name: 'Ada' });
    writeFileSync(join(folder, file), handIn);
    assert.equal(record, native(folder, join(folder, file)));
    assert.equal(JSON.parse(record).items[0].outcome, 'pass');
  });
});
