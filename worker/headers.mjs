// Headers, read in one go. The rules ask for some fifty names of a call and its answer, most of which are not there.

/**
 * For `fields.rs`: the value of each header, and at the end the names of all of them, each with a line break. A
 * repeated header is one, and its values are a list (RFC 9110 §5.3): `Set-Cookie`, which `forEach` visits once for
 * each value, is one here like the others.
 */
export function fields(headers) {
  const values = [];
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
  values.push(names);
  return values;
}
