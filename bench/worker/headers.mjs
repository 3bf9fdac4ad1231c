// The Worker's allow lists of headers; `variants.mjs` puts them in when it bundles.
export const UP = new Set(HEADERS_UP);
export const DOWN = new Set(HEADERS_DOWN);
