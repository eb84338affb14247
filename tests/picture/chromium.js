// Has headless Chromium draw the page, and takes its picture.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const FOLDERS = {
    '/page/': new URL('page/', import.meta.url),
    '/uplot/': new URL('node_modules/uplot/dist/', import.meta.url),
};
const TYPES = { html: 'text/html', css: 'text/css', js: 'text/javascript', json: 'application/json' };
/** Names that Chromium is installed by; none is downloaded. */
const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A PNG of the whole page. `width` is in pixels of the page, of which each is `scale` in the picture. */
export async function photograph(answers, { width, scale }) {
    const executablePath = process.env.CHROMIUM ?? PROGRAMS.find((path) => existsSync(path));
    if (executablePath === undefined)
        throw new Error('there is no Chromium: install it (Debian: chromium, fonts-inter), or name it in CHROMIUM');
    const browser = await chromium.launch({ executablePath, args: ['--font-render-hinting=none'] });
    try {
        const page = await browser.newPage({
            viewport: { width, height: 1000 },
            deviceScaleFactor: scale,
            timezoneId: 'UTC',
        });
        const wrong = [];
        page.on('pageerror', (error) => wrong.push(error.stack));
        await page.route('**', (route) => serve(route, answers));
        await page.goto('http://picture.invalid/page/index.html');
        await page
            .waitForFunction(() => document.documentElement.dataset.drawn, undefined, { timeout: 20_000 })
            .catch((error) => {
                throw wrong.length > 0 ? new Error(wrong.join('\n')) : error;
            });
        return { png: await page.screenshot({ fullPage: true }), cut: await page.evaluate(cutOff) };
    } finally {
        await browser.close();
    }
}

/** Files of the page; nothing is asked of the network. */
async function serve(route, answers) {
    const path = new URL(route.request().url()).pathname;
    const contentType = TYPES[path.split('.').pop()];
    if (path === '/answers.json') return route.fulfill({ contentType, body: JSON.stringify(answers) });
    const [start, folder] = Object.entries(FOLDERS).find(([name]) => path.startsWith(name)) ?? [];
    if (start === undefined) return route.abort();
    return route.fulfill({
        contentType,
        body: await readFile(fileURLToPath(new URL(path.slice(start.length), folder))),
    });
}

/** Runs in the page: panels whose title or content is larger than its place. */
function cutOff() {
    const panels = [...document.querySelectorAll('.panel')];
    const parts = (panel) => [panel.querySelector('h2'), ...panel.querySelectorAll('.body, .legend, .legend > *')];
    const isCut = (part) => part.scrollWidth > part.clientWidth + 1 || part.scrollHeight > part.clientHeight + 1;
    return panels.filter((panel) => parts(panel).some(isCut)).map((panel) => panel.querySelector('h2').textContent);
}
