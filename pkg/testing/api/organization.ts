/** Users, teams and roles. */

import { json } from "../answer.js";
import { iso } from "./random.js";
import { type Call, type JsonObject, Refused, type Route } from "./route.js";
import type { Team, User, World } from "./world.js";

const NEW_USER = {
  email: "string!",
  first_name: "string!",
  last_name: "string!",
  teams: "array!",
  roleUUID: "string!",
  seat_type: "string",
} as const;
const USER_CHANGE = {
  firstName: "string",
  lastName: "string",
  botName: "string",
  roleUUID: "string",
  seat_type: "string",
  teamsToAdd: "array",
  teamUUIDsToRemove: "array",
} as const;

export function organizationRoutes(world: World): readonly Route[] {
  const user = (uuid: string) =>
    must(
      world.users.find((each) => each.uuid === uuid),
      404,
      "There is no such user",
    );
  const team = (uuid: unknown, status = 404) =>
    must(
      world.teams.find((each) => each.uuid === uuid),
      status,
      "There is no such team",
    );
  const role = (uuid: unknown) =>
    must(
      world.roles.find((each) => each.uuid === uuid),
      400,
      "There is no such role",
    );

  const join = (member: User, assignments: unknown) => {
    for (const { uuid, primary } of assignments as { uuid?: unknown; primary?: unknown }[]) {
      const joined = team(uuid, 400);
      if (!member.teams.includes(joined)) member.teams.push(joined);
      if (primary === true) member.primaryTeamUUID = joined.uuid;
    }
  };
  const appoint = (member: User, roleUUID: unknown) => {
    const given = role(roleUUID);
    Object.assign(member, { organizationRoleUUID: given.uuid, roles: [given] });
  };
  const addUser = async (call: Call) => {
    const body = await call.object(NEW_USER);
    if (world.users.some(({ email }) => email === body.email)) throw new Refused(409, "That email address is taken");
    const made: User = {
      uuid: world.dice.uuid(),
      email: String(body.email),
      firstName: String(body.first_name),
      lastName: String(body.last_name),
      createdAt: iso(call.now),
      seatType: body.seat_type ?? "recording",
      settings: {},
      teams: [],
    };
    appoint(made, body.roleUUID);
    join(made, body.teams);
    world.users.push(made);
    return json({ data: made }, 201);
  };
  const changeUser = async (call: Call) => {
    const changed = user(call.param("userId"));
    const body = await call.object(USER_CHANGE);
    for (const name of ["firstName", "lastName", "botName"]) if (body[name] !== undefined) changed[name] = body[name];
    if (body.seat_type !== undefined) changed.seatType = body.seat_type;
    if (body.roleUUID !== undefined) appoint(changed, body.roleUUID);
    const leaving = (body.teamUUIDsToRemove ?? []) as unknown[];
    changed.teams = changed.teams.filter(({ uuid }) => !leaving.includes(uuid));
    join(changed, body.teamsToAdd ?? []);
    return json({ data: changed });
  };
  const setTeam = (target: Team, body: JsonObject) => {
    if (body.parentTeamUUID !== undefined) target.parentTeamUUID = team(body.parentTeamUUID, 400).uuid;
    if (body.name !== undefined) target.name = String(body.name);
    return target;
  };

  return [
    { method: "GET", path: "/users", answer: () => json({ data: world.users }) },
    {
      method: "GET",
      path: "/organizations/users",
      answer({ query }) {
        const only = query.get("teamUUID");
        return json({
          data: world.users.filter(({ teams }) => only === null || teams.some(({ uuid }) => uuid === only)),
        });
      },
    },
    { method: "POST", path: "/organizations/users", answer: addUser },
    { method: "PATCH", path: "/organizations/users/{userId}", answer: changeUser },
    {
      method: "DELETE",
      path: "/organizations/users/{userId}",
      answer(call) {
        world.users.splice(world.users.indexOf(user(call.param("userId"))), 1);
        return new Response(null, { status: 204 });
      },
    },
    { method: "GET", path: "/organizations/roles", answer: () => json({ data: world.roles }) },
    { method: "GET", path: "/organizations/teams", answer: () => json({ data: world.teams }) },
    {
      method: "POST",
      path: "/organizations/teams",
      async answer(call) {
        const body = await call.object({ name: "string!", parentTeamUUID: "string" });
        const made = setTeam(world.makeTeam(""), body);
        world.teams.push(made);
        return json({ data: made }, 201);
      },
    },
    {
      method: "PATCH",
      path: "/organizations/teams/{teamId}",
      async answer(call) {
        const changed = team(call.param("teamId"));
        return json({ data: setTeam(changed, await call.object({ name: "string", parentTeamUUID: "string" })) });
      },
    },
    { method: "GET", path: "/teams", answer: () => json({ data: world.teams }) },
    { method: "GET", path: "/teams/{id}", answer: (call) => json(team(call.param("id"))) },
    {
      method: "GET",
      path: "/teams/{id}/members",
      answer(call) {
        const of = team(call.param("id"));
        const members = world.users.filter(({ teams }) => teams.includes(of));
        return json({
          data: members.map((each) => ({ userUUID: each.uuid, teamUUID: of.uuid, user: each, team: of })),
        });
      },
    },
  ];
}

function must<Thing>(found: Thing | undefined, status: number, message: string): Thing {
  if (found === undefined) throw new Refused(status, message);
  return found;
}
