/** Knowledge base sources, with the three steps of an upload. */

import type { Storage } from "../storage.js";
import { iso } from "./random.js";
import { type Call, type JsonObject, Refused, type Route } from "./route.js";
import type { World } from "./world.js";

interface Source {
  readonly type: "kb_sources";
  readonly id: string;
  readonly attributes: JsonObject;
}

const FORMATS = new Set(["application/pdf", "text/markdown", "text/html", "text/plain"]);
const MOST_BYTES = 100 * 1024 * 1024;

export function knowledgeBaseRoutes(world: World, storage: Storage): readonly Route[] {
  const sources: Source[] = [];
  const add = (call: Call, attributes: JsonObject) => {
    const at = iso(call.now);
    const source: Source = {
      type: "kb_sources",
      id: world.dice.uuid(),
      attributes: { file_size: 0, chunk_count: 0, ...attributes, created_at: at, updated_at: at },
    };
    sources.push(source);
    return source;
  };
  const find = (call: Call) => {
    const found = sources.find(({ id }) => id === call.param("sourceId"));
    if (found === undefined) throw new Refused(404, "Source not found");
    return found;
  };
  const remove = (source: Source) => sources.splice(sources.indexOf(source), 1);

  return [
    {
      method: "GET",
      path: "/knowledge-base/sources",
      answer: () => ({
        data: sources.map(({ type, id, attributes: { content: _, ...rest } }) => ({ type, id, attributes: rest })),
      }),
    },
    {
      method: "POST",
      path: "/knowledge-base/sources",
      answer(call) {
        const { title, content = "", format = "text/markdown" } = call.body;
        const file_size = new TextEncoder().encode(String(content)).length;
        return {
          data: add(call, { title, source_type: "manual", content, format, status: "indexing", file_size }),
        };
      },
    },
    {
      method: "POST",
      path: "/knowledge-base/sources/upload",
      answer(call) {
        // The status of a source before its confirmation is undocumented, so it has none.
        const source = add(call, { title: call.body.title ?? "Untitled", source_type: "upload" });
        return { source_id: source.id, upload_url: storage.address(call, source.id) };
      },
    },
    {
      method: "GET",
      path: "/knowledge-base/sources/{sourceId}",
      answer(call) {
        const { type, id, attributes } = find(call);
        const seen = { ...attributes };
        // After one response with the status in progress, the next one is finished.
        if (attributes.status === "indexing") Object.assign(attributes, { status: "indexed", chunk_count: 3 });
        return { data: { type, id, attributes: seen } };
      },
    },
    {
      method: "PATCH",
      path: "/knowledge-base/sources/{sourceId}",
      answer(call) {
        const source = find(call);
        const { title, content } = call.body;
        if (title !== undefined) source.attributes.title = title;
        if (content !== undefined) Object.assign(source.attributes, { content, status: "indexing", chunk_count: 0 });
        source.attributes.updated_at = iso(call.now);
        return { data: source };
      },
    },
    {
      method: "DELETE",
      path: "/knowledge-base/sources/{sourceId}",
      answer(call) {
        remove(find(call));
      },
    },
    {
      method: "POST",
      path: "/knowledge-base/sources/{sourceId}/confirm-upload",
      answer(call) {
        const source = find(call);
        const file = storage.get(source.id);
        if (file === undefined) throw new Refused(call.guesses.invalidStatus, "No file was uploaded");
        if (!FORMATS.has(file.type) || file.bytes > MOST_BYTES) {
          remove(source); // As documented, the upload must start again from the first step.
          throw new Refused(call.guesses.invalidStatus, "The file has another format or is too large");
        }
        Object.assign(source.attributes, {
          format: file.type,
          file_size: file.bytes,
          status: "indexing",
          updated_at: iso(call.now),
        });
        return { data: source };
      },
    },
  ];
}
