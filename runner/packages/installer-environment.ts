// What an installer's programs find in their environment: the user's own settings, and nothing of the runner's.
import { readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { rootCertificates } from "node:tls";
import { inheritedEnvironment } from "../lib/inherited-environment.ts";

/** Where OpenSSL's, Python's and .NET's programs look for certificates; each is set only where it is not. */
const CERTIFICATE_NAMES = ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/**
 * The runner's environment without its own variables, the interpreter's folder first on the PATH. The certificates of
 * `NODE_EXTRA_CA_CERTS` count for installers that are not Node's too: in a file in `scratch` with the usual authorities,
 * since those installers' settings replace what they trust and do not add to it.
 */
export async function installerEnvironment(inherited: NodeJS.ProcessEnv, interpreterPath: string, scratch: string): Promise<NodeJS.ProcessEnv> {
  const environment: NodeJS.ProcessEnv = inheritedEnvironment(inherited);
  const pathName = Object.keys(environment).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  environment[pathName] = [dirname(interpreterPath), environment[pathName]].filter((part) => part !== undefined && part !== "." && part !== "").join(delimiter);
  const extra = environment["NODE_EXTRA_CA_CERTS"];
  const unset = CERTIFICATE_NAMES.filter((name) => !environment[name]);
  if (!extra || unset.length === 0) return environment;
  const bundle = await writeBundle(extra, join(scratch, "certificates.pem"));
  if (bundle !== undefined) for (const name of unset) environment[name] = bundle;
  return environment;
}

/** Node too goes on without a file of certificates that can't be read. */
async function writeBundle(extra: string, file: string): Promise<string | undefined> {
  try {
    const own = await readFile(extra, "utf8");
    await writeFile(file, `${rootCertificates.join("\n")}\n${own}`);
    return file;
  } catch {
    return undefined;
  }
}
