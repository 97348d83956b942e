import openapiTypes, { astToString } from "openapi-typescript";
import { describe, expect, test } from "vitest";
import { openApiDocument } from "../../src/openapi/mod.ts";

const HEADER = `/**
 * Types of the paths and the schemas of the OpenAPI document. Written by openapi-typescript: after a change of
 * the document run \`npx vitest run --project system test/http/openapi_types_test.ts --update\`.
 */

`;

/**
 * The comments of what is exported. The parts have none, since they are those of the document: `@ignore` says so
 * to `deno doc`.
 */
const COMMENTS = {
  paths:
    "The paths of the service, in the form that `openapi-fetch` reads: `createClient<paths>({ baseUrl })`.",
  components: 'The schemas of the service\'s requests and answers: `components["schemas"]["Problem"]`.',
};

/** @returns The types with the comments. */
function commented(types: string): string {
  return Object.entries(COMMENTS).reduce((text, [name, comment]) => {
    const head = `export interface ${name} {`;
    if (!text.includes(head)) throw new Error(`comment types: ${name} is not exported`);
    return text.replace(head, `/**\n * ${comment}\n *\n * @ignore\n */\n${head}`);
  }, types);
}

describe("src/openapi/openapi_types.ts", () => {
  test("is what openapi-typescript makes of the document", async () => {
    const types = astToString(await openapiTypes(openApiDocument() as never, { silent: true }));
    await expect(HEADER + commented(types)).toMatchFileSnapshot("../../src/openapi/openapi_types.ts");
  }, 60_000);
});
