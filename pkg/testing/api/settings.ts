/** An organisation's settings: labels, scorecards, field configurations. */

import { MOCK_ORGANIZATION } from "../keys.js";
import { iso } from "./random.js";
import { type Call, type JsonObject, Refused, type Route } from "./route.js";
import { scoreRoutes } from "./scores.js";
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
    allTeams: false,
    isDefaultTemplate: false,
    options: [],
    organizationUUID: MOCK_ORGANIZATION,
    createdAt,
  });
  const items: JsonObject[] = ["Expansion", "Churn risk", "Competitor named"].map((name) => ({
    ...label(name, CREATED),
    aiFlow: true,
    allTeams: true,
  }));
  return shelfRoutes({
    path: "/labels",
    param: "id",
    key: "uuid",
    items: () => items,
    make: (call) => label("", iso(call.now)),
  });
}

function scorecards(world: World): readonly Route[] {
  const card = (title: string, createdAt: string) => ({
    id: world.dice.uuid(),
    title,
    organizationId: MOCK_ORGANIZATION,
    allTeams: false,
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
  const cards: JsonObject[] = ["Discovery", "Demo"].map((title) => ({ ...card(title, CREATED), allTeams: true }));
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
      pageSize: 50,
      items: () => cards,
      make(call) {
        const made = card("", iso(call.now));
        items.set(made.id, []);
        return made;
      },
      // The request's teamUUID is the response's teamId.
      stored: ({ teamUUID, ...body }) => (teamUUID === undefined ? body : { ...body, teamId: teamUUID }),
      // Deletion of a whole scorecard is undocumented.
    }).filter(({ method }) => method !== "DELETE"),
    ...shelfRoutes({
      path: "/scorecards/{id}/items",
      param: "itemId",
      key: "id",
      pageSize: 50,
      items: (call) => of(items, call, "scorecard"),
      make: (call) => item(call.param("id"), "", of(items, call, "scorecard").length, iso(call.now)),
    }),
    ...scoreRoutes(world, cards, items),
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
      pageSize: 50,
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
      pageSize: 50,
      items: (call) => of(items, call, "field configuration"),
      make: (call) => item(call.param("id"), "", iso(call.now)),
      // The documented responses have no more members.
      stored: ({ title, category, contents, promptType, contentType, analysisLevel }) =>
        Object.fromEntries(
          Object.entries({ title, category, contents, promptType, contentType, analysisLevel }).filter(
            ([, value]) => value !== undefined,
          ),
        ),
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

/** The items of the parent in the path. */
function of(items: ReadonlyMap<string, JsonObject[]>, call: Call, kind: string): JsonObject[] {
  const found = items.get(call.param("id"));
  if (found === undefined) throw new Refused(404, `${kind} not found`);
  return found;
}
