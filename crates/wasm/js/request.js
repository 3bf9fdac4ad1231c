/**
 * A copy of a request whose members can be read without an exception, whoever made it; throws where there is none.
 * One look into foreign hands costs less than one for each member.
 */
export function read(request) {
  const { method, path, query, idempotent, isOneShot, maxRetries, timeout, attemptTimeout, remember, keyLevel } =
    request;
  if (typeof path !== "string" || (query !== undefined && typeof query !== "string"))
    throw new TypeError("path and query must be strings");
  return {
    method,
    path,
    query: query === "" ? undefined : query,
    idempotent: idempotent === undefined ? undefined : idempotent === true,
    isOneShot: isOneShot === true,
    maxRetries: maxRetries === undefined ? undefined : Number(maxRetries),
    timeout: timeout === undefined ? Infinity : Number(timeout),
    attemptTimeout: attemptTimeout === undefined ? Infinity : Number(attemptTimeout),
    remember: remember === true,
    keyLevel: keyLevel === undefined ? undefined : String(keyLevel),
  };
}
