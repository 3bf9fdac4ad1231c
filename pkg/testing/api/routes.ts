/** Every route of the mock. */

import type { KeyStore } from "../keys.js";
import type { Settings } from "../options.js";
import type { Storage } from "../storage.js";
import { apiKeyRoutes } from "./api-keys.js";
import { conversationRoutes } from "./conversations.js";
import { feedRoutes } from "./feeds.js";
import { knowledgeBaseRoutes } from "./knowledge-base.js";
import { organizationRoutes } from "./organization.js";
import { Router } from "./route.js";
import { scimRoutes } from "./scim.js";
import { settingsRoutes } from "./settings.js";
import { superAgentRoutes } from "./super-agent.js";
import { toolRoutes } from "./tools.js";
import { World } from "./world.js";

/** A new organisation and its routes. */
export function router(settings: Settings, keys: KeyStore, storage: Storage): Router {
  const world = new World(settings.conversations);
  return new Router([
    ...conversationRoutes(world, storage),
    ...toolRoutes(world),
    ...feedRoutes(world),
    ...organizationRoutes(world),
    ...settingsRoutes(world),
    ...knowledgeBaseRoutes(world, storage),
    ...superAgentRoutes(world, settings.superAgentMs),
    ...apiKeyRoutes(keys),
    ...scimRoutes(world),
  ]);
}
