// Opens a report in headless Chromium as its readers would: wide and narrow, light and dark, and in print. Fails on a
// request to the network, a message on the console, a page that is wider than its window, or a figure that cannot be
// seen. Leaves a screenshot of each.
//
//     node scripts/look.mjs REPORT.html SCREENSHOTS
//
// Needs the package playwright-core, which is looked for in target/look, and /usr/bin/chromium.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const { chromium } = createRequire(join(root, 'target/look/'))('playwright-core');

const [report, screenshots] = process.argv.slice(2);
if (!report || !screenshots) {
  console.error('usage: node scripts/look.mjs REPORT.html SCREENSHOTS');
  process.exit(2);
}
const address = pathToFileURL(resolve(report)).href;
mkdirSync(screenshots, { recursive: true });

const LOOKS = [
  { name: 'wide-light', width: 1400, colorScheme: 'light', media: 'screen' },
  { name: 'wide-dark', width: 1400, colorScheme: 'dark', media: 'screen' },
  { name: 'narrow-light', width: 400, colorScheme: 'light', media: 'screen' },
  { name: 'narrow-dark', width: 400, colorScheme: 'dark', media: 'screen' },
  { name: 'print', width: 800, colorScheme: 'light', media: 'print' },
];

// What is wrong with the page as it is laid out; run in the page.
function faults() {
  const found = [];
  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) {
    found.push(`the page is ${wide.scrollWidth} pixels wide in a window of ${wide.clientWidth}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  for (const id of new Set(ids)) {
    if (ids.filter((other) => other === id).length > 1) found.push(`the id ${id} is there more than once`);
  }
  const pictures = [...document.querySelectorAll('svg[role=img]')];
  if (pictures.length === 0) found.push('there is no figure');
  for (const picture of pictures) {
    const name = picture.querySelector('title')?.textContent ?? '';
    const { left, right, width, height } = picture.getBoundingClientRect();
    if (width < 100 || height < 50) found.push(`${name}: ${width} by ${height} pixels`);
    if (left < 0 || right > wide.clientWidth + 0.5) found.push(`${name}: from ${left} to ${right}, outside the page`);
    if (!name || !picture.querySelector('desc')?.textContent) found.push(`${name}: no title or description`);
    if (!picture.checkVisibility()) found.push(`${name}: hidden`);
    // Words that leave the picture are cut off there. A fraction of a letter is the difference between fonts.
    const frame = picture.getBoundingClientRect();
    for (const text of picture.querySelectorAll('text')) {
      const box = text.getBoundingClientRect();
      const over = Math.max(frame.left - box.left, box.right - frame.right, frame.top - box.top, box.bottom - frame.bottom);
      if (over > 3) found.push(`${name}: the words "${text.textContent}" leave the picture by ${over.toFixed(1)} pixels`);
    }
  }
  return found;
}

const profile = mkdtempSync(join(tmpdir(), 'look-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: '/usr/bin/chromium',
  headless: true,
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
});
const problems = [];
try {
  for (const look of LOOKS) {
    const page = await browser.newPage();
    const tell = (problem) => problems.push(`${look.name}: ${problem}`);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) tell(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => tell(`error: ${error.message}`));
    page.on('request', (request) => {
      const url = request.url();
      if (url !== address && !url.startsWith('data:')) tell(`asks for ${url}`);
    });
    await page.setViewportSize({ width: look.width, height: 1000 });
    await page.emulateMedia({ colorScheme: look.colorScheme, media: look.media });
    await page.goto(address, { waitUntil: 'load' });
    (await page.evaluate(faults)).forEach(tell);
    await page.screenshot({ path: join(screenshots, `${look.name}.png`), fullPage: true });
    if (look.media === 'print') {
      await page.pdf({ path: join(screenshots, 'print.pdf'), format: 'A4' });
    }
    await page.close();
  }
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
console.log(`${LOOKS.length} looks at ${report}: ${problems.length} problems`);
process.exit(problems.length > 0 ? 1 : 0);
