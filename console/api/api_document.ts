import { Failure } from "./failure.ts";
import { Requests } from "./requests.ts";

/** Where the service answers its document, without a token. */
export const DOCUMENT_PATH = "v1/openapi.json";

/** A schema: the keywords that have a place of their own on the page. Every other one is shown as a limit. */
export interface ApiSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, ApiSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | ApiSchema;
  readonly items?: ApiSchema;
  readonly oneOf?: readonly ApiSchema[];
}

export interface ApiParameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: ApiSchema;
}

export interface ApiContent {
  readonly schema?: ApiSchema;
  readonly example?: unknown;
}

interface ApiAnswer {
  readonly $ref?: string;
  readonly description?: string;
  readonly content?: Readonly<Record<string, ApiContent>>;
}

interface ApiOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly ApiParameter[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, ApiContent>>;
  };
  readonly responses: Readonly<Record<string, ApiAnswer>>;
}

/** A path: its operations by their methods, and the parameters of all of them. */
type ApiPath = Readonly<Record<string, unknown>> & { readonly parameters?: readonly ApiParameter[] };

/** The OpenAPI document of a service: what the page shows of it. */
export interface ApiDocument {
  readonly openapi: string;
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly summary?: string;
    readonly description?: string;
  };
  readonly servers?: readonly { readonly url: string; readonly description?: string }[];
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, ApiPath>>;
  readonly components?: {
    readonly schemas?: Readonly<Record<string, ApiSchema>>;
    readonly responses?: Readonly<Record<string, ApiAnswer>>;
    readonly securitySchemes?: Readonly<
      Record<string, { readonly type: string; readonly scheme?: string; readonly description?: string }>
    >;
  };
}

/** An operation with its place, and with its parameters and answers resolved. */
export interface ListedOperation extends Omit<ApiOperation, "parameters" | "responses"> {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly ApiParameter[];
  readonly answers: readonly ListedAnswer[];
}

export interface ListedAnswer extends ApiAnswer {
  readonly status: string;
  /** Whether it describes a problem. */
  readonly isProblem: boolean;
  /** The code of the problem in the example of a status, and not of several. */
  readonly code: string | undefined;
}

const METHODS: readonly string[] = ["get", "put", "post", "delete", "patch", "head", "options", "trace"];

/**
 * Reads the document of the service that the page comes from.
 *
 * @throws {Failure}
 */
export async function readDocument(): Promise<ApiDocument> {
  const document = await new Requests(undefined).get<Partial<ApiDocument> | null>(DOCUMENT_PATH);
  if (typeof document?.openapi !== "string" || document.paths === undefined)
    throw new Failure("failed", "The answer is not an OpenAPI document.");
  return document as ApiDocument;
}

/** The operations of a document, in its order. */
export function operationsOf({ paths, components }: ApiDocument): ListedOperation[] {
  const operations: ListedOperation[] = [];
  for (const [path, shared] of Object.entries(paths)) {
    for (const method of METHODS) {
      const operation = shared[method] as ApiOperation | undefined;
      if (operation === undefined) continue;
      operations.push({
        ...operation,
        ...{ method: method.toUpperCase(), path },
        parameters: [...(shared.parameters ?? []), ...(operation.parameters ?? [])],
        answers: Object.entries(operation.responses).map(([status, answer]) =>
          listedAnswer(status, components?.responses?.[nameOfReference(answer.$ref)] ?? answer),
        ),
      });
    }
  }
  return operations;
}

/** The name at the end of a reference: `Device` of `#/components/schemas/Device`. */
export function nameOfReference(reference = ""): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}

function listedAnswer(status: string, answer: ApiAnswer): ListedAnswer {
  const problem = answer.content?.["application/problem+json"];
  const example = problem?.example as { readonly code?: string } | undefined;
  const code = /^\d+$/.test(status) ? example?.code : undefined;
  return { ...answer, status, isProblem: problem !== undefined, code };
}
