/** Users, teams and roles. */

import { valuesOf } from "./operation.js";
import { iso } from "./random.js";
import { type Call, type JsonObject, Refused, type Route } from "./route.js";
import type { Team, User, World } from "./world.js";

/** Fields with the same name in requests and responses. */
const SAME = ["firstName", "lastName", "botName"] as const;

export function organizationRoutes(world: World): readonly Route[] {
  const user = (uuid: string) =>
    must(
      world.users.find((each) => each.uuid === uuid),
      404,
      "User not found",
    );
  const team = (uuid: unknown, status = 404) =>
    must(
      world.teams.find((each) => each.uuid === uuid),
      status,
      "Team not found",
    );
  const role = (uuid: unknown, status: number) =>
    must(
      world.roles.find((each) => each.uuid === uuid),
      status,
      "Role not found",
    );
  /** The teams in a body, looked up before anything is changed. */
  const assigned = (list: unknown, status: number) =>
    ((list ?? []) as { uuid: string; primary?: boolean }[]).map(({ uuid, primary }) => ({
      joined: team(uuid, status),
      isPrimary: primary === true,
    }));
  const join = (member: User, assignments: ReturnType<typeof assigned>) => {
    for (const { joined, isPrimary } of assignments) {
      if (!member.teams.includes(joined)) member.teams.push(joined);
      if (isPrimary) member.primaryTeamUUID = joined.uuid;
    }
  };
  const addUser = ({ body, now, guesses: { invalidStatus } }: Call) => {
    if (world.users.some(({ email }) => email === body.email)) {
      throw new Refused(invalidStatus, "That email address is taken");
    }
    const given = role(body.roleUUID, invalidStatus);
    const assignments = assigned(body.teams, invalidStatus);
    const made: User = {
      uuid: world.dice.uuid(),
      email: String(body.email),
      firstName: String(body.first_name),
      lastName: String(body.last_name),
      createdAt: iso(now),
      seatType: body.seat_type ?? "recording",
      settings: {},
      organizationRoleUUID: given.uuid,
      roles: [given],
      teams: [],
    };
    join(made, assignments);
    world.users.push(made);
    return { data: made };
  };
  const changeUser = ({ param, body, guesses: { invalidStatus } }: Call) => {
    const changed = user(param("userId"));
    const assignments = assigned(body.teamsToAdd, invalidStatus);
    if (body.roleUUID !== undefined) {
      const given = role(body.roleUUID, invalidStatus);
      Object.assign(changed, { organizationRoleUUID: given.uuid, roles: [given] });
    }
    for (const name of SAME) if (body[name] !== undefined) changed[name] = body[name] as string;
    if (body.seat_type !== undefined) changed.seatType = body.seat_type;
    const leaving = (body.teamUUIDsToRemove ?? []) as readonly unknown[];
    changed.teams = changed.teams.filter(({ uuid }) => !leaving.includes(uuid));
    join(changed, assignments);
    return { data: changed };
  };
  const setTeam = (target: Team, { name, parentTeamUUID }: JsonObject, status: number) => {
    if (parentTeamUUID !== undefined) target.parentTeamUUID = team(parentTeamUUID, status).uuid;
    if (name !== undefined) target.name = String(name);
    return target;
  };

  return [
    {
      method: "GET",
      path: "/users",
      answer({ query }) {
        const ids = valuesOf(query, "filter[id]");
        const emails = valuesOf(query, "filter[email]");
        const only = query.get("teamUUID");
        const found = world.users.filter(
          ({ uuid, email, teams }) =>
            (ids?.includes(uuid) ?? true) &&
            (emails?.includes(email) ?? true) &&
            (only === null || teams.some((each) => each.uuid === only)),
        );
        return { data: found };
      },
    },
    {
      method: "GET",
      path: "/organizations/users",
      answer({ query }) {
        const only = query.get("teamUUID");
        return { data: world.users.filter(({ teams }) => only === null || teams.some(({ uuid }) => uuid === only)) };
      },
    },
    { method: "POST", path: "/organizations/users", answer: addUser },
    { method: "PATCH", path: "/organizations/users/{userId}", answer: changeUser },
    {
      method: "DELETE",
      path: "/organizations/users/{userId}",
      answer(call) {
        world.users.splice(world.users.indexOf(user(call.param("userId"))), 1);
      },
    },
    { method: "GET", path: "/organizations/roles", answer: () => ({ data: world.roles }) },
    { method: "GET", path: "/organizations/teams", answer: () => ({ data: world.teams }) },
    {
      method: "POST",
      path: "/organizations/teams",
      answer({ body, guesses }) {
        const made = setTeam(world.makeTeam(""), body, guesses.invalidStatus);
        world.teams.push(made);
        return { data: made };
      },
    },
    {
      method: "PATCH",
      path: "/organizations/teams/{teamId}",
      answer: ({ param, body, guesses }) => ({ data: setTeam(team(param("teamId")), body, guesses.invalidStatus) }),
    },
    { method: "GET", path: "/teams", answer: () => ({ data: world.teams }) },
    { method: "GET", path: "/teams/{id}", answer: (call) => team(call.param("id")) },
    {
      method: "GET",
      path: "/teams/{id}/members",
      answer(call) {
        const of = team(call.param("id"));
        const members = world.users.filter(({ teams }) => teams.includes(of));
        return {
          data: members.map((each) => ({ userUUID: each.uuid, teamUUID: of.uuid, user: each, team: of })),
        };
      },
    },
  ];
}

function must<Thing>(found: Thing | undefined, status: number, message: string): Thing {
  if (found === undefined) throw new Refused(status, message);
  return found;
}
