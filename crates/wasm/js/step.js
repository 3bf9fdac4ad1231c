/**
 * The steps of a call, as the objects that a driver gets: one crossing each, and
 * nothing that has to be freed. Their types are in `../types.d.ts`.
 */

export function send(action, call, url, slot, attempt, timeout) {
  return { action, call, url, slot, attempt, timeout };
}

export function wait(action, call, url, duration) {
  return { action, call, url, duration };
}

export function success(action) {
  return { action };
}

export function rejected(action, call, limit) {
  return { action, call, limit };
}

export function failed(action, error) {
  return { action, error };
}
