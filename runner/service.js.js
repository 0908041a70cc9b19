// Node loads this file where there is no `runner/service.js`, since it then tries the name with `.js` added: in a checkout that
// was not built. https://nodejs.org/api/modules.html#file-modules
console.error("This checkout is not built yet: run `npm run build` once, then start the runner again.");
process.exitCode = 1;
