import type { JSX } from "preact";
import type { ApiContent, ListedAnswer, ListedOperation } from "../api/api_document.ts";
import { Prose } from "../parts/prose.tsx";
import { Field, SchemaBody, SchemaType } from "./api_schema.tsx";

/** Examples with at most so many lines are open. */
const SHORT_LINES = 12;

/** Everything about an operation. */
export function OperationView({ operation }: { readonly operation: ListedOperation }): JSX.Element {
  const { answers, description, method, operationId, parameters, path, requestBody, summary } = operation;
  const id = `operation-${operationId}`;
  return (
    <article class="operation" aria-labelledby={id}>
      <h3 id={id} tabIndex={-1}>
        {summary}
      </h3>
      <p>
        <OperationPlace method={method} path={path} />
      </p>
      {description !== undefined && (
        <p>
          <Prose text={description} />
        </p>
      )}
      <p>
        <Prose text={permissionOf(operation)} />
      </p>
      {parameters.length > 0 && (
        <>
          <h4>Parameters</h4>
          <ul class="members">
            {parameters.map(({ in: place, name, required, description, schema }) => (
              <Field
                key={`${place} ${name}`}
                {...{ name, schema, place, description }}
                isRequired={required === true}
              />
            ))}
          </ul>
        </>
      )}
      {requestBody !== undefined && (
        <>
          <h4>Request body</h4>
          <Contents content={requestBody.content} />
        </>
      )}
      <h4>Answers</h4>
      <ul class="answers">
        {answers.map((answer) => (
          <Answer key={answer.status} answer={answer} />
        ))}
      </ul>
    </article>
  );
}

/** The method and the path of an operation. */
export function OperationPlace({ method, path }: Pick<ListedOperation, "method" | "path">): JSX.Element {
  return (
    <code>
      <span class="method">{method}</span> {path}
    </code>
  );
}

/** The permission that an operation needs, in words. */
function permissionOf({ security = [] }: ListedOperation): string {
  if (security.length === 0) return "Needs no token.";
  const permissions = security.flatMap((scheme) => Object.values(scheme).flat());
  return `Needs a token with the permission ${permissions.map((name) => `\`${name}\``).join(" or ")}.`;
}

function Answer({ answer }: { readonly answer: ListedAnswer }): JSX.Element {
  const { code, content, description = "", isProblem, status } = answer;
  return (
    <li>
      <p>
        <code class="status">{status === "default" ? "others" : status}</code>{" "}
        {code !== undefined && (
          <>
            <code class="code">{code}</code>{" "}
          </>
        )}
        <Prose text={description} />
      </p>
      {!isProblem && content !== undefined && <Contents content={content} />}
    </li>
  );
}

/** A body: its media types, their schemas and examples. */
function Contents({ content }: { readonly content: Readonly<Record<string, ApiContent>> }): JSX.Element {
  return (
    <>
      {Object.entries(content).map(([type, { schema, example }]) => (
        <div key={type}>
          <p class="beside">
            <code>{type}</code>
            {schema !== undefined && (
              <>
                {": "}
                <SchemaType schema={schema} />
              </>
            )}
          </p>
          {schema !== undefined && <SchemaBody schema={schema} />}
          {example !== undefined && <Example value={example} />}
        </div>
      ))}
    </>
  );
}

function Example({ value }: { readonly value: unknown }): JSX.Element {
  const text = JSON.stringify(value, undefined, 2);
  return (
    <details open={text.split("\n").length <= SHORT_LINES}>
      <summary>Example</summary>
      <pre class="example">{text}</pre>
    </details>
  );
}
