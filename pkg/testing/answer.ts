/** The mock's responses, in their known forms. */

/** Headers as a list, which may have duplicates. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Statuses without a body: `Response` refuses one. */
const BODYLESS = new Set([204, 205, 304]);

export function json(value: unknown, status = 200, headers: HeaderList = []): Response {
  return answer(JSON.stringify(value), status, [["content-type", "application/json"], ...headers]);
}

export function answer(body: BodyInit | null, status: number, headers: HeaderList = []): Response {
  return new Response(BODYLESS.has(status) ? null : body, {
    status,
    headers: headers.map(([name, value]) => [name, value]),
  });
}

/**
 * An error response. The form of the real API's error bodies is undocumented;
 * this one is invented, and nothing should rely on it.
 */
export function failure(status: number, message: string, headers: HeaderList = []): Response {
  return json({ error: ERRORS[status] ?? "error", message }, status, headers);
}

const ERRORS: { readonly [status: number]: string } = {
  400: "bad_request",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  409: "conflict",
  413: "payload_too_large",
  422: "unprocessable_entity",
  429: "too_many_requests",
  500: "internal_server_error",
  502: "bad_gateway",
  503: "service_unavailable",
  504: "gateway_timeout",
};
