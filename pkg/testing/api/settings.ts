/** What an organisation sets up once: labels, scorecards, field configurations. */

import { json } from "../answer.js";
import { MOCK_ORGANIZATION } from "../keys.js";
import { page } from "./paging.js";
import { iso } from "./random.js";
import { type Call, type JsonObject, Refused, type Route } from "./route.js";
import { shelfRoutes } from "./shelf.js";
import type { World } from "./world.js";

const CREATED = iso(Date.UTC(2026, 1, 2, 10));

export function settingsRoutes(world: World): readonly Route[] {
  return [...labels(world), ...scorecards(world), ...fieldConfigurations(world)];
}

function labels(world: World): readonly Route[] {
  const label = (name: string, createdAt: string) => ({
    uuid: world.dice.uuid(),
    name,
    aiFlow: false,
    allTeams: true,
    isDefaultTemplate: false,
    options: [],
    organizationUUID: MOCK_ORGANIZATION,
    createdAt,
  });
  const items: JsonObject[] = ["Expansion", "Churn risk", "Competitor named"].map((name) => label(name, CREATED));
  return shelfRoutes({
    path: "/labels",
    param: "id",
    key: "uuid",
    fields: { name: "string!", description: "string", aiFlow: "boolean", allTeams: "boolean", options: "array" },
    items: () => items,
    make: (call) => label("", iso(call.now)),
  });
}

function scorecards(world: World): readonly Route[] {
  const card = (title: string, createdAt: string) => ({
    id: world.dice.uuid(),
    title,
    organizationId: MOCK_ORGANIZATION,
    allTeams: true,
    enabled: true,
    interactionType: "conversation",
    expertMode: false,
    isDefaultTemplate: false,
    createdAt,
  });
  const item = (scorecardId: string, title: string, position: number, createdAt: string) => ({
    id: world.dice.uuid(),
    scorecardId,
    title,
    type: "numeric",
    position,
    weight: 50,
    version: 1,
    metadata: { numericMetadata: { min: 1, middle: 3, max: 5 } },
    createdAt,
    lastUpdatedAt: createdAt,
  });
  const cards: JsonObject[] = ["Discovery", "Demo"].map((title) => card(title, CREATED));
  const items = new Map(
    cards.map(({ id }) => [
      String(id),
      ["Open questions", "Next step agreed"].map((title, index): JsonObject => item(String(id), title, index, CREATED)),
    ]),
  );

  return [
    ...shelfRoutes({
      path: "/scorecards",
      param: "id",
      key: "id",
      fields: {
        title: "string!",
        teamUUID: "string",
        allTeams: "boolean",
        enabled: "boolean",
        interactionType: "string",
        detailedInstructions: "string",
        scorecardPrompt: "string",
        expertMode: "boolean",
        criteria: "object",
      },
      items: () => cards,
      make(call) {
        const made = card("", iso(call.now));
        items.set(made.id, []);
        return made;
      },
      // Deletion of a whole scorecard was not read anywhere.
    }).filter(({ method }) => method !== "DELETE"),
    ...shelfRoutes({
      path: "/scorecards/{id}/items",
      param: "itemId",
      key: "id",
      fields: {
        title: "string!",
        type: "string!",
        weight: "number!",
        position: "number",
        expertPrompt: "string",
        metadata: "object",
      },
      items: (call) => of(items, call, "scorecard"),
      make: (call) => item(call.param("id"), "", of(items, call, "scorecard").length, iso(call.now)),
    }),
    {
      method: "POST",
      path: "/scorecards/summary",
      async answer(call) {
        const { scorecardUUID } = await call.object({
          scorecardUUID: "string",
          userUUIDs: "array",
          teamUUIDs: "array",
        });
        const chosen = cards.filter(({ id }) => scorecardUUID === undefined || id === scorecardUUID);
        return json({ data: chosen.map(({ id, title }) => ({ scorecardUUID: id, title, average: 3.4, results: 21 })) });
      },
    },
    {
      method: "POST",
      path: "/createScorecardResult",
      async answer(call) {
        const body = await call.object({
          conversation_uuid: "string",
          chat_uuid: "string",
          scorecard_uuid: "string",
          items: "array",
        });
        if (!cards.some(({ id }) => id === body.scorecard_uuid)) throw new Refused(404, "There is no such scorecard");
        return json({ success: true }, 201);
      },
    },
  ];
}

function fieldConfigurations(world: World): readonly Route[] {
  const configuration = (name: string) => ({
    uuid: world.dice.uuid(),
    name,
    organizationUUID: MOCK_ORGANIZATION,
    teamsUUID: [],
    allTeams: true,
    isDefaultTemplate: false,
  });
  const item = (configurationId: string, title: string, createdAt: string) => ({
    uuid: world.dice.uuid(),
    fieldConfigurationUUID: configurationId,
    title,
    category: "CustomInsight",
    contents: "What was said about it?",
    promptType: "text",
    contentType: "text",
    analysisLevel: "conversation",
    createdAt,
    lastModifiedAt: createdAt,
  });
  const configurations: JsonObject[] = ["Qualification"].map(configuration);
  const items = new Map(
    configurations.map(({ uuid }) => [
      String(uuid),
      ["Budget", "Decision maker", "Deadline"].map((title): JsonObject => item(String(uuid), title, CREATED)),
    ]),
  );

  return [
    ...shelfRoutes({
      path: "/field-configurations",
      param: "id",
      key: "uuid",
      fields: { name: "string!", teamsUUID: "array", allTeams: "boolean", criteria: "object" },
      items: () => configurations,
      make() {
        const made = configuration("");
        items.set(made.uuid, []);
        return made;
      },
    }),
    ...shelfRoutes({
      path: "/field-configurations/{id}/items",
      param: "itemId",
      key: "uuid",
      fields: {
        title: "string!",
        category: "string!",
        contents: "string!",
        description: "string",
        promptType: "string",
        contentType: "string",
        responseType: "string",
        options: "array",
        dependsOn: "array",
        maxValues: "number",
        analysisLevel: "string",
      },
      items: (call) => of(items, call, "field configuration"),
      make: (call) => item(call.param("id"), "", iso(call.now)),
      list: (all, call) => page(all, call.url, { size: 50, most: 200 }),
      made: (made) => ({
        data: {
          item: made,
          assignments: world.teams.map(({ uuid }, displayOrder) => ({
            uuid: world.dice.uuid(),
            intelligenceItemUUID: made.uuid,
            teamUUID: uuid,
            category: made.category,
            displayOrder,
          })),
        },
      }),
    }),
  ];
}

/** The items below the thing that the path names. */
function of(items: ReadonlyMap<string, JsonObject[]>, call: Call, kind: string): JsonObject[] {
  const found = items.get(call.param("id"));
  if (found === undefined) throw new Refused(404, `There is no such ${kind}`);
  return found;
}
