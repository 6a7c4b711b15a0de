// Both scenarios, failed, understood and solved with the keyboard alone; and a run that takes too long.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, press, story, tabTo } from './harness.mjs';

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
  await goal(page, 'run again').getByText('met', { exact: true }).waitFor();
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

/** A folder whose scenario keeps the engine busy: Pods of many containers that all fail. */
function busyFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'pullpath-'));
  cpSync(join(ROOT, 'tests/broken/base'), folder, { recursive: true });
  const file = join(folder, 'files/deployment.yaml');
  const text = readFileSync(file, 'utf8');
  const image = /image: (\S+)/.exec(text)[1];
  const containers = Array.from({ length: 1000 }, (_, n) => `        - { name: extra-${n}, image: "${image}" }\n`);
  writeFileSync(file, `${text.trimEnd()}\n${containers.join('')}`);
  return folder;
}

story('typing goes on while a simulated day runs, and stopping loses nothing', {}, async (page, address) => {
  const folder = busyFolder();
  try {
    await page.goto(`${address}#/author`);
    await page.locator('input[type=file]').setInputFiles(folder);
    await page.getByRole('button', { name: 'Apply and run' }).waitFor({ timeout: 60_000 });
    await page.locator('.cm-content').waitFor();
    const before = await page.locator('.clock').first().textContent();
    await page.getByRole('button', { name: 'Advance the clock by 13 h' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor();

    await page.locator('.cm-content').click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('# typed while it ran\n');
    await page.locator('.cm-content').getByText('# typed while it ran').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Stop' }).isVisible(), 'the run goes on: typing did not wait for it');

    await press(page, page.getByRole('button', { name: 'Stop' }));
    await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached', timeout: 60_000 });
    await says(page, /stopped/i);
    await page.locator('.cm-content').getByText('# typed while it ran').waitFor();
    assert.equal(await page.locator('.clock').first().textContent(), before, 'the clock stands where it stood');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
