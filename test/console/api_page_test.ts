/** The page of the HTTP API in Chromium: it shows the whole document of the service, and loads nothing else. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openApiDocument } from "../../src/openapi/mod.ts";
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

interface Answer {
  readonly $ref?: string;
  readonly description?: string;
  readonly content?: Record<string, { readonly example?: { readonly code?: string } }>;
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security: readonly { readonly bearer: readonly string[] }[];
  readonly parameters?: readonly { readonly name: string; readonly description: string }[];
  readonly requestBody?: Required<Pick<Answer, "content">>;
  readonly responses: Record<string, Answer>;
}

interface Document {
  readonly info: { readonly title: string; readonly version: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Record<string, Record<string, unknown> & Pick<Operation, "parameters">>;
  readonly components: {
    readonly schemas: Record<string, object>;
    readonly responses: Record<string, Answer>;
    readonly securitySchemes: Record<string, { readonly description: string }>;
  };
}

const api = openApiDocument() as unknown as Document;

/** Every operation of the document, with what must be on the page of it. */
const OPERATIONS = Object.entries(api.paths).flatMap(([path, { parameters: shared = [], ...methods }]) =>
  Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({
    ...{ operation, shared },
    place: `${method.toUpperCase()} ${path}`,
  })),
);

const PROBLEM = "application/problem+json";

/** The document with an operation of each kind, and the schemas that have every kind of part: what axe checks. */
const SHORT = {
  ...api,
  paths: Object.fromEntries(
    ["/v1/health", "/v1/tokens", "/v1/tokens/{id}"].map((path) => [path, api.paths[path]]),
  ),
  components: {
    ...api.components,
    schemas: { Problem: api.components.schemas.Problem, TokenRequest: api.components.schemas.TokenRequest },
  },
};

const reason = whyNoChromium();

/** The whole document takes axe half a minute. */
const IS_LONG = dose({ short: false, long: true });

let browser: TestBrowser;
let service: MadeService;
let tab: ConsoleTab;

beforeAll(async () => {
  if (reason !== undefined) return;
  service = await MadeService.start({ document: api });
  browser = await startChromium();
  tab = await openTab(browser.context, service);
});

afterAll(async () => {
  if (reason !== undefined) return;
  await browser[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

beforeEach(async ({ skip }) => {
  skip(reason !== undefined, reason);
  Object.assign(service.state, { document: api, fault: "none" });
  service.requests.length = 0;
  tab.errors.length = 0;
  await tab.page.goto("about:blank");
});

async function open(fragment = ""): Promise<void> {
  await tab.page.goto(`${service.url}api.html${fragment}`);
  await tab.page.getByRole("heading", { level: 1, name: `${api.info.title} API` }).waitFor();
}

function resolve(answer: Answer): Answer {
  const name = answer.$ref?.split("/").at(-1);
  return name === undefined ? answer : (api.components.responses[name] ?? {});
}

async function openDetails(): Promise<void> {
  await tab.page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
}

/** What is in each element, of closed details too, as one line, by the id of the element or of its title. */
async function textsById(selector: string): Promise<Map<string, string>> {
  const found = await tab.page
    .locator(selector)
    .evaluateAll((elements) =>
      elements.map((element): [string, string] => [
        element.getAttribute("aria-labelledby") ?? element.id,
        element.textContent ?? "",
      ]),
    );
  return new Map(found.map(([id, text]) => [id, oneLine(text)]));
}

/** A text as the page has it: without the backticks around code. */
function oneLine(text: string): string {
  return text.replaceAll("`", "").replace(/\s+/g, " ").trim();
}

test("has every operation of the document, with all that the document says of it", async () => {
  await open();
  expect(OPERATIONS.length).toBeGreaterThan(15);
  const shownById = await textsById("article");
  expect(shownById.size).toBe(OPERATIONS.length);
  const index = oneLine((await tab.page.locator(".reference-index").textContent()) ?? "");
  for (const { operation, place, shared } of OPERATIONS) {
    const {
      description,
      operationId,
      parameters = [],
      requestBody,
      responses,
      security,
      summary,
    } = operation;
    const answers = Object.values(responses).map(resolve);
    const codes = Object.entries(responses)
      .filter(([status]) => Number(status) >= 400)
      .map(([, answer]) => resolve(answer).content?.[PROBLEM]?.example?.code ?? "a code");
    const contents = [...(requestBody === undefined ? [] : [requestBody]), ...answers].flatMap(
      ({ content = {} }) => Object.entries(content),
    );
    const bodies = contents.filter(([type]) => type !== PROBLEM);
    const texts = [
      ...[summary, description, place],
      ...security.flatMap(({ bearer }) => bearer),
      ...[...shared, ...parameters].flatMap(({ name, description }) => [name, description]),
      ...Object.keys(responses).map((status) => (status === "default" ? "others" : status)),
      ...answers.map(({ description = "" }) => description),
      ...codes,
      ...bodies.map(([type]) => type),
      ...bodies.flatMap(([, { example }]) =>
        example === undefined ? [] : JSON.stringify(example, undefined, 2),
      ),
    ];
    const shown = shownById.get(`operation-${operationId}`) ?? "";
    for (const text of texts) expect(shown, operationId).toContain(oneLine(text));
    if (security.length === 0) expect(shown).toContain("Needs no token.");
    for (const text of [place, summary]) expect(index).toContain(text);
  }
  for (const { name } of api.tags) {
    const ofTag = OPERATIONS.filter(({ operation }) => operation.tags.includes(name));
    const titles = await tab.page.getByRole("region", { name, exact: true }).locator("h3").allTextContents();
    expect(titles, name).toEqual(ofTag.map(({ operation }) => operation.summary));
  }
  expect(tab.errors).toEqual([]);
  expect(service.requests).toEqual(["GET /v1/openapi.json"]);
});

test("has every schema, with its members and limits, and keywords that it does not know", async () => {
  const schemas = { ...api.components.schemas, Odd: { type: "integer", multipleOf: 7 } };
  service.state.document = { ...api, components: { ...api.components, schemas } };
  await open();
  const shown = await textsById(".schema");
  for (const [name, schema] of Object.entries(schemas))
    for (const text of textsOf(schema)) expect(shown.get(`schema-${name}`), name).toContain(oneLine(text));
  expect(shown.get("schema-Odd")).toContain("multipleOf 7");
  const page = oneLine((await tab.page.locator("main").textContent()) ?? "");
  for (const [name, { description }] of Object.entries(api.components.securitySchemes))
    for (const text of [name, description]) expect(page).toContain(oneLine(text));
  expect(page).toContain(`Version ${api.info.version}, from its OpenAPI 3.1.0 document`);
});

/** What a schema says, with that of the schemas in it. */
function textsOf(schema: object): string[] {
  return Object.entries(schema).flatMap(([keyword, value]) => {
    if (keyword === "properties")
      return Object.entries(value).flatMap(([name, member]) => [name, ...textsOf(member as object)]);
    if (keyword === "required" || typeof value === "boolean") return [];
    if (keyword === "oneOf") return (value as object[]).flatMap(textsOf);
    if (keyword === "enum") return (value as unknown[]).map((one) => JSON.stringify(one));
    return typeof value === "object" ? textsOf(value as object) : [String(value)];
  });
}

test("is for every eye, and breaks no policy", async () => {
  if (!IS_LONG) service.state.document = SHORT;
  await open();
  await openDetails();
  await tab.look(LIGHT, "api");
  await expectAccessible(tab.page, "api, light");
  await tab.look(DARK, "api");
  await expectAccessible(tab.page, "api, dark", IS_LONG ? undefined : ["color-contrast"]);
  await tab.look(PHONE, "api");
  await expectAccessible(tab.page, "api, phone", IS_LONG ? undefined : ["link-name", "heading-order"]);
  service.state.document = api;
  await tab.page.reload();
  await tab.page.locator("#schema-Device").waitFor();
  await openDetails();
  await expectNoOverflow(tab.page, "api, phone");
  expect(tab.errors).toEqual([]);
});

test("a link opens the schema that it names, and so does an address", async () => {
  await open("#schema-Device");
  const device = tab.page.locator("#schema-Device");
  await device.getByText("registrationId").waitFor();
  await tab.page.locator("article").getByRole("link", { name: "Snapshot", exact: true }).click();
  const snapshot = tab.page.locator("#schema-Snapshot");
  await snapshot.getByText("takenAtMs").waitFor();
  expect(await snapshot.locator("summary").evaluate((summary) => summary === document.activeElement)).toBe(
    true,
  );
});

test("says that it reads, what failed, and reads again", async () => {
  service.state.fault = "silent";
  await tab.page.goto(`${service.url}api.html`);
  await tab.page.getByRole("heading", { level: 1, name: "Reading the document" }).waitFor();
  await tab.look(LIGHT, "api-loading");
  await expectAccessible(tab.page, "api, loading", ["page-has-heading-one", "color-contrast"]);
  service.state.fault = "failing";
  await tab.page.reload();
  await tab.page
    .getByRole("heading", { level: 1, name: "The document of the service cannot be read" })
    .waitFor();
  await tab.look(DARK, "api-failing");
  await expectAccessible(tab.page, "api, failing");
  Object.assign(service.state, { document: { paths: {} }, fault: "none" });
  const again = tab.page.getByRole("button", { name: "Try again" });
  await again.click();
  await tab.page.getByText("The answer is not an OpenAPI document.").waitFor();
  service.state.document = api;
  await again.click();
  await tab.page.getByRole("heading", { level: 1, name: `${api.info.title} API` }).waitFor();
  expect(tab.errors).toEqual([]);
});
