/** The kinds of the Prometheus operator that deploy/ uses, with no more fields than it uses: a field that is misspelt is refused. */
import assert from "node:assert/strict";
import { until, type Lab } from "../lab/index.ts";

const group = "monitoring.coreos.com";
const version = "v1";

const text = { type: "string" };
const texts = { type: "object", additionalProperties: text };
const list = (items: object): object => ({ type: "array", items });
const fields = (properties: Readonly<Record<string, object>>, ...required: readonly string[]): object => ({
  type: "object",
  properties,
  ...(required.length > 0 ? { required } : {}),
});

/** Field names and types are those of the operator's own definitions. */
const kinds = {
  PodMonitor: fields(
    {
      jobLabel: text,
      selector: fields({ matchLabels: texts }),
      podMetricsEndpoints: list(fields({ port: text, interval: text })),
    },
    "selector",
  ),
  PrometheusRule: fields({
    groups: list(
      fields(
        {
          name: text,
          rules: list(fields({ alert: text, expr: text, for: text, labels: texts, annotations: texts }, "expr")),
        },
        "name",
      ),
    ),
  }),
};

/** Resolves when the API server serves them. */
export async function installPrometheusKinds(lab: Lab): Promise<void> {
  for (const [kind, spec] of Object.entries(kinds)) {
    const plural = `${kind.toLowerCase()}s`;
    const { status, text } = await lab.admin("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: "Namespaced",
        names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
        versions: [
          { name: version, served: true, storage: true, schema: { openAPIV3Schema: fields({ spec }, "spec") } },
        ],
      },
    });
    assert.ok(status === 201 || status === 409, text);
    await until(`the API server serves ${plural}`, async () => {
      const answer = await lab.admin("GET", `/apis/${group}/${version}/namespaces/default/${plural}`);
      return answer.status === 200;
    });
  }
}
