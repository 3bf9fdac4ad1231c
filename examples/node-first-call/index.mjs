import { Attention, AttentionError } from "attention-wasm";

// The key is in the environment: ATTENTION_API_KEY.
const attention = new Attention();

try {
  const { data } = await attention.get("/conversations/list", { query: { size: 3 } });
  for (const { id, attributes } of data) console.log(id, attributes.title);
} catch (error) {
  if (!(error instanceof AttentionError)) throw error;
  // For a refused key, it prints the probable cause and the next step.
  console.error(error);
  process.exitCode = 1;
}
