/** Read-only lists: chats, emails, history, folders, actions, recorded meetings. */

import { MOCK_ORGANIZATION } from "../keys.js";
import { moment } from "./conversations.js";
import { valuesOf } from "./operation.js";
import { fromCursor, page, slice } from "./paging.js";
import { iso } from "./random.js";
import { type Call, Refused, type Route } from "./route.js";
import type { World } from "./world.js";

const TENS = 10;
const DAY = 86_400_000;
const NEWEST = Date.UTC(2026, 8, 29, 12);

export function feedRoutes(world: World): readonly Route[] {
  const chats = many(23, (index) => chat(world, index));
  const emails = many(31, (index) => email(world, index));
  const actions = many(64, (index) => action(world, index));
  const results = world.conversations.slice(0, 3).map((found) => history(world, found.id));
  const folders = library(world);

  return [
    {
      method: "GET",
      path: "/chats",
      answer({ query }) {
        const users = valuesOf(query, "filter[user_id]");
        const between = window(query, "from_date_time", "to_date_time");
        const type = query.get("filter[type]");
        const title = query.get("filter[title]")?.toLowerCase();
        const found = chats.filter(
          (each) =>
            between(each.createdAt) &&
            (users?.includes(each.userId) ?? true) &&
            (type === null || each.type === type) &&
            (title === undefined || each.title.toLowerCase().includes(title)),
        );
        const bare = query.get("exclude_transcript") === "true";
        return page(
          found.map(({ transcript, ...rest }) => (bare ? rest : { ...rest, transcript })),
          query,
          TENS,
        );
      },
    },
    {
      method: "GET",
      path: "/emails",
      answer({ query }) {
        const subject = query.get("subject")?.toLowerCase();
        const between = window(query, "from_date_time", "to_date_time");
        const found = emails.filter(
          (each) => between(each.sendDate) && (subject === undefined || each.subject.toLowerCase().includes(subject)),
        );
        return page(found, query, TENS);
      },
    },
    {
      method: "GET",
      path: "/gi/history",
      answer({ base, query, guesses }) {
        const own = world.users[0]?.uuid === query.get("user_uuid") ? results : [];
        const part = slice(own, query, 10);
        const isNull = part.length === 0 && guesses.emptyHistory === "null";
        const path = `${base}/gi/history`;
        // As in the documented sample, the link is not a next page.
        const links = { self: path, related: `${path}/related` };
        return { data: isNull ? null : part, links, meta: { totalRecords: own.length, pageSize: part.length } };
      },
    },
    {
      method: "GET",
      path: "/library/folders",
      answer: () => ({ data: folders }),
    },
    {
      method: "GET",
      path: "/actions",
      answer(call) {
        const statuses = valuesOf(call.query, "status") ?? ["pending"];
        const owner = call.key.level === "user" ? call.key.userUUID : call.query.get("owner_uuid");
        const found = actions.filter(
          (each) => statuses.includes(each.status) && (owner === null || each.owner_user_uuid === owner),
        );
        const { part, next } = fromCursor(found, call.query, call.guesses.invalidStatus);
        return { data: part, ...(next !== undefined && { next_cursor: next }) };
      },
    },
    {
      method: "GET",
      path: "/recorder_metrics/all_meetings",
      answer: (call) => meetings(world, call),
    },
  ];
}

function many<Thing>(count: number, make: (index: number) => Thing): Thing[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function window(query: URLSearchParams, from: string, to: string): (at: string) => boolean {
  const start = moment(query, from, -Infinity);
  const end = moment(query, to, Infinity);
  return (at) => Date.parse(at) >= start && Date.parse(at) <= end;
}

function chat(world: World, index: number) {
  const user = world.dice.pick(world.users);
  const at = iso(NEWEST - index * DAY);
  return {
    id: world.dice.uuid(),
    externalId: `chat-${1000 + index}`,
    applicationName: "Mock Messenger",
    title: world.dice.pick(["Question about the invoice", "Access for a colleague", "Thanks for the demo"]),
    type: index % 4 === 3 ? "email" : "chat",
    userId: user.uuid,
    teamId: user.teams[0]?.uuid ?? "",
    dateStart: at,
    createdAt: at,
    participants: [{ name: user.firstName, email: user.email }],
    transcript: [{ speaker: user.firstName, text: "Happy to help.", timestamp: at }],
  };
}

function email(world: World, index: number) {
  const user = world.dice.pick(world.users);
  const id = world.dice.uuid();
  return {
    messageId: id,
    threadId: world.dice.uuid(),
    sendDate: iso(NEWEST - index * DAY),
    sender: user.email,
    recipients: ["briony.candlewick@fernwhistle.example"],
    ccRecipients: [],
    subject: world.dice.pick(["Summary and next steps", "Proposal attached", "Security questionnaire"]),
    snippet: "As discussed, here is what we agreed.",
    bodyUrl: `https://storage.attention-mock.example/emails/${id}`,
    isInternalUser: true,
  };
}

function action(world: World, index: number) {
  const owner = world.dice.pick(world.users);
  const at = NEWEST - index * (DAY / 4);
  return {
    uuid: world.dice.uuid(),
    entity_id: world.dice.uuid(),
    owner_user_uuid: owner.uuid,
    title: "Follow up on the open question",
    status: index % 8 === 7 ? "sent" : "pending",
    proposed_recipients: ["corin.applegarth@northlamp.example"],
    proposed_slots: [],
    why: {
      rationale: "Nobody answered for a week.",
      key_quote: { text: "We will look at it on Monday.", speaker: "Corin Applegarth" },
      evidence: [
        { label: "No answer", description: "The last e-mail was not answered.", impact: "The deal stands still." },
      ],
    },
    generated_at: iso(at),
    updated_at: iso(at),
    expires_at: iso(at + 14 * DAY),
  };
}

function history(world: World, conversation: string) {
  return {
    uuid: world.dice.uuid(),
    title: "Objections of the quarter",
    results: [
      {
        uuid: world.dice.uuid(),
        prompt: "Which objections came up most?",
        synthesis: "Price and the security review.",
        status: "FINISHED",
        items: [],
        conversationsUsed: [conversation],
        emailsUsed: [],
        result: {},
      },
    ],
  };
}

function library(world: World) {
  const folder = (name: string, path: string, parentUUID: string) => ({
    uuid: world.dice.uuid(),
    name,
    organizationUUID: MOCK_ORGANIZATION,
    parentUUID,
    path,
    hidden: false,
    totalElements: 4,
  });
  const root = folder("Library", "/", "");
  const subFolders = ["Great openings", "Handling price"].map((name) => ({
    ...folder(name, `/${name}`, root.uuid),
    subFolders: [],
    subFoldersTotal: 0,
    totalFolders: 0,
  }));
  return { ...root, subFolders, subFoldersTotal: subFolders.length, totalFolders: subFolders.length };
}

function meetings(world: World, { query, guesses }: Call): object {
  const from = moment(query, "fromDateTime", 0);
  const to = moment(query, "toDateTime", 0);
  if (to <= from || to - from > 90 * DAY)
    throw new Refused(guesses.invalidStatus, "toDateTime must be after fromDateTime, by 90 days at most");
  const users = valuesOf(query, "filter[user_id]");
  const type = query.get("filter[meeting_type]");
  const isUpcoming = query.get("upcoming") === "true";
  const found = world.conversations.filter(
    ({ attributes }) =>
      !isUpcoming &&
      window(query, "fromDateTime", "toDateTime")(attributes.createdAt) &&
      (users?.includes(attributes.userUUID) ?? true) &&
      (type === null || (type === "internal") === attributes.isInternal),
  );
  const { part, next } = fromCursor(found, query, guesses.invalidStatus);
  const items = part.map(({ id, attributes: { title, createdAt, user } }) => {
    const who = {
      userUuid: user.uuid,
      userName: `${user.firstName} ${user.lastName}`,
      status: "recorded",
      statusLabel: "Recorded",
    };
    return {
      uuid: `calendar-${id}`,
      summary: title,
      date: createdAt,
      ...who,
      participants: [who],
      conversationUuid: id,
      consentLinkUsed: false,
    };
  });
  return { items, ...(next !== undefined && { nextCursor: next }) };
}
