/** Every page of the console in every state, in Chromium: as a sighted person, a screen reader and a phone see it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startChromium, type TestBrowser, whyNoChromium } from "../support/chromium/browser.ts";
import { dose } from "../support/dose.ts";
import {
  type ConsoleTab,
  DARK,
  expectAccessible,
  expectNoOverflow,
  LIGHT,
  openTab,
  PHONE,
} from "./console_world.ts";
import { MadeService } from "./made_service.ts";
import { reset, STATES } from "./states.ts";

const reason = whyNoChromium();

/** A hundred rows of ten kinds take axe ten times as long as ten rows, and a phone has fewer columns of them. */
const IS_LONG = dose({ short: false, long: true });

let browser: TestBrowser;
let service: MadeService;
let tab: ConsoleTab;

beforeAll(async () => {
  if (reason !== undefined) return;
  service = await MadeService.start();
  browser = await startChromium();
  tab = await openTab(browser.context, service);
});

afterAll(async () => {
  if (reason !== undefined) return;
  await browser[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

beforeEach(({ skip }) => skip(reason !== undefined, reason));

describe("a page of the console", () => {
  // One after the other in one tab: a test of its own can be run by its name.
  test.each(STATES)("$name", async ({ name, reach }) => {
    reset(service);
    tab.errors.length = 0;
    await tab.page.goto("about:blank");
    await reach(tab, service);
    await tab.look(LIGHT, name);
    const isShown = IS_LONG || name !== "accounts-10000";
    if (isShown) await expectAccessible(tab.page, `${name}, light`);
    await tab.look(DARK, name);
    if (isShown) await expectAccessible(tab.page, `${name}, dark`, ["color-contrast"]);
    await tab.look(PHONE, name);
    await expectNoOverflow(tab.page, `${name}, phone`);
    if (IS_LONG) await expectAccessible(tab.page, `${name}, phone`);
    expect(tab.errors).toEqual([]);
  });
});
