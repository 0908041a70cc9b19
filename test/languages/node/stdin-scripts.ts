// Scripts that use standard input in every way, to be compared with what they do when their input comes through a pipe.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Interpreter } from "../../../runner/languages/language.ts";
import { node } from "../../../runner/languages/node/node.ts";
import { runScript } from "../../support/run-script.ts";
import type { Outcome } from "../../support/run-script.ts";

/** Named scripts; `.mjs` marks an ES module. Each prints the same however its input is cut into chunks. */
export const STDIN_SCRIPTS: Readonly<Record<string, string>> = {
  "its kind": `
    const s = process.stdin;
    console.log(s.constructor.name, s.isTTY, s.fd, typeof s.setRawMode, s.readable, s.writable, s.readableHighWaterMark,
      s.readableFlowing, s.isPaused(), s.destroyed, s.closed, s.writableEnded, s.bytesRead, s.bytesWritten, s.readyState, s.connecting,
      s.pending, s.remoteAddress, s.address(), s.allowHalfOpen, s instanceof require('net').Socket, s === process.stdin, Object.keys(s)
      .sort(), s.eventNames(), s.listenerCount('pause'))
  `,
  "its property": `
    const d = Object.getOwnPropertyDescriptor(process, 'stdin');
    console.log(Object.keys(d), typeof d.get, d.set, d.enumerable, d.configurable, Object.keys(process).indexOf('stdin') > 0)
  `,
  "methods that return the stream": `
    const s = process.stdin;
    console.log(s.unref() === s, s.ref() === s, s.setEncoding('utf8') === s, s.setTimeout(0) === s, s.setKeepAlive() === s,
      s.setNoDelay() === s, s.pause() === s, s.resume() === s)
  `,
  "its events": `
    let n = 0; process.stdin.on('data', (d) => n += d.length);
    for (const e of ['pause', 'resume', 'end', 'close', 'error', 'finish']) process.stdin.on(e, (x) => console.log(e, x, n))
  `,
  "unref, with nothing else to do": "process.stdin.unref(); process.stdin.on('data', () => console.log('data')); console.log('x')",
  "unref and ref": "process.stdin.on('end', () => console.log('end')).unref().resume().ref()",
  "unref, then a timer": `
    process.stdin.resume().unref(); process.stdin.on('close', () => console.log('close'));
    setTimeout(() => console.log('timer'), 300)
  `,
  "resume keeps the process alive": `
    process.stdin.resume(); process.on('exit', (c) => console.log('exit', c));
    process.stdin.on('end', () => console.log('end')).on('close', (h) => console.log('close', h))
  `,
  "nothing read keeps nothing alive": `
    process.stdin; process.stdin.on('end', () => console.log('end')); process.on('exit', () => console.log('exit'))
  `,
  "pause lets the process end": `
    process.stdin.once('data', () => { console.log('data'); process.stdin.pause(); });
    process.stdin.on('end', () => console.log('end')); process.on('exit', () => console.log('exit'))
  `,
  "pause, then resume": `
    let n = 0; process.stdin.pause().on('data', (d) => n += d.length).on('end', () => console.log(n));
    setTimeout(() => { console.log('resume', n); process.stdin.resume(); }, 30)
  `,
  "destroy": `
    process.stdin.on('close', (h) => console.log('close', h)).on('end', () => console.log('end'));
    process.stdin.destroy(); console.log(process.stdin.destroyed, process.stdin.readable)
  `,
  "destroy with an error": `
    process.stdin.on('close', (h) => console.log('close', h)).on('error', (e) => console.log('error', e.message));
    process.stdin.destroy(new Error('mine'))
  `,
  "destroy at the first data": `
    process.stdin.on('data', () => { console.log('data'); process.stdin.destroy(); }).on('close', (h) => console.log('close', h))
      .on('end', () => console.log('end'))
  `,
  "destroySoon and end": `
    console.log(process.stdin.end() === process.stdin);
    process.stdin.on('close', (h) => console.log('close', h)).on('error', (e) => console.log(e.code)).resume()
  `,
  "write": `
    process.stdin.on('error', (e) => console.log(e.code)).on('close', (h) => console.log('close', h));
    console.log(process.stdin.write('x'))
  `,
  "for await": `
    (async () => { let n = 0; for await (const c of process.stdin) n += c.length;
      console.log(n, process.stdin.destroyed, process.stdin.readableEnded); process.stdin.on('close', () => console.log('close')); })()
  `,
  "for await with a break": `
    (async () => { for await (const c of process.stdin) { console.log(c.length > 0); break; } console.log(process.stdin.destroyed); })()
  `,
  "readline": `
    require('readline').createInterface({ input: process.stdin }).on('line', (l) => console.log('line', l.length))
      .on('close', () => console.log('readline close', process.stdin.destroyed, process.stdin.isPaused()));
    process.stdin.on('close', () => console.log('close'))
  `,
  "readline by for await": `
    (async () => { for await (const l of require('readline').createInterface({ input: process.stdin,
      crlfDelay: Infinity })) console.log(l.length); console.log('done'); })()
  `,
  "a question": `
    const rl = require('readline/promises').createInterface({ input: process.stdin });
    rl.question('').then((a) => { console.log(a.length); rl.close(); console.log(process.stdin.isPaused());
      process.on('exit', () => console.log('exit')); })
  `,
  "pipeline": `
    require('stream').pipeline(process.stdin, require('zlib').createGzip(), require('fs')
      .createWriteStream('/dev/null'), (e) => console.log(e, process.stdin.destroyed))
  `,
  "finished": "require('stream').finished(process.stdin, (e) => console.log(e)); process.stdin.resume()",
  "an abort signal": `
    const c = new AbortController();
    require('stream').addAbortSignal(c.signal, process.stdin).on('error', (e) => console.log(e.name))
      .on('close', (h) => console.log('close', h));
    c.abort()
  `,
  "the readable event": `
    let n = 0;
    process.stdin.on('readable', () => { for (let c; (c = process.stdin.read()) !== null;) n += c.length; })
      .on('end', () => console.log('end', n)).on('close', () => console.log('close'))
  `,
  "an encoding": `
    let t = '';
    process.stdin.setEncoding('utf8').on('data', (d) => t += d).on('end', () => console.log(typeof t, JSON.parse(t).length))
  `,
  "stream consumers": "require('stream/consumers').json(process.stdin).then((v) => console.log(v.length))",
  "a web stream": "new Response(require('stream').Readable.toWeb(process.stdin)).text().then((t) => console.log(t.length))",
  "openStdin": "process.openStdin().on('end', () => console.log('end')).resume()",
  "the descriptor after the end": `
    process.stdin.on('end', () => console.log(require('fs').readFileSync(0).length, process.stdin.read(), process.stdin.readable)).resume()
  `,
  "a time-out": "process.stdin.setTimeout(5, () => { console.log('time-out'); process.stdin.destroy(); })",
  "errors in a data listener": `
    process.on('uncaughtException', (e) => console.log('caught', e.message));
    process.stdin.once('data', () => { throw new Error('once'); }).on('end', () => console.log('end'))
      .on('close', () => console.log('close')).resume()
  `,
  "an uncaught error in a listener": "process.stdin.on('end', () => { throw new Error('mine'); }).resume()",
  "asynchronous context": `
    const { AsyncLocalStorage } = require('async_hooks'); const s = new AsyncLocalStorage();
    s.run('context', () => process.stdin.on('end', () => console.log(s.getStore())).resume())
  `,
  "a child that gets the stream": `
    require('child_process').spawn('wc', ['-c'], { stdio: [process.stdin, 'inherit', 'inherit'] })
      .on('close', (c) => console.log('closed', c))
  `,
  "a child that inherits": `
    require('child_process').spawnSync('sh', ['-c', 'cat | wc -c'], { stdio: 'inherit' });
    console.log(require('fs').readFileSync(0).length)
  `,
  "a child that is piped to": `
    const c = require('child_process').spawn('wc', ['-c'], { stdio: ['pipe', 'inherit', 'inherit'] });
    process.stdin.pipe(c.stdin); c.on('close', (x) => console.log('closed', x))
  `,
  "a fork that reads a pipe": `
    if (process.argv[2]) process.stdin.on('close', () => console.log('child close')).resume();
    else { const c = require('child_process').fork(__filename, ['x'], { stdio: ['pipe', 'inherit', 'inherit', 'ipc'] }); c.stdin.end('x'); }
  `,
  "a fork that inherits": `
    if (process.argv[2]) { process.stdin.unref().ref(); let n = 0; process.stdin.on('data', (d) => n += d.length)
      .on('close', () => console.log('close', n)); } else require('child_process').fork(__filename, ['x'])
  `,
  "a worker's own": `
    const { Worker, isMainThread } = require('worker_threads');
    if (isMainThread) { const w = new Worker(__filename, { stdin: true }); w.stdin.end('abc');
      } else process.stdin.on('data', (d) => console.log(String(d), process.stdin.constructor.name))
  `,
  "an ES module.mjs": `
    import process, { stdin } from 'node:process'; let n = 0; for await (const c of stdin) n += c.length;
    console.log(n, stdin === process.stdin, stdin.closed)
  `,
};

/** Where and with what a script of the table runs. */
interface Setting {
  readonly home: string;
  readonly interpreter: Interpreter;
  readonly input: string;
}

/** Fails unless a script of the table does under the runner's command line what it does under a bare interpreter that `cat` feeds. */
export async function assertAsWithPipe(name: string, setting: Setting): Promise<void> {
  const code = STDIN_SCRIPTS[name] ?? "";
  const [{ file, ...found }, expected] = await Promise.all([
    runScript(code, { ...setting, language: node }), withPipe(name, code, setting),
  ]);
  assert.deepEqual({ ...found, stderr: found.stderr.replaceAll(file, "<file>") }, expected);
}

async function withPipe(name: string, code: string, { home, interpreter, input }: Setting): Promise<Omit<Outcome, "file">> {
  const place = await mkdtemp(join(home, "pipe-"));
  const [inputFile, file] = [join(place, "input.json"), join(place, name.endsWith(".mjs") ? "code.mjs" : "code.js")];
  await Promise.all([writeFile(inputFile, JSON.stringify(input)), writeFile(file, code)]);
  const args = ["-c", 'cat "$1" | exec "$2" "$3"', "sh", inputFile, interpreter.path, file];
  return new Promise((resolve) => {
    execFile("sh", args, { cwd: place, env: { PATH: process.env["PATH"] } }, (error, stdout, stderr) => {
      const exit = error === null ? 0 : (error.code as number | undefined) ?? null;
      resolve({ code: exit, stdout, stderr: stderr.replaceAll(file, "<file>") });
    });
  });
}
