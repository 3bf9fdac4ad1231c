/** Scores: written to a conversation, and summarized by user. The forms are those that public clients use. */

import { type JsonObject, Refused, type Route } from "./route.js";
import type { Conversation, World } from "./world.js";

interface Scored {
  readonly scorecard_item_uuid?: unknown;
  readonly description?: unknown;
  readonly numeric_result?: unknown;
}

export function scoreRoutes(
  world: World,
  cards: readonly JsonObject[],
  items: ReadonlyMap<string, readonly JsonObject[]>,
): readonly Route[] {
  const record = (conversation: Conversation, card: JsonObject, body: JsonObject) => {
    const known = items.get(String(card.id)) ?? [];
    const scored = ((body.items ?? []) as readonly Scored[]).map(
      ({ scorecard_item_uuid, description, numeric_result }) => ({
        uuid: scorecard_item_uuid,
        title: known.find(({ id }) => id === scorecard_item_uuid)?.title,
        description,
        evidences: [],
        ...(numeric_result !== undefined && { numericResult: { score: numeric_result, min: 1, max: 5 } }),
      }),
    );
    conversation.attributes.scorecardResults.push({
      uuid: card.id,
      title: card.title,
      summary: { ...totals(scored.map(({ numericResult }) => numericResult?.score)), summaryText: body.summary },
      items: scored,
    });
  };

  return [
    {
      method: "POST",
      path: "/scorecards/summary",
      answer({ body }) {
        const users = chosen(body.userUUIDs);
        const teams = chosen(body.teamUUIDs);
        const rows = world.users.filter(
          ({ uuid, teams: own }) =>
            (users?.has(uuid) ?? true) && (teams === undefined || own.some((team) => teams.has(team.uuid))),
        );
        return { data: rows.map((user) => row(world, user.uuid, body.scorecardUUID)) };
      },
    },
    {
      method: "POST",
      path: "/createScorecardResult",
      answer({ body }) {
        const card = cards.find(({ id }) => id === body.scorecard_uuid);
        if (card === undefined) throw new Refused(404, "Scorecard not found");
        if (body.conversation_uuid !== undefined) {
          const found = world.conversations.find(({ id }) => id === body.conversation_uuid);
          if (found === undefined) throw new Refused(404, "Conversation not found");
          record(found, card, body);
        }
        return { success: true };
      },
    },
  ];
}

/** An empty list selects all, as clients send it. */
function chosen(list: unknown): ReadonlySet<string> | undefined {
  const all = (list ?? []) as readonly string[];
  return all.length === 0 ? undefined : new Set(all);
}

function row(world: World, user: string, scorecard: unknown): object {
  const found = world.users.find(({ uuid }) => uuid === user)!;
  const results = world.conversations
    .filter(({ attributes }) => attributes.userUUID === user)
    .flatMap(({ attributes }) => attributes.scorecardResults)
    .filter(({ uuid }) => scorecard === undefined || uuid === scorecard);
  const { averageScore = null, min = null, max = null } = totals(results.map(({ summary }) => summary.averageScore));
  const titles = new Set(results.flatMap(({ items }) => items.map(({ title }) => title)));
  return {
    userName: `${found.firstName} ${found.lastName}`,
    teamName: found.teams[0]?.name ?? null,
    overallScoreTotals: averageScore,
    metricsCount: results.length,
    min,
    max,
    itemAverageTotals: [...titles].flatMap((title) => {
      const scores = results.flatMap(({ items }) => items.filter((item) => item.title === title));
      const { averageScore: average } = totals(scores.map(({ numericResult }) => numericResult?.score));
      return title === undefined || average === undefined ? [] : [{ title, average }];
    }),
  };
}

/** Undefined without a score. */
function totals(given: readonly unknown[]): { averageScore?: number; min?: number; max?: number } {
  const scores = given.filter((score) => typeof score === "number");
  if (scores.length === 0) return {};
  const sum = scores.reduce((all, score) => all + score, 0);
  return { averageScore: sum / scores.length, min: Math.min(...scores), max: Math.max(...scores) };
}
