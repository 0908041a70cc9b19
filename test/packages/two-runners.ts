// A process of its own with packages in a given folder, for tests that kill it or set two of them on one folder. It says
// `installing` when the installer has begun, and in the end where the packages lie or why not.
import { failure, openHarness, ready, runTool } from "./harness.ts";

const [, , root = "", code = ""] = process.argv;
const harness = await openHarness({
  root,
  runTool(request) {
    const done = runTool(request);
    console.log("installing");
    return done;
  },
});
const provided = await harness.ensure(code);
console.log(provided.kind === "ready" ? `ready ${ready(provided).codeHome}` : failure(provided));
await harness.close();
