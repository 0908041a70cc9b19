// The environment of an installer's programs: the operator's own settings, and nothing of the runner's.
import { readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { rootCertificates } from "node:tls";
import { withoutRunnerVariables } from "../lib/environment.ts";

/** Where OpenSSL's, Python's and .NET's programs look for certificates; each is set only where it is not. */
const CERTIFICATE_NAMES = ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/**
 * The runner's environment without its own variables, with the interpreter's folder first on the PATH. The certificates of
 * `NODE_EXTRA_CA_CERTS` count for installers that are not Node's too: in a file in `scratch` together with the usual
 * authorities, since those installers replace what they trust by such a file instead of adding to it.
 */
export async function installerEnvironment(
  inherited: NodeJS.ProcessEnv, interpreterPath: string, scratch: string,
): Promise<NodeJS.ProcessEnv> {
  const environment = withoutRunnerVariables(inherited);
  const pathName = Object.keys(environment).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  const folder = dirname(interpreterPath);
  environment[pathName] = [folder === "." ? "" : folder, environment[pathName] ?? ""].filter((part) => part !== "").join(delimiter);
  const extra = environment["NODE_EXTRA_CA_CERTS"];
  const unset = CERTIFICATE_NAMES.filter((name) => !environment[name]);
  if (!extra || unset.length === 0) return environment;
  const bundle = await writeBundle(extra, join(scratch, "certificates.pem"));
  if (bundle !== undefined) for (const name of unset) environment[name] = bundle;
  return environment;
}

/** Node goes on without a file of certificates that it cannot read, and so does this. */
async function writeBundle(extra: string, file: string): Promise<string | undefined> {
  try {
    const own = await readFile(extra, "utf8");
    await writeFile(file, `${rootCertificates.join("\n")}\n${own}`);
    return file;
  } catch {
    return undefined;
  }
}
