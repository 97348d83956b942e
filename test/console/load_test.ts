/**
 * Ten thousand accounts, and an hour of events by a fast clock. The clock of the page is simulated, so its timers
 * run as in an hour; events arrive over a real connection.
 */
import type { CDPSession } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { FlushPoint, Happening } from "../../src/console/model.ts";
import { startChromium, type TestBrowser, whyNoChromium } from "../support/chromium/browser.ts";
import { dose } from "../support/dose.ts";
import { type ConsoleTab, openTab } from "./console_world.ts";
import { manyAccounts, NOW_MS } from "./made_accounts.ts";
import { MadeService } from "./made_service.ts";
import { reset } from "./states.ts";

const reason = whyNoChromium();

const ACCOUNTS = 10_000;
const FIRST_PAINT_MS = 1_000;
const MAX_HEAP_BYTES = 60_000_000;

/** A step of the hour: what arrives in it arrives at once. Shorter than the silence that ends a stream. */
const STEP_MS = 40_000;
const HOUR_STEPS = 90;
/** After these steps every history is full. */
const WARM_STEPS = 30;
/** Rows and points that stay would be more. The simulated clock itself keeps a kilobyte of each step. */
const MAX_GROWTH_BYTES = dose({ short: 500_000, long: 1_200_000 });
/** A row more or less. */
const MAX_GROWTH = 1.05;
/** Flushes and events that a service keeps of an account. */
const HISTORY = 500;
/** How many of the hours there are. */
const HOURS = dose({ short: 1, long: 6 });

let browser: TestBrowser;
let service: MadeService;
let tab: ConsoleTab;
let cdp: CDPSession;

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
  cdp = await browser.context.newCDPSession(tab.page);
  await tab.page.emulateMedia({ reducedMotion: "reduce" });
  // Marks when the first rows are in the page.
  await tab.page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (document.querySelector(".accounts tbody tr") === null) return;
      observer.disconnect();
      requestAnimationFrame(() => performance.mark("rows"));
    }).observe(document, { childList: true, subtree: true });
  });
});

interface Memory {
  readonly heapBytes: number;
  readonly nodes: number;
  readonly listeners: number;
}

/** What is left after everything was collected. */
async function measure(): Promise<Memory> {
  // The browser keeps the times of the last 250 requests.
  await tab.page.evaluate(() => performance.clearResourceTimings());
  await cdp.send("HeapProfiler.collectGarbage");
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = (await cdp.send("Runtime.getHeapUsage")) as { readonly usedSize: number };
  const { nodes, jsEventListeners } = await cdp.send("Memory.getDOMCounters");
  return { heapBytes: usedSize, nodes, listeners: jsEventListeners };
}

describe("10,000 accounts", () => {
  test("are painted within a second, before all are there, in 60 MB", async () => {
    const { page } = tab;
    service.state.rows = manyAccounts(ACCOUNTS);
    service.state.pagePauseMs = 50;
    // Another process may have the machine for a moment: the best of three is what the pages take.
    const paints: number[] = [];
    for (let attempt = 0; attempt < 3 && !paints.some((ms) => ms <= FIRST_PAINT_MS); attempt += 1) {
      await page.goto("about:blank");
      await tab.visit("#/accounts");
      await page.goto("about:blank");
      await page.goto(service.url);
      await page.locator(".accounts tbody tr").first().waitFor();
      expect(await page.getByText("read so far").count()).toBe(1);
      paints.push(
        await page.evaluate(() => performance.getEntriesByName("rows")[0]?.startTime ?? Number.NaN),
      );
    }
    expect(Math.min(...paints)).toBeLessThanOrEqual(FIRST_PAINT_MS);
    await page.getByRole("heading", { name: "5 accounts need you" }).waitFor();
    expect(await page.locator(".accounts tbody tr").count()).toBe(100);
    const { heapBytes, nodes } = await measure();
    console.log(
      `first rows after ${Math.round(Math.min(...paints))} ms, ${Math.round(heapBytes / 1e5) / 10} MB, ${nodes} nodes`,
    );
    expect(heapBytes).toBeLessThanOrEqual(MAX_HEAP_BYTES);
    expect(tab.errors).toEqual([]);
  });

  test("are searched, filtered, sorted and paged", async () => {
    const { page } = tab;
    service.state.rows = manyAccounts(ACCOUNTS);
    await tab.visit("#/accounts?sort=name");
    const first = page.locator(".account-name").first();
    await page.getByText("1–100 of 10,000").waitFor();
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("101–200 of 10,000").waitFor();
    expect(await first.textContent()).toBe("bot-00100");
    await page.getByRole("button", { name: "Account", exact: true }).click();
    await page.getByText("1–100 of 10,000").waitFor();
    expect(await first.textContent()).toBe("bot-09999");
    await page.getByRole("button", { name: "Late 9" }).click();
    await page.getByText("9 accounts", { exact: true }).waitFor();
    await page.getByLabel("Search accounts by name, number or reason").fill("waits bot-0");
    await page.getByText("9 accounts", { exact: true }).waitFor();
    await page.getByLabel("Search accounts by name, number or reason").fill("bot-06008");
    await page.getByText("1 account", { exact: true }).waitFor();
    // Who comes back finds the list as it was.
    await page.getByRole("link", { name: "bot-06008" }).click();
    await page.getByRole("heading", { level: 1, name: "bot-06008" }).waitFor();
    await page.goBack();
    await page.getByText("1 account", { exact: true }).waitFor();
    expect(page.url()).toContain("q=bot-06008&health=late&sort=name-down");
  });
});

/** Lives through an hour, and returns what is in memory when every history is full, and at the end. */
async function hourOf(happens: (step: number) => void): Promise<readonly [warm: Memory, last: Memory]> {
  const { page } = tab;
  let warm: Memory | undefined;
  for (let step = 0; step < HOUR_STEPS * HOURS; step += 1) {
    happens(step);
    await page.clock.runFor(STEP_MS);
    if (step === WARM_STEPS) warm = await measure();
  }
  const last = await measure();
  if (warm === undefined) throw new Error("no step was warm");
  console.log(`after ${WARM_STEPS} steps ${JSON.stringify(warm)}, at the end ${JSON.stringify(last)}`);
  return [warm, last];
}

function expectNoGrowth([warm, last]: readonly [Memory, Memory]): void {
  expect(last.heapBytes).toBeLessThanOrEqual(warm.heapBytes + MAX_GROWTH_BYTES);
  expect(last.nodes).toBeLessThanOrEqual(warm.nodes * MAX_GROWTH);
  expect(last.listeners).toBeLessThanOrEqual(warm.listeners * MAX_GROWTH);
}

describe("an hour of events", () => {
  test("leaves the list as large as it was", async () => {
    const { page } = tab;
    const rows = manyAccounts(1_000);
    service.state.rows = rows;
    await page.clock.install({ time: NOW_MS });
    await tab.visit("#/accounts?sort=name");
    await page.getByText("Live", { exact: true }).waitFor();
    expectNoGrowth(
      await hourOf((step) => {
        const atMs = NOW_MS + step * STEP_MS;
        const changed = Array.from({ length: 20 }, (_, index) => rows[(step * 20 + index) % rows.length]);
        service.emit(
          "accounts",
          changed.map((row) => ({ ...row, lastCommitAtMs: atMs })),
        );
        service.emit("accounts", [{ ...rows[0], name: `new-${step}` }]);
        service.emit("gone", [`new-${step - 1}`]);
      }),
    );
    expect(service.streams).toBe(1);
    expect(tab.errors).toEqual([]);
  });

  test("leaves an account as large as it was", async () => {
    const { page } = tab;
    const name = "bot-porto";
    await page.clock.install({ time: NOW_MS });
    await tab.visit(`#/accounts/${name}`);
    await page.getByText("Live", { exact: true }).waitFor();
    const { detail } = service;
    const [flushes, timeline]: [FlushPoint[], Happening[]] = [[], []];
    service.detail = (row) => ({ ...detail(row), flushes, timeline });
    onTestFinished(() => {
      service.detail = detail;
    });
    const row = service.state.rows.find((known) => known.name === name);
    const open = row === undefined ? undefined : detail(row).open;
    expectNoGrowth(
      await hourOf((step) => {
        for (let index = 0; index < 20; index += 1) {
          const atMs = NOW_MS + step * STEP_MS + index * 1_000;
          const flush: FlushPoint = { atMs, tookMs: 1 + (step % 9), items: 4, rows: 8 };
          const happening: Happening = { atMs, kind: "recovered", text: `Saved again, step ${step}.` };
          flushes.push(flush);
          timeline.push(happening);
          service.emit("flush", flush, name);
          service.emit("happening", happening, name);
        }
        flushes.splice(0, Math.max(0, flushes.length - HISTORY));
        timeline.splice(0, Math.max(0, timeline.length - HISTORY));
        service.emit("open", { ...open, commits: step }, name);
      }),
    );
    await page.getByText("Show all 500").waitFor();
    expect(tab.errors).toEqual([]);
  });
});
