const endpoint = () => process.env.MODAL_ENDPOINT_URL;
const token = () => process.env.MODAL_AUTH_TOKEN;

export const canDispatch = () => Boolean(endpoint() && token());

export const statusUrl = () => process.env.MODAL_STATUS_URL || endpoint()?.replace("-submit", "-status");

export async function dispatch(job: Record<string, unknown>) {
  const answer = await fetch(endpoint()!, { method: "POST", body: JSON.stringify({ auth_token: token(), ...job }) });
  return answer.json();
}
