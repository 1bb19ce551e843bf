import assert from 'node:assert/strict';

import axe from 'axe-core';

/** Fails when axe finds something that keeps people out: in WCAG 2 up to AA, or in its own good practices. */
export async function expectAccessible(page, where = page.url()) {
  await page.evaluate(axe.source); // which the page's content security policy does not let it load itself
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(serious.map(({ help, nodes }) => `${help}: ${nodes.map(node => `${node.html} (${node.failureSummary})`).join(' and ')}`), [], where);
}
