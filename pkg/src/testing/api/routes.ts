/** Every route of the mock. */

import type { KeyStore } from "../keys.js";
import type { Settings } from "../options.js";
import { apiKeyRoutes } from "./api-keys.js";
import { conversationRoutes } from "./conversations.js";
import { Router } from "./route.js";
import { World } from "./world.js";

/** A fresh organisation and the routes to it. */
export function router(settings: Settings, keys: KeyStore): Router {
  const world = new World(settings.conversations);
  return new Router([...conversationRoutes(world), ...apiKeyRoutes(keys)]);
}
