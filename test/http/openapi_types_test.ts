import openapiTypes, { astToString } from "openapi-typescript";
import { describe, expect, test } from "vitest";
import { openApiDocument } from "../../src/openapi/mod.ts";

const HEADER = `/**
 * Types of the paths and the schemas of the OpenAPI document. Written by openapi-typescript: after a change of
 * the document run \`npx vitest run --project system test/http/openapi_types_test.ts --update\`.
 */

`;

describe("src/openapi/openapi_types.ts", () => {
  test("is what openapi-typescript makes of the document", async () => {
    const types = astToString(await openapiTypes(openApiDocument() as never, { silent: true }));
    await expect(HEADER + types).toMatchFileSnapshot("../../src/openapi/openapi_types.ts");
  }, 60_000);
});
