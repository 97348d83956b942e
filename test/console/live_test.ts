/** How the console is kept up to date, and how it is used by the keyboard alone. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { startChromium, type TestBrowser, whyNoChromium } from "../support/chromium/browser.ts";
import { type ConsoleTab, openTab } from "./console_world.ts";
import { NOW_MS } from "./made_accounts.ts";
import { MadeService, TOKEN } from "./made_service.ts";
import { reset } from "./states.ts";

const reason = whyNoChromium();

let browser: TestBrowser;
let service: MadeService;
let tab: ConsoleTab;

beforeAll(async () => {
  if (reason !== undefined) return;
  service = await MadeService.start();
  browser = await startChromium();
});

afterAll(async () => {
  if (reason !== undefined) return;
  await browser[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

beforeEach(async ({ skip }) => {
  skip(reason !== undefined, reason);
  reset(service);
  await tab?.[Symbol.asyncDispose]();
  tab = await openTab(browser.context, service);
});

const rowOf = (name: string) => {
  const row = service.state.rows.find((known) => known.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return row;
};

async function isLive(): Promise<void> {
  await tab.page.getByText("Live", { exact: true }).waitFor();
}

describe("the list", () => {
  test("follows the stream, and rows that are read keep their places", async () => {
    const { page } = tab;
    await tab.visit("#/accounts");
    await isLive();
    const names = page.locator(".account-name");
    const before = await names.allTextContents();
    await page.getByRole("link", { name: "support/eu-1" }).focus();
    service.emit("accounts", [{ ...rowOf("support/eu-1"), health: "failing", reason: "The disk is full." }]);
    await page.getByRole("heading", { name: "5 accounts need you" }).waitFor();
    await page.locator('tr[data-account="support/eu-1"] .badge.is-failing').waitFor();
    expect(await names.allTextContents()).toEqual(before);
    service.emit("gone", ["bot-faro"]);
    await page.getByRole("heading", { name: "4 accounts need you" }).waitFor();
    expect(await page.locator('tr[data-account="bot-faro"]').count()).toBe(0);
  });

  test("connects again, and reads what it missed", async () => {
    const { page } = tab;
    await tab.visit("#/accounts");
    await isLive();
    service.state.fault = "cut";
    service.cutStreams();
    await page.getByRole("heading", { name: "No connection" }).waitFor();
    service.state.rows = service.state.rows.filter(({ health }) => health === "ok");
    service.state.fault = "none";
    await page.getByRole("button", { name: "Try now" }).click();
    await page.getByRole("heading", { name: "All is well" }).waitFor();
    await isLive();
    expect(service.streams).toBe(1);
  });

  test("says that there is no connection while it tries again", async () => {
    const { page } = tab;
    await page.clock.install({ time: NOW_MS });
    await tab.visit("#/accounts");
    await isLive();
    await stopClock();
    service.state.fault = "cut";
    service.cutStreams();
    await page.getByRole("heading", { name: "No connection" }).waitFor();
    service.state.fault = "silent";
    await page.getByRole("button", { name: "Try now" }).click();
    await page.getByText("Connecting", { exact: true }).waitFor();
    expect(await page.getByRole("heading", { name: "No connection" }).count()).toBe(1);
  });

  test("waits longer after each failure, half a minute at most", async () => {
    const { page } = tab;
    await page.clock.install({ time: NOW_MS });
    await tab.visit("#/accounts");
    await isLive();
    await stopClock();
    service.state.fault = "cut";
    service.requests.length = 0;
    service.cutStreams();
    await page.getByRole("heading", { name: "No connection" }).waitFor();
    for (let second = 0; second < 120; second += 1) await page.clock.runFor(1_000);
    // Half of 1, 2, 4, 8, 16, 30, 30 … seconds at least, and all of them at most.
    const tries = service.requests.filter((request) => request.endsWith("/events")).length;
    expect(tries).toBeGreaterThanOrEqual(6);
    expect(tries).toBeLessThanOrEqual(11);
    service.state.fault = "none";
    for (let second = 0; second < 31; second += 1) await page.clock.runFor(1_000);
    await isLive();
  });

  test("takes a stream on which nothing arrives as dead", async () => {
    const { page } = tab;
    await page.clock.install({ time: NOW_MS });
    await tab.visit("#/accounts");
    await isLive();
    await stopClock();
    service.requests.length = 0;
    await page.clock.runFor(50_000);
    await expect.poll(() => service.requests.filter((request) => request.endsWith("/events")).length).toBe(1);
  });

  test("pauses, and says since when", async () => {
    const { page } = tab;
    await tab.visit("#/accounts");
    await isLive();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Paused: this is how it was at").waitFor();
    await expect.poll(() => service.streams).toBe(0);
    service.state.rows = [];
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByText("There are no accounts yet").waitFor();
  });

  test("is asked for from time to time where there is no stream", async () => {
    const { page } = tab;
    service.state.info = { live: false };
    await page.clock.install({ time: NOW_MS });
    await tab.visit("#/accounts");
    await page.getByText("Every 10 s").waitFor();
    service.state.rows = [];
    await page.clock.runFor(11_000);
    await page.getByText("There are no accounts yet").waitFor();
    expect(service.streams).toBe(0);
  });

  test("says when accounts were asked that are asked one by one", async () => {
    const { page } = tab;
    service.state.hasConsole = false;
    service.state.rows = service.state.rows.filter(({ health }) => health === "ok");
    await tab.visit("#/accounts");
    await page.getByRole("heading", { name: "All was well when asked" }).waitFor();
    await page.getByText(/Asked (at|from) \d\d:\d\d/).waitFor();
  });
});

describe("an account", () => {
  test("says that there is no connection while it tries again", async () => {
    const { page } = tab;
    await page.clock.install({ time: NOW_MS });
    await tab.visit("#/accounts/bot-porto");
    await isLive();
    await stopClock();
    service.state.fault = "cut";
    service.cutStreams();
    await page.getByText("No connection to the service.").waitFor();
    service.state.fault = "silent";
    await page.getByRole("button", { name: "Try now" }).click();
    await page.getByText("Connecting", { exact: true }).waitFor();
    expect(await page.getByText("No connection to the service.").count()).toBe(1);
  });

  test("is asked each minute where accounts are asked one by one, and only while it is seen", async () => {
    const { page } = tab;
    service.state.hasConsole = false;
    await page.clock.install({ time: NOW_MS });
    await tab.visit("#/accounts/bot-porto");
    await page.getByText("Every 1 min").waitFor();
    await stopClock();
    const asked = (): number => service.requests.filter((request) => request.endsWith("/stats")).length;
    service.requests.length = 0;
    const answer = page.waitForResponse((response) => response.url().endsWith("/stats"));
    await page.clock.runFor(61_000);
    await (await answer).finished();
    expect(asked()).toBe(1);
    service.requests.length = 0;
    await page.clock.runFor(30_000);
    expect(asked()).toBe(0);
    await page.clock.runFor(31_000);
    await expect.poll(asked).toBe(1);
    const setHidden = async (isHidden: boolean): Promise<void> =>
      await page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, isHidden);
    await setHidden(true);
    for (let minute = 0; minute < 5; minute += 1) await page.clock.runFor(60_000);
    expect(asked()).toBe(1);
    await setHidden(false);
    await expect.poll(asked).toBe(2);
  });

  test("shows flushes and events as they happen", async () => {
    const { page } = tab;
    await tab.visit("#/accounts/bot-porto");
    await isLive();
    await page.getByText("240", { exact: true }).waitFor();
    service.emit("flush", { atMs: NOW_MS, tookMs: 812, items: 5, rows: 9 }, "bot-porto");
    await page.getByText("812 ms").first().waitFor();
    await page
      .getByRole("img", { name: /^Latency of the last 241 flushes: .* the longest 812 ms\.$/ })
      .waitFor();
    service.emit("happening", { atMs: NOW_MS, kind: "halted", text: "Ten saves failed." }, "bot-porto");
    await page.getByText("Ten saves failed.").waitFor();
    service.emit("open", null, "bot-porto");
    await page.getByText("The account is not open here").waitFor();
    service.state.rows = service.state.rows.filter(({ name }) => name !== "bot-porto");
    service.emit("gone", ["bot-porto"], "bot-porto");
    await page.getByText("There is no account of this name").waitFor();
    expect(tab.errors).toEqual([]);
  });
});

describe("verification", () => {
  test("shows how far it is, and what was found", async () => {
    const { page } = tab;
    await tab.visit("#/accounts/bot-lisbon/verify");
    let goOn = (): void => {};
    service.state.verified = new Promise((resolve) => {
      goOn = resolve;
    });
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("Checking pre_key").waitFor();
    goOn();
    await page.getByText("1 finding").first().waitFor();
    await page.getByText("2,104 rows checked").first().waitFor();
    await page.getByText("Nothing: the peer sets up a new session").waitFor();
    service.state.findings = [];
    await page.getByRole("button", { name: "Verify again" }).click();
    await page.getByText("Nothing is damaged", { exact: true }).waitFor();
  });

  test("is stopped, and says when it fails", async () => {
    const { page } = tab;
    await tab.visit("#/accounts/bot-lisbon/verify");
    service.state.fault = "silent";
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped").waitFor();
    service.state.fault = "failing";
    await page.getByRole("button", { name: "Verify again" }).click();
    await page.getByText("The verification failed").waitFor();
  });
});

describe("the keyboard alone", () => {
  test("signs in, finds an account, and erases it", async () => {
    const { page } = tab;
    await page.goto(service.url);
    await page.getByRole("heading", { name: "Sign in to the console" }).waitFor();
    await page.keyboard.type(TOKEN);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "4 accounts need you" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("bot-faro");
    await page.getByText("1 account", { exact: true }).waitFor();
    await tabTo("bot-faro");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "bot-faro" }).waitFor();
    await tabTo("Erase");
    await page.keyboard.press("Enter");
    // The dialog has the focus, and keeps it.
    await page.getByRole("dialog").waitFor();
    for (let times = 0; times < 8; times += 1) {
      await page.keyboard.press("Tab");
      const isInside = await page.evaluate(
        () => document.activeElement === document.body || document.activeElement?.closest("dialog") !== null,
      );
      expect(isInside).toBe(true);
    }
    await page.keyboard.press("Escape");
    await expect.poll(focused).toBe("Erase");
    await page.keyboard.press("Enter");
    await page.getByLabel("Type bot-faro to go on").focus();
    await page.keyboard.type("bot-faro");
    await page.keyboard.press("Enter");
    await page.getByText("Done: erase of bot-faro.").first().waitFor();
    expect(tab.errors).toEqual([]);
  });

  test("sees where the focus is, and where a page begins", async () => {
    const { page } = tab;
    await tab.visit("#/accounts");
    await page.getByRole("heading", { name: "4 accounts need you" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Help" }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    await page.keyboard.press("a");
    await page.getByRole("heading", { name: "4 accounts need you" }).waitFor();
    for (let times = 0; times < 30; times += 1) {
      await page.keyboard.press("Tab");
      const outline = await page.evaluate(() => {
        const element = document.activeElement;
        if (element === null || element === document.body) return "none is needed";
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return outlineStyle === "solid" && outlineWidth === "2px" ? "seen" : (element.outerHTML ?? "");
      });
      expect(outline).toMatch(/^(seen|none is needed)$/);
    }
  });

  test("has the focus in a new page or dialog before the next key", async () => {
    const { page } = tab;
    await tab.visit("#/accounts");
    await page.getByRole("heading", { name: "4 accounts need you" }).waitFor();
    // The observer runs as soon as the document has changed, and before any other event.
    await page.evaluate(() => {
      const seen: string[] = [];
      Object.assign(globalThis, { seen });
      new MutationObserver(() => {
        const dialog = document.querySelector("dialog");
        const inDialog = dialog?.contains(document.activeElement) === true;
        const where = inDialog ? "in the dialog" : (document.activeElement?.id ?? "");
        if (dialog !== null) seen.push(`dialog: ${where}`);
        else seen.push(`${document.querySelector("h1")?.textContent}: ${where}`);
      }).observe(document.body, { childList: true, subtree: true });
    });
    const firstSeen = async (start: string) =>
      await page.evaluate(
        (start) => (globalThis as unknown as { seen: string[] }).seen.find((text) => text.startsWith(start)),
        start,
      );
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Help" }).waitFor();
    expect(await firstSeen("Help")).toBe("Help: main");
    await page.keyboard.press("t");
    await page.getByRole("button", { name: "Issue a token" }).press("Enter");
    await page.getByRole("dialog").waitFor();
    expect(await firstSeen("dialog")).toBe("dialog: in the dialog");
    await page.keyboard.press("Escape");
  });

  test("does nothing by single keys when they are switched off", async () => {
    const { page } = tab;
    await tab.visit("#/help");
    await page.getByLabel("Use these keys").uncheck();
    await page.keyboard.press("Tab");
    await page.keyboard.press("t");
    expect(page.url()).toContain("#/help");
    await page.getByLabel("Use these keys").check();
    await page.keyboard.press("Tab");
    await page.keyboard.press("t");
    await page.waitForURL(/#\/tokens$/);
  });
});

/**
 * Stops the page's clock, so that no more time passes than a test lets pass, however slow the machine is. A timer
 * that is due within the next second may run.
 */
async function stopClock(): Promise<void> {
  const { clock } = tab.page;
  for (let aheadMs = 1_000; ; aheadMs *= 2) {
    const nowMs = await tab.page.evaluate(() => Date.now());
    try {
      await clock.pauseAt(nowMs + aheadMs);
      // The clock is the browser's: the next test has the same one.
      onTestFinished(async () => await clock.resume());
      return;
    } catch (error) {
      // That moment had passed before the clock was stopped.
      if (aheadMs > 30_000) throw error;
    }
  }
}

/** The text of what has the focus. */
async function focused(): Promise<string> {
  return await tab.page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
}

/** Presses Tab until something with a text has the focus. */
async function tabTo(text: string): Promise<void> {
  for (let times = 0; times < 60; times += 1) {
    if ((await focused()) === text) return;
    await tab.page.keyboard.press("Tab");
  }
  throw new Error(`nothing with the text ${text} gets the focus`);
}
