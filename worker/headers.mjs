// Headers, read in one go. The rules ask for some fifty names of a call and its answer, most of which are not there.

/**
 * For `fields.rs`: the names of all headers, each with a line break; their values go to `values`. A repeated header is
 * one, and its values are a list (RFC 9110 §5.3): `Set-Cookie`, which `forEach` visits once for each value, is one here
 * like the others.
 */
export function fields(headers, values) {
  let names = "";
  let last;
  headers.forEach((value, name) => {
    if (name === last) {
      values[values.length - 1] += `, ${value}`;
      return;
    }
    values.push(value);
    names += `${name}\n`;
    last = name;
  });
  return names;
}

/** For `fields.rs`: one of the values. */
export function value(values, place) {
  return values[place];
}

/** For `fields.rs`: values by other names, as `fetch` takes headers; `places` are of a name and of its value, in turn. */
export function picked(names, values, places) {
  const all = {};
  for (let at = 0; at < places.length; at += 2) all[names[places[at]]] = values[places[at + 1]];
  return all;
}
