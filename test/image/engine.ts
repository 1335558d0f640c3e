import { copyFile, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { baseStore, storage } from "./base.ts";
import { Workshop } from "./workshop.ts";

/** What an image says about how to start it; the fields of OCI's image configuration that we look at. */
export interface ImageConfig {
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly StopSignal?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface Image {
  readonly name: string;
  readonly config: ImageConfig;
  /** Where its files are to be seen, on this machine. */
  readonly root: string;
  /** Bytes of its layers, as tar files. */
  readonly bytes: number;
}

const certificates = "/etc/ssl/certs/ca-certificates.crt";

/** Builds images with buildah and keeps them, with everything else, in a folder that is gone after the test. */
export class Engine {
  readonly workshop: Workshop;
  readonly #base: string;

  private constructor(workshop: Workshop, base: string) {
    this.workshop = workshop;
    this.#base = base;
  }

  static async open(say: (line: string) => void): Promise<Engine> {
    const base = await baseStore(say);
    const engine = new Engine(new Workshop(await mkdtemp(join(tmpdir(), "leader-exec-image-"))), base);
    await engine.#writeNpmSettings();
    return engine;
  }

  close(): Promise<void> {
    return this.workshop.close();
  }

  at(...path: readonly string[]): string {
    return join(this.workshop.folder, ...path);
  }

  /**
   * Builds what `dockerfile` says, to its end or to the stage `target`; what an earlier build of this engine has done is not done
   * again. The build sees the npm registry and the certificates that this machine is set up for.
   */
  async build(name: string, context: string, dockerfile: string, target?: string): Promise<Image> {
    const settings = [`${this.at("npmrc")}:/root/.npmrc:ro`];
    if (existsSync(this.at("ca.pem"))) settings.push(`${this.at("ca.pem")}:/run/ca.pem:ro`);
    const volumes = settings.flatMap((volume) => ["--volume", volume]);
    const stage = target === undefined ? [] : ["--target", target];
    const how = ["--pull=never", "--layers", ...stage, "--file", dockerfile, "--tag", name];
    await this.#buildah("bud", ...how, ...volumes, context);
    return this.image(name);
  }

  /** Mounts an image, for as long as the engine lives. */
  async image(name: string): Promise<Image> {
    const told = JSON.parse(await this.#buildah("inspect", "--type", "image", name)) as {
      OCIv1: { config?: ImageConfig };
      Manifest: string;
    };
    const manifest = JSON.parse(told.Manifest) as { layers: { size: number }[] };
    const container = (await this.#buildah("from", "--pull=never", name)).trim();
    return {
      name,
      config: told.OCIv1.config ?? {},
      root: (await this.#buildah("mount", container)).trim(),
      bytes: manifest.layers.reduce((sum, { size }) => sum + size, 0),
    };
  }

  #buildah(...args: string[]): Promise<string> {
    const stores = ["--root", this.at("store"), "--runroot", this.at("run")];
    return this.workshop.run(
      "buildah",
      [...stores, "--storage-opt", `overlay.imagestore=${this.#base}`, ...args],
      storage,
    );
  }

  async #writeNpmSettings(): Promise<void> {
    const file = join(homedir(), ".npmrc");
    const lines = [existsSync(file) ? await readFile(file, "utf8") : ""];
    lines.push(`registry=${(await this.workshop.run("npm", ["config", "get", "registry"])).trim()}`);
    if (existsSync(certificates)) {
      await copyFile(certificates, this.at("ca.pem"));
      lines.push("cafile=/run/ca.pem");
    }
    await writeFile(this.at("npmrc"), `${lines.join("\n")}\n`, { mode: 0o600 });
  }
}
