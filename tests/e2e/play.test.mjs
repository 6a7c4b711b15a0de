// Both scenarios, failed, understood and solved with the keyboard alone; and a run that takes too long.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, count, press, story, tabTo } from './harness.mjs';

const POLICY = 'arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly';

const goal = (page, name) => page.locator('.goal').filter({ hasText: name });
const says = (page, text) => page.getByText(text).first().waitFor();

/** Chooses the n-th radio button of a group, counted from 1; the group has none chosen yet. */
async function choose(page, group, n) {
  await tabTo(page, group.getByRole('radio'));
  if (n === 1) return page.keyboard.press('Space');
  for (let step = 1; step < n; step += 1) await page.keyboard.press('ArrowDown');
}

/** Opens a file's tab with the arrow keys. */
async function openFile(page, name) {
  await tabTo(page, page.getByRole('tab', { selected: true }));
  for (let step = 0; step < 8; step += 1) {
    const tab = page.getByRole('tab', { selected: true });
    if ((await tab.textContent()).includes(name)) return;
    await page.keyboard.press('ArrowRight');
  }
  throw new Error(`there is no tab ${name}`);
}

/** Puts the cursor at the end of the file that is open. */
async function toEndOfFile(page) {
  await tabTo(page, page.getByRole('tab', { selected: true }));
  const editor = page.locator('.cm-content');
  await editor.waitFor();
  for (let step = 0; step < 4; step += 1) {
    await page.keyboard.press('Tab');
    if (await editor.evaluate((element) => element.getRootNode().activeElement === element)) break;
  }
  await page.keyboard.press('Control+End');
}

async function name(page, rung) {
  const form = page.getByRole('group', { name: 'Which rung is broken?' });
  await choose(page, form, rung);
  await press(page, page.getByRole('button', { name: 'Name it' }));
  await page.locator('.ladder-pane').getByText(`Broken at rung ${rung}`).waitFor();
}

story('default-serviceaccount with the keyboard alone', {}, async (page, address) => {
  await page.goto(address);
  await press(page, page.getByRole('link', { name: /Mend this pull/ }));
  await page.getByRole('button', { name: 'Apply and run' }).waitFor();
  await says(page, 'ImagePullBackOff');

  await choose(page, page.locator('.prediction'), 2);
  await page.keyboard.press('Control+Shift+Enter');
  await says(page, 'What happened:');
  await goal(page, 'All three Pods of payment-api run').getByText('missed').waitFor();
  assert.equal(await page.locator('.ladder-pane').getByText(/Broken at rung/).count(), 0);
  await name(page, 3);

  // The evidence leads to the line.
  await press(page, page.locator('.evidence-link').first());
  await page.locator('.cm-content').waitFor();
  await page.keyboard.press('Home');
  await page.keyboard.type('serviceAccountName: payment-api-sa\n');
  await page.keyboard.press('Control+Enter');
  await says(page, 'All goals are met');

  await press(page, page.getByRole('button', { name: 'Advance the clock by 13 h' }));
  await page.getByText(/T\+13:/).first().waitFor();
  await tabTo(page, page.locator('#scrubber'));
  await page.keyboard.press('Home');
  await says(page, 'You are looking at');
  await press(page, page.getByRole('button', { name: 'Back to now' }));
  await page.getByText('You are looking at').waitFor({ state: 'detached' });

  await page.reload();
  await says(page, /Your attempt from before was replayed/);
  await says(page, 'All goals are met');
  await page.goto(`${address}#/progress`);
  await page.getByRole('region', { name: 'Results' }).getByText('100 of 100').waitFor();
});

story('thirteen-hour-token with the keyboard alone', {}, async (page, address) => {
  await page.goto(`${address}#/play/thirteen-hour-token`);
  await page.getByRole('button', { name: 'Apply and run' }).waitFor();
  await says(page, 'ImagePullBackOff');
  await name(page, 7);

  // A fresh token mends it until tonight.
  await openFile(page, 'pull-secret.yaml');
  await press(page, page.getByRole('button', { name: 'Fresh token' }));
  await says(page, '${token:fresh-1}');
  await page.keyboard.press('Control+Enter');
  await page.locator('.way-step').filter({ hasText: 'Mend it for now' }).getByText('done', { exact: true }).waitFor();
  await goal(page, '13 hours from now').getByText(/dies again tonight/).waitFor();

  // The node's own identity mends it for good.
  await openFile(page, 'node-role.yaml');
  await toEndOfFile(page);
  await page.keyboard.type(`    - ${POLICY}`);
  await page.keyboard.press('Control+Enter');
  await says(page, 'All goals are met');

  await press(page, page.getByRole('button', { name: 'Advance the clock by 13 h' }));
  await page.getByText(/T\+13:/).first().waitFor();
  await tabTo(page, page.locator('#scrubber'));
  await page.keyboard.press('Home');
  await says(page, 'You are looking at');
  await page.reload();
  await says(page, 'All goals are met');
});

/** A folder whose scenario keeps the engine busy: a Pod of many containers that all fail, each with a back-off of its own. */
function busyFolder(count) {
  const folder = mkdtempSync(join(tmpdir(), 'pullpath-'));
  cpSync(join(ROOT, 'tests/broken/base'), folder, { recursive: true });
  const file = join(folder, 'files/deployment.yaml');
  const text = readFileSync(file, 'utf8');
  const image = /image: (\S+)/.exec(text)[1];
  const containers = Array.from({ length: count }, (_, n) => `        - { name: extra-${n}, image: "${image}-${n}" }\n`);
  writeFileSync(file, `${text.trimEnd()}\n${containers.join('')}`);
  return folder;
}

/** Opens a busy folder on the author page and hands over to the story. */
async function atBusyFolder(page, address, count, body) {
  const folder = busyFolder(count);
  try {
    await page.goto(`${address}#/author`);
    await page.locator('input[type=file]').setInputFiles(folder);
    await page.getByRole('button', { name: 'Apply and run' }).waitFor({ timeout: 60_000 });
    await page.locator('.cm-content').waitFor();
    await body();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const advance = (page, name) => page.getByRole('button', { name: `Advance the clock by ${name}`, exact: true });
const stop = (page) => page.getByRole('button', { name: 'Stop' });
const clock = (page) => page.locator('.clock').first();

async function typeOnTop(page, text) {
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type(`${text}\n`);
  await page.locator('.cm-content').getByText(text).waitFor();
}

story('typing goes on while 24 simulated hours run', {}, async (page, address) => {
  await atBusyFolder(page, address, 100, async () => {
    await advance(page, '13 h').click();
    for (let hour = 0; hour < 11; hour += 1) await advance(page, '1 h').click();
    await typeOnTop(page, '# typed while it ran');
    assert.doesNotMatch(await clock(page).textContent(), /T\+24:/, 'typing did not wait for the run');
    await page.locator('.clock').getByText(/T\+24:/).waitFor({ timeout: 90_000 });
    await page.locator('.cm-content').getByText('# typed while it ran').waitFor();
    assert.equal(await page.getByText(/was stopped/).count(), 0);
  });
});

story('a scenario that never settles is stopped, and nothing is lost', {}, async (page, address) => {
  await atBusyFolder(page, address, 400, async () => {
    const before = await clock(page).textContent();
    await advance(page, '13 h').click();
    await stop(page).waitFor();
    await typeOnTop(page, '# typed while it ran');
    assert.ok(await stop(page).isVisible(), 'the run goes on: typing did not wait for it');
    await press(page, stop(page));
    await stop(page).waitFor({ state: 'detached', timeout: 60_000 });
    await says(page, /stopped/i);
    await page.locator('.cm-content').getByText('# typed while it ran').waitFor();
    assert.equal(await clock(page).textContent(), before, 'the clock stands where it stood');
  });
});

story('two tabs keep what the other did', {}, async (page, address) => {
  const other = await page.context().newPage();
  await page.goto(`${address}#/play/default-serviceaccount`);
  await other.goto(`${address}#/play/one-bad-secret`);
  for (const tab of [page, other, page]) {
    await tab.getByRole('button', { name: 'Apply and run' }).click();
    await tab.locator('.goal').getByText('missed').first().waitFor();
  }
  for (const tab of [page, other]) {
    await tab.goto(`${address}#/progress`);
    await count(tab.getByRole('region', { name: 'Results' }).getByText('begun'), 2);
  }
});
