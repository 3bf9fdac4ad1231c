/**
 * The headers that name an exchange in a server's logs; the API's own is not documented. The same as in core, which
 * reads them for errors.
 */
const NAMES = ["x-request-id", "request-id", "x-correlation-id", "cf-ray"];

/** The id of an exchange. */
export function requestId(headers: Headers): string | undefined {
  for (const name of NAMES) {
    const value = headers.get(name);
    if (value) return value;
  }
  return undefined;
}
