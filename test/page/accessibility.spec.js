import { expectAccessible } from './accessibility.js';
import { addSamples } from './sample.js';
import { scenario } from './scenario.js';
import { goTo, screensOf } from './screens.js';

scenario('there is something to show', () => addSamples());

for (const theme of ['light', 'dark']) {
  scenario(`every screen is accessible: ${theme}`, async ({ open }) => {
    const page = await open('', { theme });
    for (const hash of await screensOf(page)) {
      await goTo(page, hash);
      await expectAccessible(page);
    }
  });
}
