/**
 * The invented organisation behind a mock: people, teams, conversations.
 *
 * All people are invented, all addresses end in `.example`, and everything comes
 * from one seed, so that tests can expect exact values.
 */

import { MOCK_ORGANIZATION } from "../keys.js";
import { Dice, iso } from "./random.js";
import type { JsonObject } from "./shape.js";
import { type Turn, turn } from "./transcript.js";

const PEOPLE = [
  ["Marlo", "Quillfeather"],
  ["Tansy", "Oakhollow"],
  ["Bram", "Lanternwick"],
  ["Ottilie", "Reedmere"],
  ["Caspian", "Thistledown"],
  ["Juniper", "Saltmarsh"],
  ["Fenn", "Copperpot"],
  ["Isolde", "Brackenridge"],
  ["Rook", "Featherstonehew"],
  ["Willa", "Mossgate"],
  ["Dorian", "Larkspindle"],
  ["Pim", "Hollyhocke"],
] as const;
const TEAMS = ["Revenue", "Customer Success", "Enablement"] as const;
const CUSTOMERS = ["Brightloom", "Quarrystone", "Fernwhistle", "Tidepool Works", "Northlamp", "Maple & Brass"] as const;
const OCCASIONS = [
  "Discovery call",
  "Product demo",
  "Pricing review",
  "Onboarding",
  "Quarterly review",
  "Renewal",
] as const;
const GUESTS = ["Ansel Driftmoor", "Briony Candlewick", "Corin Applegarth", "Delphine Stonecrop"] as const;
const LINES = [
  "Thanks for making the time today.",
  "We currently do this in three spreadsheets.",
  "What would a good first quarter look like for you?",
  "The budget is agreed, the security review is not.",
  "I will send the summary and the next steps by tomorrow.",
] as const;

const NEWEST = Date.UTC(2026, 8, 30, 16);
const FOUNDED = Date.UTC(2025, 2, 3, 8);
const HOUR = 3_600_000;
/** How often a conversation is empty, because nobody came. */
const EMPTY_EVERY = 20;

/** The UUIDs of users; the mock's own keys belong to the first one. */
const userId = (index: number) => `5eed0000-0000-4000-8000-${String(index + 1).padStart(12, "0")}`;

export interface Team extends JsonObject {
  readonly uuid: string;
  name: string;
}

export interface User extends JsonObject {
  readonly uuid: string;
  email: string;
  firstName: string;
  lastName: string;
  teams: Team[];
}

export interface Conversation {
  readonly type: "conversations";
  readonly id: string;
  /** Null if there is none. In a response it is an attribute in one of several forms. */
  readonly transcript: readonly Turn[] | null;
  readonly attributes: Attributes;
}

/** A completed scorecard. */
export interface ScorecardResult {
  readonly uuid: unknown;
  readonly title: unknown;
  readonly summary: { readonly averageScore?: number; readonly summaryText: unknown };
  readonly items: readonly {
    readonly title: unknown;
    readonly numericResult?: { readonly score: unknown };
  }[];
}

export interface Attributes extends JsonObject {
  readonly uuid: string;
  title: string;
  readonly createdAt: string;
  readonly userUUID: string;
  readonly user: User;
  readonly teamUUID: string;
  readonly isInternal: boolean;
  readonly isEmpty: boolean;
  dealUUID: string;
  readonly scorecardResults: ScorecardResult[];
  readonly confirmedExtractedIntelligence: JsonObject;
  archived: boolean;
  private: boolean;
}

export interface Role extends JsonObject {
  readonly uuid: string;
  readonly name: string;
}

/** All data that the routes read and change. */
export class World {
  readonly dice = new Dice(0xa77e);
  readonly roles: Role[];
  readonly teams: Team[];
  readonly users: User[];
  /** Newest first. */
  readonly conversations: Conversation[];

  constructor(conversations: number) {
    // The samples show the types of two roles, but not a manager's.
    this.roles = [
      { uuid: this.dice.uuid(), name: "Admin", type: "ADMIN" },
      { uuid: this.dice.uuid(), name: "Manager" },
      { uuid: this.dice.uuid(), name: "Rep", type: "SALES_REP" },
    ];
    this.teams = TEAMS.map((name) => this.makeTeam(name));
    this.users = PEOPLE.map(([firstName, lastName], index) =>
      this.makeUser(userId(index), firstName, lastName, index === 0 ? 0 : 2, index % TEAMS.length),
    );
    this.conversations = Array.from({ length: conversations }, (_, index) => this.makeConversation(index));
  }

  makeTeam(name: string): Team {
    return {
      uuid: this.dice.uuid(),
      name,
      phrases: [],
      domain: "attention-mock.example",
      organizerJoinInternalMeetings: false,
      consentEmailEnabled: true,
      organizationUUID: MOCK_ORGANIZATION,
      children: [],
    };
  }

  private makeUser(uuid: string, firstName: string, lastName: string, role: number, team: number): User {
    const own = this.teams[team]!;
    return {
      uuid,
      email: `${firstName}.${lastName}@attention-mock.example`.toLowerCase(),
      firstName,
      lastName,
      createdAt: iso(FOUNDED + team * HOUR),
      transcriptLang: "en",
      joinOutsideHostMeetings: true,
      realTimeCapabilities: false,
      settings: {},
      botName: "Mock notetaker",
      primaryTeamUUID: own.uuid,
      organizationRoleUUID: this.roles[role]!.uuid,
      roles: [this.roles[role]!],
      teams: [own],
      seatType: "recording",
    };
  }

  private makeConversation(index: number): Conversation {
    const { dice } = this;
    const uuid = dice.uuid();
    const user = dice.pick(this.users);
    const customer = dice.pick(CUSTOMERS);
    const guest = dice.pick(GUESTS);
    const started = NEWEST - index * 7 * HOUR;
    const minutes = 15 + dice.below(45);
    const isInternal = dice.below(9) === 0;
    const deal = dice.uuid();
    const isEmpty = index % EMPTY_EVERY === EMPTY_EVERY - 1;
    const host = { id: user.uuid, name: `${user.firstName} ${user.lastName}`, email: user.email };
    const visitor = this.guest(guest, customer);
    return conversation(uuid, isEmpty ? null : this.turns(host, isInternal ? host : visitor), {
      title: isInternal ? "Team sync" : `${dice.pick(OCCASIONS)}: ${customer}`,
      createdAt: iso(started),
      finishedAt: iso(started + minutes * 60_000),
      user,
      isInternal,
      isEmpty,
      dealUUID: deal,
      extractedIntelligence: isEmpty ? {} : this.insights(),
      mediaStorageStatus: isEmpty ? "UNAVAILABLE" : "READY",
      mediaDuration: minutes * 60,
      externalOpportunity: { uuid: deal, title: `${customer} 2026` },
      linkedCrmRecords: [{ id: String(40_000 + index), code: "deals" }],
      participants: [
        { ...host, organizer: true, status: "accepted" },
        ...(isInternal ? [] : [{ ...visitor, organizer: false, status: "accepted" }]),
      ],
    });
  }

  private guest(name: string, customer: string): Turn["speaker"] {
    const host = customer.toLowerCase().replace(/[^a-z]+/g, "-");
    return {
      id: this.dice.uuid(),
      email: `${name.toLowerCase().replace(" ", ".")}@${host}.example`,
      name,
    };
  }

  private turns(host: Turn["speaker"], guest: Turn["speaker"]): readonly Turn[] {
    return LINES.map((sentence, index) =>
      turn(index % 2 === 0 ? host : guest, sentence, index * 9, index * 9 + 4 + this.dice.below(5)),
    );
  }

  private insights(): JsonObject {
    const insight = (key: string, title: string, value: string) => ({ id: this.dice.uuid(), key, title, value });
    return {
      next_steps: insight("next_steps", "Next steps", "Send the summary and the next steps."),
      budget: insight("budget", "Budget", "Agreed."),
    };
  }
}

type Given = JsonObject & Pick<Attributes, "title" | "createdAt" | "user" | "isInternal" | "dealUUID">;

/** A conversation's common attributes, with this one's. */
export function conversation(uuid: string, transcript: Conversation["transcript"], attributes: Given): Conversation {
  return {
    type: "conversations",
    id: uuid,
    transcript,
    attributes: {
      uuid,
      userUUID: attributes.user.uuid,
      teamUUID: String(attributes.user.primaryTeamUUID),
      archived: false,
      private: false,
      referenceable: true,
      isEmpty: false,
      transcriptStatus: "completed",
      labels: {},
      extractedIntelligence: {},
      confirmedExtractedIntelligence: {},
      boards: [],
      talktracks: [],
      scorecardResults: [],
      ...attributes,
    },
  };
}
