import axe from "axe-core";
import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { type MadeService, TOKEN } from "./made_service.ts";

/** The worst look that a page can have: light or dark, wide or as a phone. */
export interface Look {
  readonly scheme: "light" | "dark";
  readonly width: number;
}

export const LIGHT: Look = { scheme: "light", width: 1280 };
export const DARK: Look = { scheme: "dark", width: 1280 };
export const PHONE: Look = { scheme: "light", width: 360 };

/** What happened on a page that must not happen. */
interface Mishaps {
  /** Errors that nobody caught, and violations of the content security policy. */
  readonly errors: string[];
}

/** A tab with the console, and what went wrong in it. */
export interface ConsoleTab extends Mishaps, AsyncDisposable {
  readonly page: Page;
  /** Goes to a place of the console, signed in. */
  visit(fragment: string): Promise<void>;
  /** Takes a look, for people who want to see the pictures: `HOLDFAST_PICTURES=folder`. */
  look(look: Look, name: string): Promise<void>;
}

/** Opens a tab. */
export async function openTab(context: BrowserContext, service: MadeService): Promise<ConsoleTab> {
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    if (/content security policy|refused to/i.test(message.text())) errors.push(message.text());
  });
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      console.error(
        `Content Security Policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`,
      );
    });
  });
  return {
    page,
    errors,
    async visit(fragment) {
      const isOpen = page.url().startsWith(service.url) && (await page.locator("header.head").count()) > 0;
      if (!isOpen) {
        await page.goto("about:blank");
        await page.goto(`${service.url}#token=${TOKEN}`);
        await page.locator("header.head").waitFor();
      }
      await page.evaluate((hash) => {
        location.hash = hash;
      }, fragment);
    },
    async look({ scheme, width }, name) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: width < 600 ? 740 : 900 });
      const folder = process.env.HOLDFAST_PICTURES;
      if (folder === undefined) return;
      const path = `${folder}/${name}-${width < 600 ? "phone-" : ""}${scheme}.png`;
      await page.screenshot({ path, fullPage: (await page.locator("dialog[open]").count()) === 0 });
    },
    async [Symbol.asyncDispose]() {
      await page.close();
    },
  };
}

/** Checks a page with axe: every rule, or some. It is run by the debugger, which no policy concerns. */
export async function expectAccessible(page: Page, name: string, rules?: readonly string[]): Promise<void> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  const violations = await page.evaluate(async (only) => {
    const { run } = (globalThis as unknown as { axe: typeof axe }).axe;
    const { violations } = await run(document, {
      resultTypes: ["violations"],
      ...(only === undefined ? {} : { runOnly: [...only] }),
    });
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`,
    );
  }, rules);
  expect(violations, name).toEqual([]);
}

/** Nothing on a page is wider than the screen. */
export async function expectNoOverflow(page: Page, name: string): Promise<void> {
  const [content, screen] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  expect(content, `${name}: the width of the page`).toBeLessThanOrEqual(screen ?? 0);
}
