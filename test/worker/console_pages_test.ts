/** The pages beside the Worker, as static files in front of it: see wrangler.toml. */
import { expect, test } from "vitest";
import { CSP } from "../console/made_service.ts";
import { errorsOf, startChromium, whyNoChromium } from "../support/chromium/browser.ts";
import { startWorker } from "./worker_process.ts";

test("the page of the API is opened beside a Worker, at /v1/docs, and a Worker alone has none", async ({
  skip,
}) => {
  skip(whyNoChromium() !== undefined, whyNoChromium());
  await using alone = await startWorker();
  expect((await alone.fetch("/v1/docs")).status).toBe(404);
  await using worker = await startWorker({ assets: "dist/console" });
  // The Worker still answers what is no file.
  expect(await (await worker.fetch("/v1/health")).json()).toEqual({ status: "ok" });
  await using browser = await startChromium();
  const page = await browser.context.newPage();
  const errors = errorsOf(page);
  const answer = await page.goto(`${worker.url}/v1/docs`);
  expect(answer?.headers()["content-security-policy"]).toBe(CSP);
  await page.getByRole("heading", { name: "Holdfast API" }).waitFor();
  expect(await page.locator("article").count()).toBeGreaterThan(15);
  await page.getByText("/v1/accounts/{account}/limits").first().waitFor();
  expect(errors).toEqual([]);
});
