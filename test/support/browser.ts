// A real browser for tests: a small WebDriver client over chromedriver's HTTP interface.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";

/** How the browser is to be. */
export interface BrowserOptions {
  /** What `prefers-color-scheme` says; `light` by default. */
  readonly scheme?: "light" | "dark";
  /** The size of the page in CSS pixels; 1280 by 900 by default. */
  readonly width?: number;
  readonly height?: number;
  /** Whether pages may run scripts; true by default. */
  readonly javascript?: boolean;
}

/** An open browser. Elements are named by CSS selectors; a selector that finds nothing rejects. */
export interface Browser {
  goto(url: string): Promise<void>;
  url(): Promise<string>;
  title(): Promise<string>;
  /** The visible text of the first element that fits, `body` by default. */
  text(selector?: string): Promise<string>;
  /** How many elements fit. */
  count(selector: string): Promise<number>;
  click(selector: string): Promise<void>;
  /** Types into a field as a person does. */
  type(selector: string, text: string): Promise<void>;
  /** Presses one key wherever the focus is; `\uE004` is Tab, `\uE007` is Enter. */
  press(key: string): Promise<void>;
  /** Runs the body of a function in the page and gives what it returns, as JSON can carry it; promises are awaited. */
  evaluate<T>(body: string, ...args: readonly unknown[]): Promise<T>;
  emulate(options: Pick<BrowserOptions, "scheme" | "width" | "height">): Promise<void>;
  /** A PNG of the whole page, written to `file`. */
  screenshot(file: string): Promise<void>;
  /** Errors and warnings of the console since the last call, violations of the content security policy among them. */
  complaints(): Promise<string[]>;
  /** Ends the browser and its driver, and removes their files. */
  close(): Promise<void>;
}

const programs = {
  driver: ["chromedriver"],
  browser: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
};

function find(names: readonly string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function reasonToSkip(): string | false {
  const lacking = Object.values(programs).filter((names) => !find(names)).map((names) => names.join(" or "));
  const remedy = "(Debian: apt-get install chromium chromium-driver)";
  return lacking.length > 0 && `NOT TESTED IN A BROWSER: no ${lacking.join(", no ")} on the PATH ${remedy}`;
}

/** Why browser tests cannot run here, or false: `test("…", { skip: browserMissing }, …)`. */
export const browserMissing: string | false = reasonToSkip();

const flags = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--hide-scrollbars",
];

/** Opens a browser with a profile of its own. The caller closes it. */
export async function openBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "runner-browser-"));
  const driver = spawn(find(programs.driver) ?? "chromedriver", ["--port=0"], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, TMPDIR: profile },
  });
  const pids = [driver.pid];
  const abandon = (): void => {
    for (const pid of pids) kill(pid);
    rmSync(profile, { recursive: true, force: true });
  };
  process.once("exit", abandon);
  try {
    const root = `http://127.0.0.1:${await portOf(driver)}`;
    const session = await command<Session>(root, "POST", "/session", { capabilities: { alwaysMatch: capabilities(profile) } });
    pids.push(session.capabilities["goog:processID"]);
    const close = async (): Promise<void> => {
      await call("DELETE", "");
      await end(driver, pids, profile);
      process.off("exit", abandon);
    };
    const call: Call = (method, path, body) => command(root, method, `/session/${session.sessionId}${path}`, body);
    const browser = browserOver(call, close);
    await browser.emulate({ scheme: "light", width: 1280, height: 900, ...options });
    if (options.javascript === false) await devtools(call, "Emulation.setScriptExecutionDisabled", { value: true });
    return browser;
  } catch (error) {
    await end(driver, pids, profile);
    process.off("exit", abandon);
    throw error;
  }
}

interface Session {
  readonly sessionId: string;
  readonly capabilities: { readonly "goog:processID"?: number };
}

type Call = <T = unknown>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown) => Promise<T>;

function capabilities(profile: string): object {
  return {
    browserName: "chrome",
    "goog:loggingPrefs": { browser: "ALL" },
    "goog:chromeOptions": { binary: find(programs.browser), args: [...flags, `--user-data-dir=${join(profile, "profile")}`] },
  };
}

/** Resolves with the port that the driver says it listens on. */
async function portOf(driver: ChildProcess): Promise<number> {
  const failed = once(driver, "error").then(([error]: unknown[]) => Promise.reject(error));
  const spoken = (async () => {
    if (driver.stdout) {
      for await (const line of createInterface({ input: driver.stdout })) {
        const port = /started successfully on port (\d+)/.exec(line)?.[1];
        if (port) return Number(port);
      }
    }
    throw new Error("chromedriver ended without naming its port");
  })();
  const port = await Promise.race([spoken, failed]);
  driver.stdout?.resume();
  return port;
}

async function command<T>(root: string, method: string, path: string, body?: unknown): Promise<T> {
  const payload = method === "POST" ? { body: JSON.stringify(body ?? {}), headers: { "content-type": "application/json" } } : {};
  const answer = await fetch(root + path, { method, signal: AbortSignal.timeout(60_000), ...payload });
  const { value } = (await answer.json()) as { value: T };
  if (answer.ok) return value;
  const { error, message } = value as { error: string; message: string };
  throw new Error(`${method} ${path}: ${error}: ${message.split("\n")[0]}`);
}

const devtools = (call: Call, cmd: string, params: object): Promise<unknown> => call("POST", "/goog/cdp/execute", { cmd, params });

function browserOver(call: Call, close: () => Promise<void>): Browser {
  const element = async (selector: string): Promise<string> => {
    const found = await call<Record<string, string>>("POST", "/element", { using: "css selector", value: selector });
    return `/element/${Object.values(found)[0]}`;
  };
  return {
    close,
    goto: async (url) => void (await call("POST", "/url", { url })),
    url: () => call<string>("GET", "/url"),
    title: () => call<string>("GET", "/title"),
    text: async (selector = "body") => settled(async () => call<string>("GET", `${await element(selector)}/text`)),
    count: async (selector) => (await call<unknown[]>("POST", "/elements", { using: "css selector", value: selector })).length,
    click: async (selector) => settled(async () => void (await call("POST", `${await element(selector)}/click`))),
    type: async (selector, text) => void (await call("POST", `${await element(selector)}/value`, { text })),
    press: async (value) => {
      const actions = ["keyDown", "keyUp"].map((type) => ({ type, value }));
      await call("POST", "/actions", { actions: [{ type: "key", id: "keyboard", actions }] });
    },
    evaluate: (body, ...args) => call("POST", "/execute/sync", { script: body, args }),
    emulate: (options) => emulate(call, options),
    screenshot: async (file) => {
      const { cssContentSize: size } = (await devtools(call, "Page.getLayoutMetrics", {})) as { cssContentSize: object };
      const area = { clip: { x: 0, y: 0, scale: 1, ...size }, captureBeyondViewport: true };
      const { data } = (await devtools(call, "Page.captureScreenshot", area)) as { data: string };
      await writeFile(file, data, "base64");
    },
    complaints: async () => {
      const entries = await call<{ level: string; message: string }[]>("POST", "/se/log", { type: "browser" });
      return entries.filter(({ level }) => level === "SEVERE" || level === "WARNING").map(({ message }) => message);
    },
  };
}

async function emulate(call: Call, { scheme, width, height }: BrowserOptions): Promise<void> {
  if (scheme) await devtools(call, "Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  if (width === undefined && height === undefined) return;
  const size = { width: width ?? 1280, height: height ?? 900, deviceScaleFactor: 1, mobile: false };
  await devtools(call, "Emulation.setDeviceMetricsOverride", size);
}

/** Ends the driver, then whatever of the browser is still there, then removes their files. */
async function end(driver: ChildProcess, pids: readonly (number | undefined)[], profile: string): Promise<void> {
  if (driver.pid !== undefined && driver.exitCode === null && driver.signalCode === null) {
    const ended = once(driver, "exit");
    driver.kill("SIGTERM");
    await ended;
  }
  for (const pid of pids.slice(1)) kill(pid);
  await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Looks again when the page replaced the element between the two halves of a look. */
async function settled<T>(look: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await look();
    } catch (error) {
      if (tries === 5 || !String(error).includes("stale element")) throw error;
    }
  }
}
