import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { validate } from "@apidevtools/swagger-parser";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { openApiDocument } from "../../src/openapi/mod.ts";

interface Media {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example?: unknown;
}

/** Every media type of the document, with where it is. */
function mediaOf(part: unknown, at = ""): (readonly [string, string, Media])[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([name, value]) =>
    name === "content"
      ? Object.entries(value as Readonly<Record<string, Media>>).map(
          ([type, media]) => [at, type, media] as const,
        )
      : mediaOf(value, `${at}/${name}`),
  );
}

describe("openApiDocument", () => {
  test("is clean by the strict rules of Redocly", async () => {
    const config = await createConfig({ extends: ["recommended-strict"] });
    const source = JSON.stringify(openApiDocument());
    const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
      [],
    );
  });

  // It reads from a file, and follows every reference.
  test("is valid by swagger-parser", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-openapi-"));
    try {
      const path = join(folder, "openapi.json");
      await writeFile(path, JSON.stringify(openApiDocument()));
      await expect(validate(path)).resolves.toMatchObject({ openapi: "3.1.0" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("has an example of every body in JSON, which fits its schema", () => {
    const document = openApiDocument();
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    ajv.addSchema({ $id: "openapi", ...document });
    const media = mediaOf(document).filter(([, type]) => type.endsWith("json"));
    expect(media.length).toBeGreaterThan(20);
    for (const [at, , { schema, example }] of media) {
      // The document itself has no example.
      if (at.startsWith("/paths//v1/openapi.json")) continue;
      const { $ref } = schema as { readonly $ref: string };
      const check = ajv.getSchema(`openapi${$ref}`);
      expect(check, at).toBeDefined();
      expect(check?.(example) || check?.errors, at).toBe(true);
    }
  });

  test("says of every operation who may call it, and which refusals there are", () => {
    const paths = openApiDocument().paths as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (method === "parameters") continue;
        const at = `${method} ${path}`;
        const statuses = Object.keys(operation.responses);
        expect(operation.description.length, at).toBeGreaterThan(20);
        expect(operation.tags, at).toHaveLength(1);
        if (operation.security.length > 0)
          expect(statuses, at).toEqual(expect.arrayContaining(["401", "403"]));
        if (operation.requestBody !== undefined)
          expect(statuses, at).toEqual(expect.arrayContaining(["400", "413", "415"]));
        expect(
          statuses.some((status) => status.startsWith("4")),
          at,
        ).toBe(true);
      }
    }
  });
});

interface Operation {
  readonly description: string;
  readonly tags: readonly string[];
  readonly security: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}
