/** Watches one object: from lines of JSON to what changed. Kubernetes API concepts, "Efficient detection of changes". */
import type { IncomingMessage } from "node:http";
import type { Millis } from "../core/types.ts";
import type { Clock, Watch } from "../world.ts";
import { probeAfter } from "./https-agents.ts";
import { member, text, type Json } from "./json.ts";
import { parseBody } from "./kubernetes-answer.ts";
import type { KubernetesClient, Stream } from "./kubernetes-client.ts";
import { Lines } from "./kubernetes-lines.ts";

/** So long until the server's first sign that it watches. */
const connectLimit: Millis = 10_000;
/** A bookmark comes about once a minute: after missing two the server is frozen, or something between swallows all. */
const silenceLimit: Millis = 150_000;

type EndReason = "closed" | "forbidden" | "failed";

/** As WatchListener, for any kind of object. */
export interface ObjectListener {
  /** False: that is no object of the kind which is watched. */
  changed(object: Json): boolean;
  deleted(): void;
  ended(reason: EndReason): void;
}

export interface WatchParts {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  /** Path of the objects of this kind in the namespace. */
  readonly path: string;
  readonly name: string;
  readonly since: string | null;
  readonly listener: ObjectListener;
  /** Told once, however the watch ends. */
  readonly onEnd: (watch: ObjectWatch) => void;
}

export class ObjectWatch implements Watch {
  readonly #parts: WatchParts;
  readonly #stream: Stream;
  #silence: NodeJS.Timeout | undefined;
  #over = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    const { client, clock, path } = parts;
    this.#stream = client.stream({ method: "GET", path, query: this.#query() }, clock.now() + connectLimit);
    void this.#run();
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#silence);
    this.#stream.close();
    this.#parts.onEnd(this);
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    try {
      const answer = await this.#stream.answer;
      if (answer.statusCode === 200) await this.#read(answer);
      this.#end(reasonOf(answer.statusCode ?? 0));
    } catch {
      this.#end("failed"); // the next read or write tells the user why: it meets the same trouble
    }
  }

  /**
   * Without a version, because there was no object, the server begins with what is there now; content that was known
   * already does no harm. Servers end a watch after 30 to 60 minutes; ours are short, so that they move to another
   * server in time, and random, so that many candidates do not come back together.
   */
  #query(): Record<string, string> {
    const { name, since } = this.#parts;
    return {
      watch: "true",
      fieldSelector: `metadata.name=${name}`,
      allowWatchBookmarks: "true",
      timeoutSeconds: String(240 + Math.floor(Math.random() * 120)),
      ...(since === null ? {} : { resourceVersion: since }),
    };
  }

  async #read(answer: IncomingMessage): Promise<void> {
    const lines = new Lines();
    answer.socket.setKeepAlive(true, probeAfter); // so that the kernel notices a black hole
    this.#silence = setTimeout(() => this.#end("failed"), silenceLimit);
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      this.#silence.refresh();
      for (const line of lines.add(chunk)) {
        if (this.#over) return;
        this.#tell(line);
      }
    }
  }

  #tell(line: string): void {
    const event = parseBody(line);
    const kind = text(event, "type");
    const object = member(event, "object");
    if (kind === "BOOKMARK") return;
    if (kind === "ERROR") {
      this.#end(object["code"] === 410 ? "closed" : "failed");
      return;
    }
    const { listener } = this.#parts;
    if (kind === "DELETED") listener.deleted();
    else if (!listener.changed(object)) this.#end("failed");
  }

  #end(reason: EndReason): void {
    if (this.#over) return;
    this.close();
    this.#parts.listener.ended(reason);
  }
}

/** 200: the whole watch has been read. */
function reasonOf(status: number): EndReason {
  if (status === 403) return "forbidden";
  return status === 200 || status === 410 ? "closed" : "failed";
}
