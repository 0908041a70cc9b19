// A process of its own with packages in a given folder, for tests that kill it or set two of them on one folder. It says
// `installing` when the installer has begun, and in the end where the packages lie or why not.
import { failure, openHouse, ready, runTool } from "./house.ts";

const [, , root = "", code = ""] = process.argv;
const house = await openHouse({
  root,
  runTool(request) {
    const done = runTool(request);
    console.log("installing");
    return done;
  },
});
const provided = await house.ensure(code);
console.log(provided.kind === "ready" ? `ready ${ready(provided).codeHome}` : failure(provided));
await house.close();
