// What does this message mean? On a page of its own, and on the ladder's last rung.

import assert from 'node:assert/strict';
import { story } from './harness.mjs';

const HOST = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
const BARE = `Failed to pull image "${HOST}/web:7": failed to pull and unpack image "${HOST}/web:7": failed to resolve image: `
  + `unexpected status from HEAD request to https://${HOST}/v2/web/manifests/7: 403 Forbidden`;

for (const [width, colorScheme] of [[1440, 'light'], [390, 'dark']]) {
  story(`a pasted message leads to what brings it about, ${width} wide`, { viewport: { width, height: 900 }, colorScheme }, async (page, address) => {
    await page.goto(`${address}#/messages`);
    await page.getByLabel('The message').fill(BARE);
    await page.getByRole('heading', { name: 'The token is past its lifetime.' }).waitFor();
    await page.getByText('Several things bring this about').waitFor();
    await page.getByText('So words it: containerd 2.1.0 to 2.3.2').first().waitFor();
    await page.getByText('How it reads with other runtimes').first().click();
    await page.getByText('Your authorization token has expired').first().waitFor();
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(over <= 0, `${over} pixels too wide`);
    await page.getByLabel('The message').fill('the dog ate the manifest');
    await page.getByText('No message of Kubernetes, containerd or a registry is known that reads like this').waitFor();
  });
}

story('the last rung explains its message, and how it reads elsewhere', {}, async (page, address) => {
  await page.goto(`${address}#/play/thirteen-hour-token`);
  await page.getByRole('button', { name: 'Open it without a diagnosis (counts as a hint)' }).click();
  const explain = page.getByRole('button', { name: 'What does this message mean?' });
  await explain.click();
  assert.equal(await explain.getAttribute('aria-expanded'), 'true');
  await page.getByText('containerd 2.3.3 and later', { exact: true }).waitFor();
  await page.getByRole('button', { name: /The registry's answer/ }).waitFor();
  await page.getByRole('link', { name: 'Look up another message' }).click();
  await page.getByRole('heading', { level: 1, name: 'What does this message mean?' }).waitFor();
});
